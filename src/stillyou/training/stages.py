"""The chain: render pairs, train the autoencoder, train the editor. Each stage finds what the one before it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from stillyou.effects.catalogue import auxiliary, catalogue, load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.store import DESCRIPTION, PairDataset
from stillyou.training.autoencoder_stage import train_autoencoder
from stillyou.training.device import make_accelerator
from stillyou.training.editor_stage import train_editor
from stillyou.training.loop import Outcome
from stillyou.training.model import load_init
from stillyou.training.progress import StageReporter, duration
from stillyou.training.render import render
from stillyou.training.runs import Request, Run
from stillyou.training.validation import Validation


@dataclass
class RunReport:
    """What a session came to.

    Attributes:
        outcome: How it ended.
        stages: Figures of each stage that ran.
        model: The trained model, if the editor stage is done.
        speaks: Whether this process is the one that answers people.
    """

    outcome: Outcome = Outcome.FINISHED
    stages: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    model: Path | None = None
    speaks: bool = True


def run_training(request: Request, validation: Validation | None = None) -> RunReport:
    """Run the stages asked for, each resuming where it was.

    Args:
        request: What to do.
        validation: Replaces the default sample grids.

    Raises:
        UsageError: A stage lacks what it needs, or the folder holds another run.
        StillYouError: Damaged input, a full disk, a loss that is no number any more.
    """
    run, report = Run(request), RunReport()
    for stage in request.stages:
        run.limits(stage)  # a run without an end is refused before anything is made
    check_inputs(request)
    accelerator = make_accelerator(request.device, request.config.precision)
    report.speaks = accelerator.is_main_process
    if accelerator.is_main_process:
        run.begin()
    accelerator.wait_for_everyone()
    for stage in request.stages:
        left = run.session_left()
        if left is not None and left <= 0:
            report.outcome = Outcome.PAUSED
            return report
        if stage == "render":
            report.outcome, report.stages[stage] = _render(run, accelerator)
        elif stage == "autoencoder":
            report.outcome, report.stages[stage] = train_autoencoder(run, accelerator, _own_or_rendered(run))
        else:
            report.outcome, report.stages[stage] = train_editor(run, accelerator, _datasets(run), validation)
            report.model = run.model if report.outcome is Outcome.FINISHED else None
        if report.outcome is not Outcome.FINISHED:
            return report
    return report


def check_inputs(request: Request) -> None:
    """Refuse a request that names no pairs where they are needed.

    Raises:
        UsageError: Fine-tuning without own pairs, or a folder that is no pair dataset.
    """
    if request.init is not None and request.pairs is None:
        raise UsageError("fine-tuning needs pairs of the new effect", "Name their folder with --pairs.")
    if request.pairs is not None and not (request.pairs / DESCRIPTION).is_file():
        raise UsageError(
            f"{request.pairs} is no pair dataset: it has no {DESCRIPTION}", "Make one: stillyou pairs make"
        )


def _render(run: Run, accelerator: Accelerator) -> tuple[Outcome, Mapping[str, Any]]:
    """Make studio pairs on the first process's cores; the others wait."""
    config, spent = run.request.config, run.spent().get("render", 0.0)
    figures: dict[str, Any] = {}
    complete = True
    if accelerator.is_main_process:
        limits = run.limits("render")
        budget = None if limits.budget is None else limits.budget - spent
        with StageReporter("render") as reporter:
            done = (run.pairs / DESCRIPTION).is_file() and run.rendered
            if done:
                reporter.say(f"{run.pairs} is complete")
                return Outcome.FINISHED, {"skipped": True}
            effects = _rendered_effects(run.request)
            reporter.say(f"making pairs of {len(effects)} effects in {run.pairs}")
            size = _resolution(run.request)
            result = render(
                run.pairs, effects, config.render, size=size, seed=config.seed, budget=budget, pause=limits.pause
            )
            run.record("render", spent + result.seconds)
            if result.complete:
                run.mark_rendered()
            rate = result.accepted / max(result.seconds, 1e-9)
            reporter.say(f"{result.accepted} pairs in {duration(result.seconds)}, {rate:.0f} pairs/s")
        figures = {"pairs": result.accepted, "candidates": result.candidates, "seconds": round(result.seconds, 1)}
        complete = result.complete
    accelerator.wait_for_everyone()
    return (Outcome.FINISHED if complete else Outcome.PAUSED), figures


def _resolution(request: Request) -> int:
    if request.init is None:
        return request.config.architecture.resolution
    return load_init(request.init).resolution


def _rendered_effects(request: Request) -> list[EffectSpec]:
    """Return the recipe's effects or, for fine-tuning, what the model knows and the studio can show."""
    if request.init is None:
        return load_effects(request.config.render.effects)
    known = load_init(request.init).card.effect_ids
    new = {spec.id for spec in request.effects}
    return [spec for spec in {**catalogue(), **auxiliary()}.values() if spec.id in known and spec.id not in new]


def _own_or_rendered(run: Run) -> PairDataset:
    """Open the user's pairs or the rendered ones."""
    if run.request.pairs is not None:
        return PairDataset(run.request.pairs)
    if not (run.pairs / DESCRIPTION).is_file():
        raise UsageError(f"{run.pairs} has no pairs yet", "Run the render stage first, or give --pairs.")
    return PairDataset(run.pairs)


def _datasets(run: Run) -> Sequence[PairDataset]:
    """Open what the editor learns from; in fine-tuning the user's pairs, then the studio's."""
    own = _own_or_rendered(run)
    mixed = run.request.init is not None and run.request.config.editor.studio_share > 0
    return [own, PairDataset(run.pairs)] if mixed else [own]
