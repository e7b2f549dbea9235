"""Drives the render stage: pairs of each teacher in `run/pairs/TEACHER`, made by the first process while others wait.

Teachers work one after another, each with all cores. One that cannot work here (the people studio without a renderer,
say) is reported and left out; what it had made by then is kept, and the others' pairs are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from stillyou.diffusion.card import ModelCard, read_card
from stillyou.effects.lookup import built_in, load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.models.find import find_model
from stillyou.pairs.assemble import salvage
from stillyou.pairs.dataset.info import DESCRIPTION
from stillyou.pairs.teachers.registry import studios_showing
from stillyou.training.config import RenderSettings, TeacherSettings
from stillyou.training.loop.clock import Limits
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.loop.trainer import Outcome
from stillyou.training.rendering.render import Rendered, render
from stillyou.training.run import Request, Run


@dataclass(frozen=True)
class RenderWork:
    """What the stage shows: size, effects and teachers, as the plan has it."""

    size: int
    effects: Sequence[EffectSpec]
    settings: RenderSettings


def render_pairs(run: Run, accelerator: Accelerator, work: RenderWork) -> tuple[Outcome, Mapping[str, Any]]:
    """Make the pairs of a plan, or what is missing of them.

    Raises:
        StillYouError: No teacher could make any; finished shards stay.
    """
    answer: list[Any] = [None, None]
    if accelerator.is_main_process:
        answer = list(_render(run, work))
    if accelerator.num_processes > 1:
        broadcast_object_list(answer)
    return answer[0], answer[1]


def _render(run: Run, work: RenderWork) -> tuple[Outcome, Mapping[str, Any]]:
    with StageReporter("render") as reporter:
        waiting = [name for name in work.settings.teachers if not _done(run, work, name)]
        if not waiting:
            reporter.say(f"{run.folder / 'pairs'} is complete")
            return Outcome.FINISHED, {"skipped": True}
        figures: dict[str, Any] = {}
        for name in waiting:
            made = _one_teacher(run, work, name, reporter)
            figures[name] = {"pairs": made.accepted, "candidates": made.candidates, "seconds": round(made.seconds, 1)}
            if not made.complete:
                return Outcome.PAUSED, figures
        if not any((run.pairs(name) / DESCRIPTION).is_file() for name in work.settings.teachers):
            raise StillYouError("no teacher could make pairs", "The lines above say why.")
        return Outcome.FINISHED, figures


def _done(run: Run, work: RenderWork, name: str) -> bool:
    """Tell whether a teacher is done with at least as many candidates as are asked for now, or has failed before."""
    goal = run.rendered().get(name)
    if goal == 0 and any(run.rendered().values()):
        return True  # it was left out, and others' pairs may have been learnt from since
    return goal is not None and goal >= work.settings.goal(name) and (run.pairs(name) / DESCRIPTION).is_file()


def _one_teacher(run: Run, work: RenderWork, name: str, reporter: StageReporter) -> Rendered:
    """Let a teacher work for its part of the time; one that fails is left out."""
    spent, folder, goal = run.spent(), run.pairs(name), work.settings.goal(name)
    before, own = spent.get("render", 0.0), spent.get(f"render {name}", 0.0)
    limits = run.limits("render")
    budget = None if limits.budget is None else _part(run, work, name, limits.budget - before, own)
    reporter.say(f"{name}: making pairs of {len(work.effects)} effects in {folder}")
    try:
        made = render(
            folder,
            work.settings.teacher(name, work.size),
            work.effects,
            goal,
            seed=run.request.config.seed,
            workers=work.settings.workers,
            limits=Limits(budget=budget, pause=limits.pause),
        )
    except StillYouError as error:
        return _left_out(run, work, name, error, reporter)
    run.record("render", before + made.seconds)
    run.record(f"render {name}", own + made.seconds)
    if made.complete:
        run.mark_rendered(name, goal)
    speed = made.accepted / max(made.seconds, 1e-9)
    reporter.say(f"{name}: {made.accepted} pairs after {duration(made.seconds)}, {speed:.0f} pairs/s")
    return made


def _part(run: Run, work: RenderWork, name: str, left: float, own: float) -> float:
    """Return the seconds a teacher may still take: its part of what it and those not yet done may share."""
    parts = work.settings.teachers
    others = sum(parts[other].time for other in parts if other != name and not _done(run, work, other))
    return max(0.0, (left + own) * parts[name].time / (parts[name].time + others) - own)


def _left_out(run: Run, work: RenderWork, name: str, error: StillYouError, reporter: StageReporter) -> Rendered:
    """Report a teacher that failed, keep what it had made, and go on without more of it.

    Raises:
        StillYouError: It was the only one, and made nothing.
    """
    kept = salvage(run.pairs(name))
    if len(work.settings.teachers) == 1 and not kept:
        raise error
    rest = f"going on with its first {kept} candidates an effect" if kept else "going on without them"
    reporter.say(f"warning: no more pairs of {name}: {error} - {rest}")
    run.mark_rendered(name, work.settings.goal(name) if kept else 0)
    return Rendered(kept, 0, 0.0, complete=True)


def render_work(request: Request) -> RenderWork:
    """Return what to show: the recipe's or, for fine-tuning, what the model knows and the studios can draw."""
    settings = request.config.render
    if request.init is None:
        return RenderWork(request.config.architecture.resolution, load_effects(settings.effects), settings)
    card = read_card(find_model(request.init)) or ModelCard()
    effects = [spec for spec in card.effects if spec.id in built_in()]
    if not effects:
        raise UsageError(f"the model '{request.init}' knows no effect of the studio", "Set studio_share = 0.")
    known = studios_showing(card.domains) or list(settings.teachers)
    teachers = {name: settings.teachers.get(name, TeacherSettings()) for name in known}
    return RenderWork(card.resolution, effects, settings.model_copy(update={"teachers": teachers}))
