"""What the report tells of a dataset's rows: counts, yields by attribute, and which pairs are shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillyou.pairs.curation.verdict import OVERALL
from stillyou.pairs.dataset.store import PairDataset

_MOST_VALUES = 16
"""Attributes with more values than this are no conditions but descriptions of one pair."""


@dataclass(frozen=True)
class Yield:
    """Candidates of one kind, and how many were kept."""

    name: str
    candidates: int
    kept: int

    @property
    def share(self) -> float:
        """Kept share, 0 to 1."""
        return self.kept / self.candidates if self.candidates else 0.0


@dataclass(frozen=True)
class Sheet:
    """Pairs that are shown together: a title, what they have in common, and their numbers in the dataset."""

    title: str
    note: str
    indices: tuple[int, ...]


class Rows:
    """The rows of a dataset, read once.

    Args:
        dataset: All its rows.
    """

    def __init__(self, dataset: PairDataset) -> None:
        self.rows: list[dict[str, Any]] = list(
            dataset.rows(("key", "effect", "teacher", "status", "reason", "scores", "attributes"))
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def kept(self) -> int:
        """Return how many are accepted."""
        return sum(row["status"] == "accepted" for row in self.rows)

    def reasons(self) -> list[tuple[str, int]]:
        """Return why pairs were refused, most frequent first."""
        return Counter(row["reason"] for row in self.rows if row["reason"]).most_common()

    def by(self, column: str) -> list[Yield]:
        """Return the yield by a column (``effect``, ``teacher``)."""
        return self._yields([(str(row[column]), row) for row in self.rows])

    def by_attribute(self) -> dict[str, list[Yield]]:
        """Return the yield by each attribute that splits the dataset into a few kinds."""
        values: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for row in self.rows:
            for name, value in row["attributes"].items():
                values[name].append((str(value), row))
        return {name: self._yields(cells) for name, cells in sorted(values.items()) if self._splits(cells)}

    def _splits(self, cells: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
        """Tell whether an attribute is a condition: few values, no colours, and most rows have it."""
        kinds = {value for value, _ in cells}
        few = 2 <= len(kinds) <= _MOST_VALUES and not any(value.startswith("#") for value in kinds)
        return few and 2 * len(cells) > len(self.rows)

    @staticmethod
    def _yields(cells: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Yield]:
        whole = Counter(value for value, _ in cells)
        kept = Counter(value for value, row in cells if row["status"] == "accepted")
        return [Yield(value, whole[value], kept[value]) for value in sorted(whole)]

    def scores(self, name: str) -> tuple[list[float], list[float]]:
        """Return a score of accepted and of rejected pairs, where it was measured."""
        split: dict[str, list[float]] = {"accepted": [], "rejected": []}
        for row in self.rows:
            if name in row["scores"]:
                split[row["status"]].append(float(row["scores"][name]))
        return split["accepted"], split["rejected"]

    def sheets(self, shown: int) -> list[Sheet]:
        """Choose the pairs that are shown: kept ones, those on the border, and refused ones by reason."""
        ranked = sorted(range(len(self.rows)), key=lambda index: (self._overall(index), index))
        kept = [index for index in ranked if not self.rows[index]["reason"]]
        refused = [index for index in ranked if self.rows[index]["reason"]]
        spread = sorted(kept)[:: max(1, len(kept) // shown)][:shown]
        sheets = [
            Sheet("Kept", "spread evenly over the dataset", tuple(spread)),
            Sheet("Just kept", "the lowest overall scores among the kept", tuple(kept[:shown])),
            Sheet("Just refused", "the highest overall scores among the refused", tuple(refused[::-1][:shown])),
        ]
        for reason, count in self.reasons():
            of = [index for index in refused if self.rows[index]["reason"] == reason]
            step = max(1, len(of) // (shown // 2))
            sheets.append(Sheet(f"Refused: {reason}", f"{count} pairs", tuple(sorted(of)[::step][: shown // 2])))
        return [sheet for sheet in sheets if sheet.indices]

    def _overall(self, index: int) -> float:
        return float(self.rows[index]["scores"].get(OVERALL, 1.0))
