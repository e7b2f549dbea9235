"""The networks of a request by their sizes: parameters, and what a step of large ones takes in memory."""

from __future__ import annotations

import os
from typing import Any

from stillyou.diffusion.network import build_components
from stillyou.diffusion.speed.memory import GIGABYTE
from stillyou.models.from_base import IMAGE_ENCODER, sketch_base
from stillyou.training.config import TrainingConfig
from stillyou.training.editor.memory import at_a_time, count_memory, subject
from stillyou.training.model import load_init
from stillyou.training.run import Request

_NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")


def describe_sizes(request: Request) -> dict[str, Any]:
    """Return parameters by network, and for frozen encoders the counted memory of a step, as plain data."""
    networks, resolution = _networks(request)
    parameters = {name: sum(weight.numel() for weight in networks[name].parameters()) for name in _NETWORKS}
    described: dict[str, Any] = {"parameters": parameters | {"total": sum(parameters.values())}}
    if request.config.editor.frozen_encoders:
        described["memory"] = _memory(networks, resolution, request.config)
    return described


def _networks(request: Request) -> tuple[dict[str, Any], int]:
    """Return the networks by name, without weights where they are not at hand, and the side of the pictures."""
    config = request.config
    if request.init is not None:
        pipeline = load_init(request.init)
        return dict(pipeline.components), pipeline.resolution
    if request.base is not None:
        return sketch_base(request.base, request.image_encoder or IMAGE_ENCODER, resolution=config.resolution)
    components: dict[str, Any] = build_components(config.architecture, [])
    return components, config.architecture.resolution


def _memory(networks: dict[str, Any], resolution: int, config: TrainingConfig) -> dict[str, Any]:
    """Count what a step takes on a device, in GB; `auto` is taken for bf16, which GPUs of this size have."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    batch, half = at_a_time(config.editor, processes), config.precision != "fp32"
    counted = count_memory(subject(networks, resolution), config.editor, batch, half, processes)
    return {
        "how": f"counted, not measured: {batch} of {resolution} px at a time in {'16' if half else '32'} bits",
        **{f"{name}_gb": round(value / GIGABYTE, 2) for name, value in counted.items()},
        "total_gb": round(sum(counted.values()) / GIGABYTE, 1),
    }
