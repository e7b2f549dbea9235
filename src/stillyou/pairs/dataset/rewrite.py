"""Writing what curation says into a shard: status, reason and scores change, pictures and everything else stay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillyou.pairs.dataset.shards import ShardNote, Status, compact, damaged, read_footer, write_cells
from stillyou.untrusted.rules import Rules
from stillyou.untrusted.tables import open_table

_RULES = Rules("Delete it and run the command that made the dataset again.")


@dataclass(frozen=True)
class Verdict:
    """What curation says of one row.

    Attributes:
        status: Whether it is accepted.
        reason: Why not, or an empty string.
        scores: What was measured.
    """

    status: Status
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)

    def cells(self) -> dict[str, str]:
        """Return it as a shard's columns hold it."""
        return {"status": self.status, "reason": self.reason, "scores": compact(self.scores)}


def rewrite_shard(path: Path, verdicts: Sequence[Verdict]) -> ShardNote:
    """Replace the verdicts of a shard; its new form takes its name when it is complete.

    Args:
        path: The shard.
        verdicts: One a row, in the shard's order.

    Returns:
        What the shard says about itself now.

    Raises:
        StillYouError: The shard is damaged or has another number of rows, or the disk is full.
    """
    note, footer = read_footer(path)
    if footer.num_rows != len(verdicts):
        raise damaged(path, f"it has {footer.num_rows} rows, not {len(verdicts)}")
    file = open_table(path, _RULES, footer)
    try:
        rows = _replaced(file, path, verdicts)
        return write_cells(path, rows, settings=note.settings, start=note.start, stop=note.stop)
    finally:
        file.close()


def _replaced(file: Any, path: Path, verdicts: Sequence[Verdict]) -> Iterator[dict[str, Any]]:
    supply = iter(verdicts)
    for number in range(file.num_row_groups):
        try:
            rows = file.read_row_group(number, use_threads=False).to_pylist()
        except Exception as error:  # Arrow's classes derive from a dozen of Python's
            raise damaged(path, error) from error
        for row in rows:
            yield row | next(supply).cells()


def unchanged(row: Mapping[str, Any], verdict: Verdict) -> bool:
    """Tell whether a row (its ``status``, ``reason`` and ``scores``, a dict) says already what a verdict says."""
    same = (row["status"], row["reason"]) == (verdict.status, verdict.reason)
    return same and json.loads(compact(verdict.scores)) == dict(row["scores"])
