"""The chain: render pairs, train the autoencoder, train the editor. Each stage finds what the one before it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from stillyou.console import console
from stillyou.errors import UsageError
from stillyou.training.autoencoder.stage import train_autoencoder
from stillyou.training.config import Stage
from stillyou.training.data.mixture import run_parts
from stillyou.training.device import make_accelerator, tracking
from stillyou.training.editor.results import result_folder
from stillyou.training.editor.stage import train_editor
from stillyou.training.editor.validation import Validation
from stillyou.training.loop.trainer import Outcome
from stillyou.training.plan import Plan, make_plan
from stillyou.training.rates import Hardware
from stillyou.training.rendering.stage import render_pairs
from stillyou.training.run import Request


@dataclass
class RunReport:
    """What a session came to.

    Attributes:
        outcome: How it ended.
        stages: Figures of each stage that ran.
        model: The trained model or LoRA, if the editor stage is done.
        speaks: Whether this process is the one that answers people.
    """

    outcome: Outcome = Outcome.FINISHED
    stages: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    model: Path | None = None
    speaks: bool = True


def run_training(request: Request, validation: Validation | None = None) -> RunReport:
    """Carry out the plan of a request, each stage resuming where it was.

    Args:
        request: What to do.
        validation: Replaces the default sample grids.

    Raises:
        UsageError: A stage lacks what it needs, the budget reaches no step, or the folder holds another run.
        StillYouError: Damaged input, a full disk, a loss that is no number any more.
    """
    plan = make_plan(request)
    run, report = plan.run, RunReport()
    accelerator = make_accelerator(request.device, request.config.precision, trackers=run.folder)
    report.speaks = accelerator.is_main_process
    refuse_if_too_short(plan, accelerator)
    if accelerator.is_main_process:
        for change in plan.begun.changes:
            console.print(f"{run.folder} was begun with {change}", markup=False)
        plan.begun.begin()
    accelerator.wait_for_everyone()
    with tracking(accelerator):
        for stage in request.stages:
            left = run.session_left()
            if left is not None and left <= 0:
                report.outcome = Outcome.PAUSED
                return report
            report.outcome, report.stages[stage] = _run_stage(stage, plan, accelerator, validation)
            if report.outcome is not Outcome.FINISHED:
                return report
    report.model = result_folder(run) if "editor" in request.stages else None
    return report


def _run_stage(
    stage: Stage, plan: Plan, accelerator: Accelerator, validation: Validation | None
) -> tuple[Outcome, Mapping[str, Any]]:
    if stage == "render":
        assert plan.render is not None
        return render_pairs(plan.run, accelerator, plan.render)
    if stage == "autoencoder":
        return train_autoencoder(plan.run, accelerator, run_parts(plan.run))
    return train_editor(plan.run, accelerator, run_parts(plan.run), validation)


def refuse_if_too_short(plan: Plan, accelerator: Accelerator) -> None:
    """Refuse a budget that reaches no step; the first process estimates, and all hear of it.

    Raises:
        UsageError: With what is needed.
    """
    problem: list[UsageError | None] = [None]
    if accelerator.is_main_process and plan.needs_estimates:
        problem[0] = plan.estimated(Hardware.of(accelerator)).problem()
    if accelerator.num_processes > 1:
        broadcast_object_list(problem)
    if problem[0] is not None:
        raise problem[0]


def describe_plan(request: Request) -> dict[str, Any]:
    """Return the plan that `run_training` would carry out, with estimates, as plain data; nothing is written.

    Raises:
        UsageError: As in `run_training`; a budget that reaches no step stands under `problem`.
    """
    plan = make_plan(request)
    return plan.estimated(Hardware.of(make_accelerator(request.device, request.config.precision))).describe()
