"""How strong the expressions of pairs are, by what teachers say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stillyou.effects.groups import Group
from stillyou.errors import UsageError
from stillyou.pairs.dataset.store import PairDataset

_STRENGTH = "strength"
"""The attribute by which teachers say how strong a target's expression is, above 0 and at most 1."""


def told_strength(attributes: Mapping[str, object], group: Group) -> float:
    """Return how strong a pair's edit is, above 0 and at most 1; 1 where nothing is said, and of all but expressions.

    Raises:
        UsageError: It says something else than a strength.
    """
    said = attributes.get(_STRENGTH, 1.0)
    if group != "expression":
        return 1.0
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 < said <= 1:
        raise UsageError(
            f"a pair says the strength {said!r:.40}",
            "A strength is above 0 and at most 1; make the pairs again, or leave strengths out.",
        )
    return float(said)


def strengths(datasets: Sequence[PairDataset]) -> list[float]:
    """Return the strength of every row's edit, in the order of the cache's rows.

    Raises:
        UsageError: No pair says one below 1, so that there is nothing to learn from; or one says no strength.
    """
    found = [value for data in datasets for _, value in _rows(data)]
    if found and min(found) == 1:
        raise UsageError(
            "strengths = true, and no pair says that its expression is a weaker one",
            "Make pairs with --strengths, or leave strengths out.",
        )
    return found


def graded(datasets: Sequence[PairDataset]) -> list[str]:
    """Return the effects of which there are weaker ones."""
    return sorted({effect for data in datasets for effect, value in _rows(data) if value < 1})


def _rows(data: PairDataset) -> Iterator[tuple[str, float]]:
    groups = {effect.id: effect.group for effect in data.meta.effects}
    for row in data.rows(("key", "effect", "attributes")):
        try:
            yield row["effect"], told_strength(row["attributes"], groups.get(row["effect"], "other"))
        except UsageError as error:
            raise UsageError(f"{data.path}, pair {row['key']}: {error}", error.remedy) from None
