"""How many pairs a run will have to learn from, as far as that is known before they are rendered."""

from __future__ import annotations

from collections.abc import Mapping

from stillyou.machine import cores
from stillyou.pairs.dataset.info import DESCRIPTION
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.rates import pairs_a_second
from stillyou.training.rendering.stage import RenderWork
from stillyou.training.run import Request, Run

_PAIRS_A_SHARD = 4
_SECONDS_A_DRAFT = {"people": 0.28, "cartoon": 0.033}
"""Recorded on one core. A user's own pairs name no designs, so that nothing is drawn for them."""


def own_pairs(request: Request) -> int:
    """Return how many accepted pairs of the user's there are."""
    return 0 if request.pairs is None else len(PairDataset(request.pairs))


def rendered_pairs(run: Run) -> dict[str, int]:
    """Return how many accepted pairs of each teacher the run's folder holds, if the run learns from any."""
    request = run.request
    if request.pairs is not None and (request.init is None or not request.config.editor.studio_share):
        return {}
    folders = [path.parent for path in sorted((run.folder / "pairs").glob(f"*/{DESCRIPTION}"))]
    return {folder.name: len(PairDataset(folder, partial=True)) for folder in folders}


def expected_pairs(run: Run, work: RenderWork | None, made: Mapping[str, int], seconds: float | None) -> dict[str, int]:
    """Return how many pairs each teacher will have made, estimated from its part of the time and recorded speeds.

    Args:
        run: The run.
        work: What is to be rendered, if anything is.
        made: See `rendered_pairs`.
        seconds: Time for all teachers, or None for as long as they need.
    """
    found, done = dict(made), run.rendered()
    times = {} if work is None else {name: part.time for name, part in work.settings.teachers.items()}
    for name, time in times.items():
        if work is None or name in done:
            continue
        goal = work.settings.goal(name) * len(work.effects)
        if seconds is not None:
            speed = pairs_a_second(name, work.settings.workers or cores())
            allowed = int(speed * seconds * time / sum(times.values()))
            goal = min(goal, max(allowed, _PAIRS_A_SHARD * len(work.effects)))
        found[name] = max(found.get(name, 0), goal)
    return found


def shortest_rendering(run: Run, work: RenderWork) -> float:
    """Return the seconds of the first shards of all teachers that are not done, which are always made."""
    waiting = [name for name in work.settings.teachers if name not in run.rendered()]
    shard = _PAIRS_A_SHARD * len(work.effects)
    return sum(shard / pairs_a_second(name, work.settings.workers or cores()) for name in waiting)


def drafting(pairs: Mapping[str, int]) -> float:
    """Return the seconds that drafts of so many rendered pairs of each teacher take this machine (`DraftedFrames`)."""
    return sum(number * _SECONDS_A_DRAFT.get(name, 0.0) for name, number in pairs.items()) / cores()
