"""The render stage: as many studio pairs as the settings or the budget allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stillyou.effects.spec import EffectSpec
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.store import DESCRIPTION, PairDataset, read_info
from stillyou.pairs.teacher import teacher
from stillyou.training.config import RenderSettings
from stillyou.training.frames import cores

_SHARD_SIZE = 8
"""Small shards keep all cores busy to the end of a short budget."""
_CAUTION = 0.9
"""Part of the remaining time that a further round of pairs is planned for."""


@dataclass(frozen=True)
class Rendered:
    """What a session of the stage came to.

    Attributes:
        candidates: Candidates an effect that now exist.
        accepted: Accepted pairs.
        seconds: What this session took.
        complete: Whether the stage is done: all candidates exist or the budget is used.
    """

    candidates: int
    accepted: int
    seconds: float
    complete: bool


def render(
    folder: Path,
    effects: Sequence[EffectSpec],
    settings: RenderSettings,
    *,
    size: int,
    seed: int,
    budget: float | None = None,
    pause: float | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Rendered:
    """Make pairs until there are enough or time is up; a dataset grows by rounds of whole shards.

    Args:
        folder: The dataset, new or begun.
        effects: What to show.
        settings: Candidates an effect, and workers.
        size: Side of the pictures.
        seed: Seed of the dataset.
        budget: Seconds left for the stage, or None.
        pause: Seconds left for this session, or None.
        now: Source of time in seconds.
    """
    start, workers = now(), settings.workers or cores()
    make = partial(make_pairs, partial(teacher, "cartoon", size=size), effects, out=folder, seed=seed, size=size)
    have = read_info(folder).candidates if (folder / DESCRIPTION).is_file() else 0
    goal, time_left = max(settings.candidates, have), _least(budget, pause)
    wanted = goal if time_left is None else max(have, min(goal, workers * _SHARD_SIZE))
    while True:
        begun = now()
        make(n=wanted, shard_size=_SHARD_SIZE, workers=workers)
        rate = max(wanted - have, 1) / max(now() - begun, 1e-9)
        have = wanted
        if have >= goal or time_left is None:
            break
        rounds = int(rate * _CAUTION * (time_left - (now() - start)) / (workers * _SHARD_SIZE))
        if rounds < 1:
            break
        wanted = min(goal, have + rounds * workers * _SHARD_SIZE)
    seconds = now() - start
    complete = have >= goal or (budget is not None and (pause is None or budget <= pause))
    return Rendered(have, len(PairDataset(folder)), seconds, complete)


def _least(*limits: float | None) -> float | None:
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None
