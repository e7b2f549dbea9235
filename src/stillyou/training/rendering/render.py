"""Renders one teacher's pairs: as many as the settings or the time allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillyou.effects.spec import EffectSpec
from stillyou.machine import cores
from stillyou.pairs.assemble import Execution
from stillyou.pairs.dataset.info import DESCRIPTION, read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.protocol import TeacherConfig
from stillyou.training.loop.clock import Limits

_SHARD_SIZE = 4
"""Small shards: the last ones are finished after time is up."""


@dataclass(frozen=True)
class Rendered:
    """What a session came to.

    Attributes:
        candidates: Candidates an effect that now exist.
        accepted: Accepted pairs.
        seconds: What this session took.
        complete: Whether the teacher is done: all candidates exist or the budget is used.
    """

    candidates: int
    accepted: int
    seconds: float
    complete: bool


def render(
    folder: Path,
    teacher: TeacherConfig,
    effects: Sequence[EffectSpec],
    candidates: int,
    *,
    seed: int,
    workers: int = 0,
    limits: Limits | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Rendered:
    """Make pairs until there are enough or time is up.

    Args:
        folder: The dataset, new or begun.
        teacher: Who makes them.
        effects: What to show.
        candidates: Candidates an effect.
        seed: Seed of the dataset.
        workers: Processes; 0 is one a core.
        limits: Seconds left for this teacher (`budget`) and for this session (`pause`), or None.
        now: Source of time in seconds.

    Raises:
        StillYouError: The teacher cannot work here, or a pair could not be made or written.
    """
    begun, limits = now(), limits or Limits()
    have = read_info(folder).candidates if (folder / DESCRIPTION).is_file() else 0
    goal = max(candidates, have)
    execution = Execution(workers=workers or cores(), seconds=_least(limits.budget, limits.pause))
    make_pairs(teacher, effects, goal, folder, seed=seed, shard_size=_SHARD_SIZE, execution=execution)
    made = read_info(folder).candidates
    budget = limits.budget is not None and (limits.pause is None or limits.budget <= limits.pause)
    return Rendered(made, len(PairDataset(folder)), now() - begun, made >= goal or budget)


def _least(*limits: float | None) -> float | None:
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None
