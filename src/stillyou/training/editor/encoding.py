"""Encodes a run's pairs into its cache, with encoders that the device is lent to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from accelerate import Accelerator

from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import EditorSettings
from stillyou.training.data.cache import (
    CacheSettings,
    LatentCache,
    LatentEncoder,
    PairEncoder,
    cache_key,
    open_or_build,
)
from stillyou.training.editor.frozen import ENCODERS, FrozenEncoder
from stillyou.training.loop.clock import Clock, Limits
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.run import Run


@contextmanager
def encoders_on(pipeline: MultiConditionedPipeline, device: torch.device) -> Iterator[None]:
    """Lend frozen encoders the device for a while; in between its memory is the training's."""
    for name in ENCODERS:
        getattr(pipeline, name).float().eval().requires_grad_(False).to(device)
    try:
        yield
    finally:
        for name in ENCODERS:
            getattr(pipeline, name).to("cpu")
        if device.type == "cuda":
            torch.cuda.empty_cache()


def encode_pairs(
    run: Run,
    accelerator: Accelerator,
    pipeline: MultiConditionedPipeline,
    datasets: Sequence[PairDataset],
    reporter: StageReporter,
) -> LatentCache:
    """Open or make the latent cache; the first process makes it."""
    config, folder, device = run.request.config, run.folder / "cache", accelerator.device
    frozen = config.editor.frozen_encoders
    settings = CacheSettings(
        resolution=pipeline.resolution,
        vision_size=pipeline.image_encoder.config.image_size,
        copies=config.editor.copies,
        seed=config.seed,
    )
    clock, encoder = Clock(Limits()), _encoder(pipeline, settings, config.editor)
    if not (folder / cache_key(datasets, encoder)).is_dir():
        reporter.say(f"encoding {sum(map(len, datasets))} pairs, {settings.copies} copies each")
    lent = encoders_on(pipeline, device) if frozen else nullcontext()
    with accelerator.main_process_first(), lent:
        pipeline.vae.to(device)
        cache = open_or_build(
            folder,
            datasets,
            encoder,
            device=device,
            advance=lambda done, total: reporter.update(
                0.0, f"encoded {done} of {total} pairs", remaining=clock.elapsed * (total / done - 1)
            ),
        )
    reporter.say(f"latents ready after {duration(clock.elapsed)} ({cache.bytes / 2**20:.0f} MiB)")
    # Beside large networks half of what is free now is soon used otherwise.
    return cache.placed(
        device, reserve=torch.cuda.mem_get_info(device)[0] * 3 // 4 if frozen and device.type == "cuda" else 0
    )


def _encoder(pipeline: MultiConditionedPipeline, settings: CacheSettings, editor: EditorSettings) -> PairEncoder:
    vae = pipeline.vae.float().eval().requires_grad_(False)
    if editor.frozen_encoders:
        return FrozenEncoder(pipeline, settings, editor.posterior == "sample")
    return LatentEncoder(vae, settings)
