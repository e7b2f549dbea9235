"""Drives the autoencoder stage: pictures in, `run/autoencoder/vae` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from stillyou.diffusion.autoencoder import SmallAutoencoder, details_of
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.errors import StillYouError
from stillyou.training.autoencoder.components import start_at_components
from stillyou.training.autoencoder.crops import CropBatches, DrawCrops, weighted_targets
from stillyou.training.autoencoder.curve import add_to_curve
from stillyou.training.autoencoder.learn import (
    AutoencoderObjective,
    DrawPictures,
    PictureBatch,
    PictureBatches,
    latent_statistics,
    measure_latents,
    reconstruction_psnr,
)
from stillyou.training.autoencoder.sources import Shown, crop_sources, photograph_files, whole_pictures
from stillyou.training.data.mixture import Part
from stillyou.training.device import stream_share
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.loop.trainer import Intervals, Outcome, Task, Trainer
from stillyou.training.model import replace_folder
from stillyou.training.run import Run, stage_reporter
from stillyou.training.start import autoencoder_is_new, first_autoencoder

_MEASURED = 1024
"""Pictures of each source that latents are measured on where crops are learned."""


@dataclass(frozen=True)
class Lesson:
    """What the stage learns from.

    Attributes:
        labels: Groups of the log.
        batches: Batches from a step on.
        measured: Pictures that the latents' statistics are taken over, (M, 3, H, W) uint8.
        shown: Held-back pictures.
    """

    labels: tuple[str, ...]
    batches: Callable[[int], Iterator[PictureBatch]]
    measured: torch.Tensor
    shown: Shown


def train_autoencoder(run: Run, accelerator: Accelerator, parts: Sequence[Part]) -> tuple[Outcome, Mapping[str, Any]]:
    """Train or go on training; a finished autoencoder is kept, because the editor's latents depend on it.

    Args:
        run: The run.
        accelerator: Device, precision, processes.
        parts: Pairs; pictures are taken of each dataset by its share.

    Raises:
        StillYouError: There are no pairs, or the budget left no time.
    """
    config = run.request.config
    with stage_reporter("autoencoder", accelerator) as reporter:
        if (run.vae / "config.json").is_file():
            reporter.say(f"{run.vae} is complete")
            return Outcome.FINISHED, {"skipped": True}
        clock = run.clock("autoencoder")
        vae = first_autoencoder(config)
        if config.start is not None and details_of(vae) is not None:
            # Its second layer was learned for just these latents (`training.details`).
            if accelerator.is_main_process:
                replace_folder(run.vae, lambda folder: vae.save_pretrained(folder))
            accelerator.wait_for_everyone()
            reporter.say(f"the autoencoder of '{config.start}' is kept: it draws details that were learned for it")
            return Outcome.FINISHED, {"skipped": True}
        if autoencoder_is_new(config):
            reporter.say(
                f"another autoencoder than that of '{config.start}': it begins anew, "
                "and so do the layers of the editor that read or write its latents"
            )
        lesson = (_whole if config.autoencoder.crop is None else _cropped)(run, accelerator, parts, vae)
        vae.to(memory_format=torch.channels_last)
        trainer = Trainer(
            accelerator,
            _task(run, parts, vae, lesson, accelerator.device),
            config.autoencoder,
            clock,
            Intervals(config.checkpoint_minutes, config.checkpoint_steps, config.validate_minutes),
            run.folder / "autoencoder",
            reporter,
        )
        outcome = trainer.run()
        figures: dict[str, Any] = {"steps": trainer.step, "seconds": round(clock.elapsed, 1)}
        if outcome is Outcome.FINISHED:
            figures["psnr"] = _finish(run, accelerator, trainer, vae, lesson)
        if accelerator.is_main_process:
            run.record("autoencoder", clock.elapsed)
        accelerator.wait_for_everyone()
        accelerator.free_memory()
        reporter.say(f"{outcome.value} after {duration(clock.elapsed)}")
        return outcome, figures


def _whole(run: Run, accelerator: Accelerator, parts: Sequence[Part], vae: SmallAutoencoder) -> Lesson:
    """Learn whole pictures."""
    config, device = run.request.config, accelerator.device
    pictures, shown = whole_pictures(config, parts)
    shape = (config.architecture.latent_channels, config.architecture.latent_size, config.architecture.latent_size)
    if isinstance(vae, FoldedAutoencoder) and vae.linear_alone:
        start_at_components(vae, pictures, torch.ones(len(pictures), 1, *pictures.shape[2:]))
    batches = PictureBatches(
        _placed(pictures, device),
        DrawPictures(config.seed, len(pictures), shape),
        config.autoencoder.batch,
        device,
        stream_share(accelerator, 4 * config.autoencoder.batch * int(np.prod(shape))),
    )
    return Lesson(("reconstruction",), batches, pictures, shown)


def _cropped(run: Run, accelerator: Accelerator, parts: Sequence[Part], vae: SmallAutoencoder) -> Lesson:
    """Learn crops around what edits change."""
    config, settings = run.request.config, run.request.config.autoencoder
    sources, shown = crop_sources(config, parts)
    side = min(settings.crop or config.architecture.resolution, config.architecture.resolution)
    shape = (config.architecture.latent_channels, side // 8, side // 8)
    if isinstance(vae, FoldedAutoencoder) and vae.linear_alone:
        start_at_components(vae, *weighted_targets(sources, settings.edit_weight, _MEASURED // 4))
    batches = CropBatches(
        sources,
        DrawCrops(config.seed, [source.share for source in sources], shape),
        side,
        settings.edit_weight,
        settings.batch,
        accelerator.device,
        stream_share(accelerator, 4 * settings.batch * (int(np.prod(shape)) + side * side)),
    )
    measured = torch.cat([_some(source.pictures) for source in sources if source.masks is not None])
    return Lesson(tuple(source.name for source in sources), batches, measured, shown)


def _some(pictures: torch.Tensor) -> torch.Tensor:
    """Return up to `_MEASURED` pictures, evenly spread."""
    return pictures[torch.linspace(0, len(pictures) - 1, min(_MEASURED, len(pictures))).round().long()]


def _task(run: Run, parts: Sequence[Part], vae: SmallAutoencoder, lesson: Lesson, device: torch.device) -> Task:
    """Bring network, batches and what a checkpoint must agree with together."""
    config, settings = run.request.config, run.request.config.autoencoder
    identity: dict[str, Any] = {
        "seed": config.seed,
        "batch": settings.batch,
        "architecture": config.architecture.recorded(),
        "pairs": "+".join(part.data.fingerprint() for part in parts),
        "start": config.start,
    }
    if settings.crop is not None:
        # Of crops alone, so that runs which began before there were any go on.
        files = photograph_files(Path(settings.photographs)) if settings.photographs else []
        identity["crops"] = [settings.crop, settings.edit_weight, settings.made_up, settings.squares]
        identity["photographs"] = [[path.name, path.stat().st_size] for path in files]
    model = AutoencoderObjective(vae, settings.latent_noise, settings.squares)
    return Task(
        "autoencoder",
        model,
        lesson.labels,
        lesson.batches,
        identity,
        lambda step, to: _watch(run, vae, lesson, device, step, to),
    )


def _watch(
    run: Run, vae: SmallAutoencoder, lesson: Lesson, device: torch.device, step: int, reporter: StageReporter
) -> Mapping[str, float]:
    """Tell the PSNR of held-back pictures; `autoencoder/validation.json` keeps it with their latents' statistics."""
    shown = lesson.shown
    figures = {"psnr": reconstruction_psnr(vae, shown.pictures, device)}
    told = f"{figures['psnr']:.2f} dB on held-back pairs"
    if shown.masks is not None:
        figures["psnr_inside"] = reconstruction_psnr(vae, shown.pictures, device, shown.masks)
        told += f", {figures['psnr_inside']:.2f} dB inside their masks"
    mean, variance = latent_statistics(vae, shown.pictures, device)
    figures |= {"latents_mean": mean.abs().max().item(), "latents_std": variance.mean().sqrt().item()}
    reporter.say(f"step {step}: {told}; latents of deviation {figures['latents_std']:.2f}")
    add_to_curve(run.folder / "autoencoder" / "validation.json", step, figures)
    return figures


def _finish(run: Run, accelerator: Accelerator, trainer: Trainer, vae: SmallAutoencoder, lesson: Lesson) -> float:
    """Take the averaged weights, measure latents, and save; return the PSNR in dB.

    Raises:
        StillYouError: There was no time for a single step.
    """
    if not trainer.step:
        raise StillYouError("the budget left no time to train the autoencoder", "Give more --budget-minutes.")
    trainer.average.apply()
    vae.eval()
    measure_latents(vae, lesson.measured, accelerator.device)
    psnr = round(reconstruction_psnr(vae, lesson.shown.pictures, accelerator.device), 2)
    if accelerator.is_main_process:
        vae.to("cpu", memory_format=torch.contiguous_format)
        replace_folder(run.vae, lambda folder: vae.save_pretrained(folder))
    return psnr


def _placed(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Put all pictures on a GPU if at most half of its free memory suffices."""
    if device.type != "cuda" or pictures.nbytes > torch.cuda.mem_get_info(device)[0] // 2:
        return pictures
    return pictures.to(device)
