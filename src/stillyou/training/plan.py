"""What a run would do, without doing it: settings, sizes, and the stages that are left."""

from __future__ import annotations

import os
from typing import Any

from torch import nn

from stillyou.diffusion.network import build_components
from stillyou.diffusion.speed.memory import GIGABYTE
from stillyou.models.from_base import IMAGE_ENCODER, sketch_base
from stillyou.training.config import Stage, TrainingConfig
from stillyou.training.editor.memory import at_a_time, count_memory, subject
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.model import load_init
from stillyou.training.run import Request, Run
from stillyou.training.stages import check_inputs

_NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")


def plan(request: Request) -> dict[str, Any]:
    """Describe a run as plain data; nothing is written.

    Raises:
        UsageError: The request cannot be run, as in `stages.run_training`.
    """
    check_inputs(request)
    run, config = Run(request), request.config
    networks, resolution = _networks(request)
    parameters = {name: _count(networks[name]) for name in _NETWORKS}
    planned = {
        "run": str(request.folder),
        "pairs": str(request.pairs or run.folder / "pairs"),
        "init": request.init,
        "base": request.base,
        "parameters": parameters | {"total": sum(parameters.values())},
        "stages": {stage: _stage(run, stage, run.expected_seconds().get(stage)) for stage in request.stages},
        "config": config.model_dump(mode="json"),
    }
    if config.editor.frozen_encoders:
        planned["memory"] = _memory(networks, resolution, config)
    return planned


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


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _stage(run: Run, stage: Stage, seconds: float | None) -> str:
    limits = run.limits(stage)
    parts = []
    if limits.steps is not None:
        parts.append(f"{limits.steps} steps")
    if seconds is not None:
        parts.append(f"{seconds / 60:.1f} minutes")
    if stage == "render":
        settings = run.request.config.render
        goals = [f"{settings.goal(name)} of {name}" for name in settings.teachers]
        parts.append(f"up to {' and '.join(goals)} candidates an effect")
    state = newest_state(run.folder / stage)
    if state is not None:
        parts.append(f"resuming at step {state.step}")
    return ", ".join(parts)
