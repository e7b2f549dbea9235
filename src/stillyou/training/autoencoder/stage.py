"""Drives the autoencoder stage: pictures in, `run/autoencoder/vae` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from stillyou.diffusion.autoencoder import LatentAutoencoderTiny
from stillyou.draws import generator
from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.autoencoder.learn import (
    AutoencoderObjective,
    DrawPictures,
    PictureBatches,
    measure_latents,
    reconstruction_psnr,
)
from stillyou.training.data.frames import load_pictures
from stillyou.training.data.held_out import held_back
from stillyou.training.data.mixture import Part
from stillyou.training.device import stream_share
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.loop.trainer import Intervals, Outcome, Task, Trainer
from stillyou.training.model import replace_folder
from stillyou.training.run import Run, stage_reporter
from stillyou.training.start import first_autoencoder

_SHOWN = 32
"""Held-back pairs that the PSNR is taken over."""


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
        pictures, shown = _pictures(run, parts)
        vae = first_autoencoder(config)
        vae.to(memory_format=torch.channels_last)
        model = AutoencoderObjective(vae, config.autoencoder.latent_noise)
        device = accelerator.device
        task = _task(run, accelerator, parts, model, pictures, lambda step, to: _report_psnr(vae, shown, device, to))
        trainer = Trainer(
            accelerator,
            task,
            config.autoencoder,
            clock,
            Intervals(config.checkpoint_minutes, config.checkpoint_steps, config.validate_minutes),
            run.folder / "autoencoder",
            reporter,
        )
        outcome = trainer.run()
        figures: dict[str, Any] = {"steps": trainer.step, "seconds": round(clock.elapsed, 1)}
        if outcome is Outcome.FINISHED:
            figures["psnr"] = _finish(run, accelerator, trainer, vae, pictures, shown)
        if accelerator.is_main_process:
            run.record("autoencoder", clock.elapsed)
        accelerator.wait_for_everyone()
        accelerator.free_memory()
        reporter.say(f"{outcome.value} after {duration(clock.elapsed)}")
        return outcome, figures


def _task(
    run: Run,
    accelerator: Accelerator,
    parts: Sequence[Part],
    model: AutoencoderObjective,
    pictures: torch.Tensor,
    validate: Callable[[int, StageReporter], Mapping[str, float]],
) -> Task:
    """Bring network, batches and what a checkpoint must agree with together."""
    config, device = run.request.config, accelerator.device
    side = config.architecture.latent_size
    shape = (config.architecture.latent_channels, side, side)
    batches = PictureBatches(
        _placed(pictures, device),
        DrawPictures(config.seed, len(pictures), shape),
        config.autoencoder.batch,
        device,
        stream_share(accelerator, 4 * config.autoencoder.batch * int(np.prod(shape))),
    )
    identity = {
        "seed": config.seed,
        "batch": config.autoencoder.batch,
        "architecture": config.architecture.model_dump(mode="json"),
        "pairs": "+".join(part.data.fingerprint() for part in parts),
        "start": config.start,
    }
    return Task("autoencoder", model, ("reconstruction",), batches, identity, validate)


def _finish(
    run: Run,
    accelerator: Accelerator,
    trainer: Trainer,
    vae: LatentAutoencoderTiny,
    pictures: torch.Tensor,
    shown: torch.Tensor,
) -> float:
    """Take the averaged weights, measure latents, and save; return the PSNR in dB.

    Raises:
        StillYouError: There was no time for a single step.
    """
    if not trainer.step:
        raise StillYouError("the budget left no time to train the autoencoder", "Give more --budget-minutes.")
    trainer.average.apply()
    vae.eval()
    measure_latents(vae, pictures, accelerator.device)
    psnr = round(reconstruction_psnr(vae, shown, accelerator.device), 2)
    if accelerator.is_main_process:
        vae.to("cpu", memory_format=torch.contiguous_format)
        replace_folder(run.vae, lambda folder: vae.save_pretrained(folder))
    return psnr


def _pictures(run: Run, parts: Sequence[Part]) -> tuple[torch.Tensor, torch.Tensor]:
    """Load training pictures and held-back ones; of each dataset its share, chosen at random if there are more."""
    config, whole = run.request.config, sum(part.share for part in parts)
    loaded, shown = [], []
    for part in parts:
        count, few = (max(1, round(part.share / whole * most)) for most in (config.autoencoder.pictures // 2, _SHOWN))
        chosen, back = _chosen(part.data, config.seed, count, config.held_back)
        loaded.append(load_pictures(part.data, chosen, config.architecture.resolution))
        shown.append(load_pictures(part.data, (back or chosen[:1])[:few], config.architecture.resolution))
    return torch.cat(loaded), torch.cat(shown)


def _chosen(data: PairDataset, seed: int, count: int, hidden: int) -> tuple[list[int], list[int]]:
    """Choose pairs to learn from, in the dataset's order, and those held back."""
    keys = [row["key"] for row in data.rows(("key",))]
    if not keys:
        raise StillYouError(f"{data.path} has no accepted pairs", "Look at them with: stillyou pairs show")
    back = held_back(keys, seed, hidden)
    rest = np.setdiff1d(np.arange(len(keys)), back)
    chosen = generator(seed, "autoencoder pictures").permutation(rest)[:count]
    return [int(index) for index in np.sort(chosen)], back


def _placed(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Put all pictures on a GPU if at most half of its free memory suffices."""
    if device.type != "cuda" or pictures.nbytes > torch.cuda.mem_get_info(device)[0] // 2:
        return pictures
    return pictures.to(device)


def _report_psnr(
    vae: Any, pictures: torch.Tensor, device: torch.device, reporter: StageReporter
) -> Mapping[str, float]:
    psnr = reconstruction_psnr(vae, pictures, device)
    reporter.say(f"{psnr:.2f} dB on held-back pairs")
    return {"psnr": psnr}
