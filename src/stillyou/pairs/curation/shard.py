"""Measuring the pairs of one shard: what a worker of curation does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.curation.duplicates import Signature, signature
from stillyou.pairs.curation.protocol import Scorer, ScorerOptions, Scores
from stillyou.pairs.dataset.info import DatasetInfo
from stillyou.pairs.dataset.shards import ShardReader, shard_name
from stillyou.pairs.dataset.store import decoded, shard_rows

BATCH = 16
"""Pairs that scorers are given at a time."""


@dataclass(frozen=True)
class Task:
    """One shard to be measured.

    Attributes:
        folder: The dataset.
        info: Its description.
        number: The shard's.
        kinds: Scorers.
        options: What the user gave to them.
        reuse: Whether the shard's own scores still hold.
        compare: Whether signatures are needed.
    """

    folder: Path
    info: DatasetInfo
    number: int
    kinds: tuple[type[Scorer], ...]
    options: ScorerOptions
    reuse: bool = False
    compare: bool = True


@dataclass(frozen=True, eq=False)
class Measured:
    """One row and what was measured of it.

    Attributes:
        row: Its metadata; ``scores`` and ``attributes`` are dicts.
        scores: All but those that need the whole dataset.
        signature: For near duplicates.
    """

    row: dict[str, Any]
    scores: Scores = field(default_factory=dict)
    signature: Signature | None = None


@cache
def _built(kinds: tuple[type[Scorer], ...], options: ScorerOptions) -> list[Scorer]:
    """Build scorers, once a process."""
    return [kind(options) for kind in kinds]


def measure_shard(task: Task) -> list[Measured]:
    """Measure all rows of a shard.

    Raises:
        StillYouError: The shard is damaged, or weights of a scorer are.
    """
    reader = ShardReader(task.folder / shard_name(task.number))
    effects = {effect.id: effect for effect in task.info.effects}
    rows, measured = shard_rows(reader, task.info), []
    if task.reuse and not task.compare:
        return [Measured(row, dict(row["scores"])) for row in rows]
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        candidates = [
            Candidate(decoded(reader.pictures(start + place), row, task.info, reader.path), effects[row["effect"]])
            for place, row in enumerate(batch)
        ]
        scores = [dict(row["scores"]) for row in batch] if task.reuse else _scores(task, candidates)
        for row, candidate, found in zip(batch, candidates, scores, strict=True):
            measured.append(Measured(row, found, signature(candidate.pair)))
    reader.close()
    return measured


def _scores(task: Task, candidates: Sequence[Candidate]) -> list[Scores]:
    scores: list[Scores] = [{} for _ in candidates]
    for scorer in _built(task.kinds, task.options):
        for whole, found in zip(scores, scorer.measure(candidates), strict=True):
            whole.update(found)
    return scores
