"""What the cells of a shard's cheap columns may hold; complaints name shard, row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillyou.pairs.dataset.shards import REMEDY, damaged
from stillyou.untrusted.json_text import parse_object
from stillyou.untrusted.rules import Rules

if TYPE_CHECKING:
    import pyarrow as pa

_RULES = Rules(REMEDY)
_JSON: Mapping[str, tuple[type, ...]] = {"scores": (int, float), "attributes": (str, int, float)}
"""Columns that hold JSON objects, and the types of their values."""


def parsed(cells: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a row with dicts for its JSON.

    Args:
        cells: By column; ``position`` is the row's number in its shard, and left out of the result.
        path: The shard.

    Raises:
        StillYouError: A column that should hold a JSON object of numbers (and words) does not.
    """
    position = cells.pop("position")
    for name, kinds in _JSON.items():
        if name in cells:
            where = f"{path} row {position} column '{name}'"
            cells[name] = parse_object(cells[name], where, _RULES)
            if not all(isinstance(value, kinds) for value in cells[name].values()):
                raise _RULES.refuse(where, "holds other things than numbers and words")
    return cells


def check_words(table: pa.Table, path: Path | str, effects: Sequence[str]) -> None:
    """Refuse a shard with rows of unknown effects or states.

    Args:
        table: Its cheap columns.
        path: The shard.
        effects: Ids that there are.

    Raises:
        StillYouError: There is such a row.
    """
    for column, words in {"effect": effects, "status": ("accepted", "rejected")}.items():
        for row, word in enumerate(table[column].to_pylist()):
            if word not in words:
                raise damaged(path, f"row {row} has '{word:.40}' in column '{column}', not {' or '.join(words)}")
