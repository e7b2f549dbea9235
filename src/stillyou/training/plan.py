"""What a run would do, without doing it: settings, sizes, and the stages that are left."""

from __future__ import annotations

from typing import Any

from torch import nn

from stillyou.diffusion.network import build_components
from stillyou.training.checkpoint import newest_state
from stillyou.training.config import Stage
from stillyou.training.model import load_init
from stillyou.training.runs import Request, Run
from stillyou.training.stages import check_inputs

_NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")


def plan(request: Request) -> dict[str, Any]:
    """Describe a run as plain data; nothing is written.

    Raises:
        UsageError: The request cannot be run, as in `stages.run_training`.
    """
    check_inputs(request)
    run = Run(request)
    parameters = _parameters(request)
    return {
        "run": str(request.folder),
        "pairs": str(request.pairs or run.pairs),
        "init": request.init,
        "parameters": parameters | {"total": sum(parameters.values())},
        "stages": {stage: _stage(run, stage, run.expected_seconds().get(stage)) for stage in request.stages},
        "config": request.config.model_dump(mode="json"),
    }


def _parameters(request: Request) -> dict[str, int]:
    components: Any
    if request.init is not None:
        components = load_init(request.init).components
    else:
        components = build_components(request.config.architecture, [])
    return {name: _count(components[name]) for name in _NETWORKS}


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
        parts.append(f"up to {run.request.config.render.candidates} candidates an effect")
    state = newest_state(run.folder / stage)
    if state is not None:
        parts.append(f"resuming at step {state.step}")
    return ", ".join(parts)
