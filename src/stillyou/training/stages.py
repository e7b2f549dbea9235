"""The chain: render pairs, train the autoencoder, train the editor. Each stage finds what the one before it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillyou.errors import UsageError, nearest
from stillyou.models.from_base import IMAGE_ENCODER, find_base, find_image_encoder
from stillyou.pairs.dataset.store import read_info
from stillyou.training.autoencoder.stage import train_autoencoder
from stillyou.training.data.mixture import run_parts
from stillyou.training.device import make_accelerator
from stillyou.training.editor.results import result_folder
from stillyou.training.editor.stage import train_editor
from stillyou.training.editor.validation import Validation
from stillyou.training.loop.trainer import Outcome
from stillyou.training.rendering.stage import render_pairs
from stillyou.training.run import Request, Run


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
            report.outcome, report.stages[stage] = render_pairs(run, accelerator)
        elif stage == "autoencoder":
            report.outcome, report.stages[stage] = train_autoencoder(run, accelerator, run_parts(run))
        else:
            report.outcome, report.stages[stage] = train_editor(run, accelerator, run_parts(run), validation)
            report.model = result_folder(run) if report.outcome is Outcome.FINISHED else None
        if report.outcome is not Outcome.FINISHED:
            return report
    return report


def check_inputs(request: Request) -> None:
    """Refuse a request that names no pairs where they are needed.

    Raises:
        UsageError: Fine-tuning without own pairs, a folder that is no pair dataset, or effects that it does not have.
    """
    if request.pairs is None:
        if request.init is not None:
            raise UsageError("fine-tuning needs pairs of the new effect", "Name their folder with --pairs.")
        if request.base is not None:
            raise UsageError("training on a base needs pairs", "Name their folder with --pairs.")
        if request.effects:
            raise UsageError("-e describes the effects of own pairs, and there are none", "Name their folder: --pairs")
        return
    if request.base is not None:
        find_base(request.base)
        find_image_encoder(request.image_encoder or IMAGE_ENCODER)
    known = [spec.id for spec in read_info(request.pairs).effects]
    for spec in request.effects:
        if spec.id not in known:
            raise UsageError(f"{request.pairs} has no pairs of effect '{spec.id}'", nearest(spec.id, known))
