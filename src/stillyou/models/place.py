"""Putting `SpeedSettings` to work on a loaded pipeline."""

from __future__ import annotations

import time
from typing import Any

import torch

from stillyou.diffusion.autoencoder import SMALL
from stillyou.diffusion.conditions import Conditions
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.schedule import make_scheduler
from stillyou.diffusion.speed.attention import fuse_attention
from stillyou.diffusion.speed.feature_cache import FeatureCache
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.diffusion.speed.tokens import TokenCache
from stillyou.errors import StillYouError, requires

_LEAST_TILE = 64


def speed_up(pipeline: MultiConditionedPipeline, speed: SpeedSettings, device: torch.device) -> None:
    """Move a pipeline to a device and make it run as the settings say.

    On a GPU the convolutions get their memory format (channels last) and attention its projections in one matrix.

    Args:
        pipeline: Loaded, with whatever LoRA it shall have: fused attention would not see one that comes later.
        speed: The settings; precision was chosen when the weights were read.
        device: Where it runs.
    """
    pipeline.speed = speed
    pipeline.tokens = TokenCache()
    sampler = speed.scheduler or pipeline.card.sampler
    if sampler is not None:
        pipeline.scheduler = make_scheduler(sampler, pipeline.scheduler)
    if speed.tile_vae:
        _tile(pipeline.vae, pipeline.resolution)
    if speed.offload:
        requires("train", "accelerate")
        pipeline.enable_model_cpu_offload(device=device)
        return
    pipeline.to(device)
    if device.type == "cuda":
        fuse_attention(pipeline.unet)
        for network in (pipeline.unet, pipeline.vae):
            network.to(memory_format=torch.channels_last)
    if speed.compile:
        pipeline.unet.compile(mode="reduce-overhead", dynamic=False)


def compile_seconds(pipeline: MultiConditionedPipeline, batch: int = 1) -> float:
    """Compile for batches of one size now rather than during the first edit.

    Args:
        pipeline: With `SpeedSettings.compile`.
        batch: Pictures that are edited at a time.

    Returns:
        Seconds that it took.

    Raises:
        StillYouError: There is no compiler, or it cannot compile this.
    """
    started = time.perf_counter()
    try:
        _rehearse(pipeline, 4 * batch)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StillYouError(
            f"torch.compile does not work here ({reason:.160})", "Install a C compiler (gcc), or leave out --compile."
        ) from error
    return time.perf_counter() - started


@torch.inference_mode()
def _rehearse(pipeline: MultiConditionedPipeline, rows: int) -> None:
    """Predict for a batch of zeros of the shapes and kinds of tensors of an edit: others would compile anew."""
    device, config, side = pipeline._execution_device, pipeline.unet.config, pipeline.resolution // 8
    noisy = torch.zeros(rows, config.in_channels // 2, side, side, device=device)
    tokens = torch.zeros(rows, _token_count(pipeline), config.cross_attention_dim, device=device)
    predict = pipeline.denoiser.predict
    if pipeline.speed.feature_interval > 1:
        predict = FeatureCache(pipeline.unet, pipeline.speed.feature_interval, compiled=True).predict
    t = torch.tensor(1, device=device)
    for _ in range(3):  # compile, record the graphs, replay them
        predict(noisy, t, Conditions(noisy, tokens))


def _token_count(pipeline: MultiConditionedPipeline) -> int:
    """Return how many tokens the cross attention reads: text, then image."""
    text = int(pipeline.text_encoder.config.max_position_embeddings)
    return text + int(pipeline.adapter.linear1.out_features)


def _tile(vae: Any, resolution: int) -> None:
    """Let an autoencoder work on tiles of half the picture's side, a picture at a time.

    Small ones work on whole pictures all the same: they need little, and the tiny one's tiles know 4 latent channels.
    """
    vae.enable_slicing()
    if isinstance(vae, SMALL):
        return
    vae.enable_tiling()
    vae.tile_sample_min_size = max(_LEAST_TILE, resolution // 2)
    vae.tile_latent_min_size = vae.tile_sample_min_size // 8
