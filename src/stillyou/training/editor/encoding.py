"""Encodes a run's pairs into its cache, as a part of the editor's budget, with encoders that the device is lent to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import EditorSettings
from stillyou.training.data.cache import LatentCache, cache_key, open_or_build
from stillyou.training.data.pair_encoder import CacheSettings, LatentEncoder, PairEncoder, pairs_at_a_time
from stillyou.training.editor.frozen import ENCODERS, FrozenEncoder
from stillyou.training.loop.clock import Clock
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.loop.signals import StopSignals
from stillyou.training.loop.task import Outcome
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
    clock: Clock,
) -> LatentCache | Outcome:
    """Open or make the latent cache; the first process makes it, and decides for all.

    Args:
        run: The run.
        accelerator: Device and processes.
        pipeline: Encodes.
        datasets: Pairs, in the order of the cache's rows.
        reporter: Where progress goes.
        clock: The editor stage's; encoding takes of its budget and stops for its pauses.

    Returns:
        The cache, or why the session ends before it is made; what is encoded by then stays.

    Raises:
        StillYouError: The budget ended first, there are no pairs, a shard is damaged, or the disk is full.
    """
    config, device = run.request.config, accelerator.device
    frozen = config.editor.frozen_encoders
    encoder = make_encoder(pipeline, encoder_settings(pipeline, config.editor, config.seed), config.editor, device)
    begun = clock.elapsed
    stop: list[Outcome | None] = [None]
    with encoders_on(pipeline, device) if frozen else nullcontext():
        pipeline.vae.to(device)
        if accelerator.is_main_process:
            stop[0] = _encode(run.folder / "cache", datasets, encoder, device, reporter, clock)
    if accelerator.num_processes > 1:
        broadcast_object_list(stop)
    if stop[0] is not None:
        return stop[0]
    cache = open_or_build(run.folder / "cache", datasets, encoder, device=device)
    assert cache is not None
    reporter.say(f"latents ready after {duration(clock.elapsed - begun)} ({cache.bytes / 2**20:.0f} MiB)")
    # Beside large networks half of what is free now is soon used otherwise.
    return cache.placed(
        device, reserve=torch.cuda.mem_get_info(device)[0] * 3 // 4 if frozen and device.type == "cuda" else 0
    )


def _encode(
    folder: Path,
    datasets: Sequence[PairDataset],
    encoder: PairEncoder,
    device: torch.device,
    reporter: StageReporter,
    clock: Clock,
) -> Outcome | None:
    """Make the cache; return why it is not whole, or None."""
    begun, at = clock.elapsed, [-1, 0]  # pairs done at the start, and now
    if not (folder / cache_key(datasets, encoder)).is_dir():
        reporter.say(f"encoding {sum(map(len, datasets))} pairs, {encoder.settings.copies} copies each")
    with StopSignals() as signals:

        def go_on(done: int, total: int) -> bool:
            at[:] = [done if at[0] < 0 else at[0], done]
            fresh = done - at[0]
            left = (clock.elapsed - begun) / fresh * (total - done) if fresh else None
            shown = clock.progress(0) if clock.limits.budget else done / total
            reporter.update(shown, f"encoded {done} of {total} pairs", remaining=left)
            return signals.outcome is None and not clock.finished(0) and not clock.paused()

        cache = open_or_build(folder, datasets, encoder, device=device, go_on=go_on)
    if cache is None and signals.outcome is None and clock.finished(0):
        raise StillYouError(
            f"the budget ended while pairs were encoded; {at[1]} of {sum(map(len, datasets))} are kept",
            "Repeat the command with more --budget-minutes.",
        )
    return None if cache is not None else Outcome(signals.outcome or Outcome.PAUSED.value)


def encoder_settings(pipeline: MultiConditionedPipeline, editor: EditorSettings, seed: int) -> CacheSettings:
    """Return what the cache of a pipeline depends on besides pairs and weights."""
    return CacheSettings(
        resolution=pipeline.resolution,
        vision_size=pipeline.image_encoder.config.image_size,
        copies=editor.copies,
        seed=seed,
        drafts=editor.drafts > 0,
    )


def make_encoder(
    pipeline: MultiConditionedPipeline, settings: CacheSettings, editor: EditorSettings, device: torch.device
) -> PairEncoder:
    """Return what encodes pairs for a pipeline; its autoencoder is left in fp32."""
    vae = pipeline.vae.float().eval().requires_grad_(False)
    if editor.frozen_encoders:
        return FrozenEncoder(pipeline, settings, editor.posterior == "sample")
    return LatentEncoder(vae, settings, pairs_at_a_time(settings.resolution, device))
