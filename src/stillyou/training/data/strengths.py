"""How strong the expressions of pairs are, by what teachers say of them."""

from __future__ import annotations

from collections.abc import Sequence

from stillyou.errors import UsageError
from stillyou.pairs.dataset.store import PairDataset

STRENGTH = "strength"
"""The attribute by which teachers say how strong a target's expression is, above 0 and at most 1."""


def strengths(datasets: Sequence[PairDataset]) -> list[float]:
    """Return the strength of every row's edit, in the order of the cache's rows; 1 where nothing is said.

    Raises:
        UsageError: No pair says one below 1, so that there is nothing to learn from; or one says another than that.
    """
    found = [_strength(data, row) for data in datasets for row in data.rows(("key", "effect", "attributes"))]
    if all(value == 1 for value in found):
        raise UsageError(
            "strengths = true, and no pair says that its expression is a weaker one",
            "Make pairs with --strengths, or leave strengths out.",
        )
    return found


def _strength(data: PairDataset, row: dict[str, object]) -> float:
    attributes = row["attributes"]
    assert isinstance(attributes, dict)
    said = attributes.get(STRENGTH, 1.0)
    groups = {effect.id: effect.group for effect in data.meta.effects}
    if groups.get(str(row["effect"])) != "expression":
        return 1.0
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 < said <= 1:
        raise UsageError(
            f"pair {row['key']} of {data.path} says the strength {said!r:.40}",
            "A strength is above 0 and at most 1; make the pairs again, or leave strengths out.",
        )
    return float(said)
