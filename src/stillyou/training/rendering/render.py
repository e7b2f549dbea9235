"""Renders one teacher's pairs: as many as the settings or the time allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stillyou.effects.spec import EffectSpec
from stillyou.pairs.dataset.store import DESCRIPTION, PairDataset, read_info
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.registry import teacher
from stillyou.training.data.frames import cores

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
    name: str,
    effects: Sequence[EffectSpec],
    candidates: int,
    *,
    size: int,
    seed: int,
    workers: int = 0,
    budget: float | None = None,
    pause: float | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Rendered:
    """Make pairs until there are enough or time is up.

    Args:
        folder: The dataset, new or begun.
        name: The teacher.
        effects: What to show.
        candidates: Candidates an effect.
        size: Side of the pictures.
        seed: Seed of the dataset.
        workers: Processes; 0 is one a core.
        budget: Seconds left for this teacher, or None.
        pause: Seconds left for this session, or None.
        now: Source of time in seconds.

    Raises:
        StillYouError: The teacher cannot work here, or a pair could not be made or written.
    """
    begun = now()
    have = read_info(folder).candidates if (folder / DESCRIPTION).is_file() else 0
    goal = max(candidates, have)
    make_pairs(
        partial(teacher, name, size=size),
        effects,
        goal,
        folder,
        seed=seed,
        size=size,
        shard_size=_SHARD_SIZE,
        workers=workers or cores(),
        seconds=_least(budget, pause),
    )
    made = read_info(folder).candidates
    complete = made >= goal or (budget is not None and (pause is None or budget <= pause))
    return Rendered(made, len(PairDataset(folder)), now() - begun, complete)


def _least(*limits: float | None) -> float | None:
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None
