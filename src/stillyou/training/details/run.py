"""Three parts one after the other, each resuming where it was; `model` and `compact` come out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from stillyou.diffusion.autoencoder import SmallAutoencoder
from stillyou.diffusion.details import Details
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import Architecture
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError
from stillyou.files import atomic_path
from stillyou.images.tensors import to_pictures
from stillyou.training.autoencoder.components import start_details
from stillyou.training.autoencoder.curve import add_to_curve
from stillyou.training.autoencoder.learn import reconstruction_psnr
from stillyou.training.config import Optimisation
from stillyou.training.details.answers import Answers, DrawnCrops, draw_answers, load_answers, save_answers
from stillyou.training.details.begun import begin, check, record
from stillyou.training.details.first import CopyObjective, TaughtObjective, start_at_regression
from stillyou.training.details.lesson import EDIT_WEIGHT, DetailRun, Lesson, load
from stillyou.training.details.looks import LooksObjective, looks_batches
from stillyou.training.device import make_accelerator
from stillyou.training.loop.clock import Clock, Limits
from stillyou.training.loop.progress import StageReporter
from stillyou.training.loop.trainer import Intervals, Outcome, Task, Trainer
from stillyou.training.model import fresh_autoencoder, load_autoencoder, load_init, replace_folder, save_model, seeded

_FIRST = Optimisation(
    batch=8, learning_rate=1.2e-3, weight_decay=1e-4, warmup_steps=200, decay_from=0.4, ema_decay=0.998
)
_COPIES = Optimisation(
    batch=8, learning_rate=5e-4, weight_decay=1e-4, warmup_steps=200, decay_from=0.35, ema_decay=0.998
)
_LOOKS = Optimisation(batch=8, learning_rate=3e-4, weight_decay=1e-4, warmup_steps=100, decay_from=0.5, ema_decay=0.998)
_HALF = _LOOKS.batch // 2
"""Crops of pictures in a batch, and as many of what was drawn."""
_SHOWN = 8
_SIZES: Mapping[str, Any] = {
    "autoencoder": "folded",
    "folded_blocks": (1, 2, 2, 3),
    "folded_decoder_channels": (96, 192),
}
"""The decoder is the wider half: it decides how edits look."""


def give_details(run: DetailRun) -> Outcome:
    """Give a model an autoencoder with details, and write the model.

    Returns:
        How the session ended; other than finished, the same call goes on.

    Raises:
        UsageError: What is asked for cannot be done, or the folder holds something else.
        StillYouError: Damaged pairs or parts, a folder that cannot be written to, a loss that is no number.
    """
    pipeline = load_init(run.model)
    check(run, pipeline)
    accelerator, lesson = make_accelerator(run.device, "auto"), load(run, pipeline.resolution)
    begin(run, pipeline.vae)
    vae, outcome = _first_layer(run, accelerator, pipeline.vae, lesson)
    if outcome is Outcome.FINISHED:
        vae, outcome = _copies(run, accelerator, vae, lesson)
    if outcome is Outcome.FINISHED and run.steps[2]:
        pipeline.register_modules(vae=_at_rest(vae))
        vae, outcome = _looks(run, accelerator, pipeline, lesson)
    if outcome is Outcome.FINISHED:
        pipeline.register_modules(vae=_at_rest(vae))
        save_model(pipeline, run.folder)
    return outcome


def _first_layer(
    run: DetailRun, accelerator: Accelerator, teacher: SmallAutoencoder, lesson: Lesson
) -> tuple[FoldedAutoencoder, Outcome]:
    """Let a folded autoencoder learn the latents of the model's own."""
    if isinstance(teacher, FoldedAutoencoder) and teacher.details is not None:
        return teacher, Outcome.FINISHED
    done = _finished(run, "first")
    if done is not None:
        return done, Outcome.FINISHED
    channels = int(teacher.config.latent_channels)
    vae = _fresh(run, channels)
    start_at_regression(vae, teacher, lesson.targets()[0])
    task = Task(
        "first",
        TaughtObjective(vae, teacher.to(accelerator.device)),
        lesson.labels,
        lesson.crops(run, channels, _FIRST.batch, accelerator.device),
        record(run, teacher),
        partial(_watch_copies, run.folder / "first", vae, lesson),
    )
    outcome = _train(run, accelerator, task, _FIRST, run.steps[0])
    if outcome is Outcome.FINISHED:
        vae.register_to_config(latents_mean=[0.0] * channels, latents_std=[1.0] * channels)
        start_details(_at_rest(vae), *lesson.targets())
        replace_folder(run.folder / "first" / "vae", vae.save_pretrained)
    return vae, outcome


def _copies(
    run: DetailRun, accelerator: Accelerator, vae: FoldedAutoencoder, lesson: Lesson
) -> tuple[FoldedAutoencoder, Outcome]:
    """Let the decoder of both layers learn more than to add what is coded."""
    done = _finished(run, "copies")
    if done is not None:
        return done, Outcome.FINISHED
    layer = _decoder_alone(vae)
    task = Task(
        "copies",
        CopyObjective(vae),
        lesson.labels,
        lesson.crops(run, vae.config.latent_channels + layer.channels, _COPIES.batch, accelerator.device),
        {},
        partial(_watch_copies, run.folder / "copies", vae, lesson),
    )
    return vae, _train_and_keep(run, accelerator, task, _COPIES, run.steps[1], vae)


def _looks(
    run: DetailRun, accelerator: Accelerator, pipeline: MultiConditionedPipeline, lesson: Lesson
) -> tuple[FoldedAutoencoder, Outcome]:
    """Let the decoder of both layers learn what the denoiser's own pictures should look like."""
    done = _finished(run, "looks")
    if done is not None:
        return done, Outcome.FINISHED
    answers = _answers(run, accelerator.device, pipeline)
    vae: FoldedAutoencoder = pipeline.vae
    layer = _decoder_alone(vae)
    with seeded(run.seed, "critic"):
        objective = LooksObjective(vae)
    drawn = DrawnCrops(answers, run.seed, lesson.side, EDIT_WEIGHT, accelerator.device)
    copies = lesson.crops(run, vae.config.latent_channels + layer.channels, _HALF, accelerator.device)
    task = Task(
        "looks",
        objective,
        (*lesson.labels, "drawn"),
        looks_batches(copies, drawn, _HALF, len(lesson.labels)),
        {},
        partial(_watch_looks, run.folder / "looks", vae, lesson, drawn),
    )
    return vae, _train_and_keep(run, accelerator, task, _LOOKS, run.steps[2], vae)


def _answers(run: DetailRun, device: torch.device, pipeline: MultiConditionedPipeline) -> Answers:
    """Return what the model draws, made once and kept."""
    path = run.folder / "looks" / "answers.safetensors"
    if path.is_file():
        return load_answers(path)
    path.parent.mkdir(exist_ok=True)
    with StageReporter("answers") as reporter:
        pipeline.to(device)
        tell = partial(_tell_answers, reporter, run.answers)
        made = draw_answers(pipeline, run.pairs, run.answers, run.seed, tell)
        pipeline.to("cpu")
    save_answers(path, made)
    return made


def _tell_answers(reporter: StageReporter, count: int, done: int) -> None:
    reporter.update(min(1.0, done / count), f"{done} of {count} pairs drawn")


def _fresh(run: DetailRun, channels: int) -> FoldedAutoencoder:
    """Build the autoencoder; random weights follow from the seed."""
    sizes = Architecture(latent_channels=channels, detail_channels=run.channels, **_SIZES)
    vae = fresh_autoencoder(sizes, run.seed)
    assert isinstance(vae, FoldedAutoencoder)
    return vae


def _finished(run: DetailRun, part: str) -> FoldedAutoencoder | None:
    """Return the autoencoder that a part has left, None if it is not done."""
    folder = run.folder / part / "vae"
    if not (folder / "config.json").is_file():
        return None
    found = load_autoencoder(folder)
    if not isinstance(found, FoldedAutoencoder) or found.details is None:
        raise StillYouError(f"{folder} is damaged", "Delete it; the same command makes it again.")
    return found.eval()


def _layer(vae: FoldedAutoencoder) -> Details:
    assert vae.details is not None
    return vae.details


def _decoder_alone(vae: FoldedAutoencoder) -> Details:
    """Let the decoder of both layers be all that is trained; return the second layer."""
    layer = _layer(vae)
    vae.requires_grad_(False)
    layer.decoder.requires_grad_(True)
    return layer


def _at_rest(vae: FoldedAutoencoder) -> FoldedAutoencoder:
    """Bring an autoencoder to the CPU, in plain memory order, ready to be used and saved."""
    moved: FoldedAutoencoder = vae.to("cpu", memory_format=torch.contiguous_format).eval()
    return moved


def _train(run: DetailRun, accelerator: Accelerator, task: Task, settings: Optimisation, steps: int) -> Outcome:
    """Train a part; at its end the averaged weights are in place."""
    with StageReporter(task.name, accelerator) as reporter:
        folder = run.folder / task.name
        trainer = Trainer(accelerator, task, settings, Clock(Limits(steps)), Intervals(), folder, reporter)
        outcome = trainer.run()
        if outcome is Outcome.FINISHED:
            trainer.average.apply()
        reporter.say(f"{outcome.value} at step {trainer.step}")
    accelerator.free_memory()
    return outcome


def _train_and_keep(
    run: DetailRun, accelerator: Accelerator, task: Task, settings: Optimisation, steps: int, vae: FoldedAutoencoder
) -> Outcome:
    """Train a part; when it is done, write the autoencoder that it leaves."""
    outcome = _train(run, accelerator, task, settings, steps)
    if outcome is Outcome.FINISHED:
        replace_folder(run.folder / task.name / "vae", _at_rest(vae).save_pretrained)
    return outcome


def _watch_copies(
    folder: Path, vae: FoldedAutoencoder, lesson: Lesson, step: int, to: StageReporter
) -> Mapping[str, float]:
    """Tell the decibels of copies of held-back targets: of the first layer while it learns, then of both."""
    shown, device, both = lesson.shown, next(vae.parameters()).device, folder.name != "first"
    figures = {
        "psnr": reconstruction_psnr(vae, shown.pictures, device, details=both),
        "psnr_inside": reconstruction_psnr(vae, shown.pictures, device, shown.masks, details=both),
    }
    to.say(f"step {step}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    add_to_curve(folder / "validation.json", step, figures)
    return figures


def _watch_looks(
    folder: Path, vae: FoldedAutoencoder, lesson: Lesson, drawn: DrawnCrops, step: int, to: StageReporter
) -> Mapping[str, float]:
    """Tell how copies fare, and show some of what was drawn beside what is true."""
    shown = drawn.batch(range(_SHOWN))
    with torch.no_grad():
        made = _layer(vae).decode(shown.latents, shown.details).float()
    rows = [np.concatenate(to_pictures(pixels), axis=1) for pixels in (made, shown.pixels)]
    (folder / "drawn").mkdir(exist_ok=True)
    with atomic_path(folder / "drawn" / f"step-{step:06d}.png") as part:
        Image.fromarray(np.concatenate(rows)).save(part, "PNG")
    return _watch_copies(folder, vae, lesson, step, to)
