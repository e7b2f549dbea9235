"""Samplers by name, made from the model's own noise schedule, and noise at their levels.

Two conventions meet here. DDIM, UniPC and DPM++ keep a noisy latent as z_t = a z + s n with a^2 + s^2 = 1. Euler keeps
z + sigma n and divides by sqrt(sigma^2 + 1) before the network sees it. `noise_levels` asks the scheduler itself, so
that late starts and the `latent` strategy are right for both; the network's own view (`sampling.add_noise`) is the
first.

`ddpm` and `sde-dpm++` add fresh noise at every step. A denoiser that is undertrained at high noise makes errors there
that a deterministic sampler keeps and sharpens; fresh noise lets later steps correct them.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    SchedulerMixin,
    UniPCMultistepScheduler,
)

from stillyou.config import SchedulerName

_FEWEST = 4
"""Steps that are left at any strength, unless the whole schedule has fewer: it is divided more finely then."""


class AncestralScheduler(DDIMScheduler, SchedulerMixin):  # diffusers looks for the mixin's name in this module
    """DDIM with eta = 1: each step draws from DDPM's posterior (Song et al. 2020, arXiv 2010.02502, equation 16)."""

    def step(self, model_output: Any, timestep: Any, sample: Any, eta: float = 1.0, **options: Any) -> Any:
        """Take a step; see `DDIMScheduler.step`. `variance_noise` is the step's fresh noise."""
        return super().step(model_output, timestep, sample, eta=eta, **options)


_MADE: dict[str, tuple[Any, dict[str, Any]]] = {
    "unipc": (UniPCMultistepScheduler, {}),
    # Clipping the predicted z_0 to [-1, 1] is for pixels; latents reach further.
    "ddim": (DDIMScheduler, {"clip_sample": False}),
    "dpm++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_type": "midpoint"}),
    "euler": (EulerDiscreteScheduler, {}),
    "ddpm": (AncestralScheduler, {"clip_sample": False, "timestep_spacing": "trailing"}),
    "sde-dpm++": (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "sde-dpmsolver++", "solver_type": "midpoint", "timestep_spacing": "trailing"},
    ),
}


def make_scheduler(name: SchedulerName, own: Any) -> Any:
    """Return a sampler with the noise schedule and the kind of prediction of a model's own scheduler."""
    kind, options = _MADE[name]
    return kind.from_config(own.config, **options)


def is_stochastic(scheduler: Any) -> bool:
    """Tell whether a scheduler's steps take fresh noise (`variance_noise`)."""
    algorithm = str(scheduler.config.get("algorithm_type", ""))
    return isinstance(scheduler, AncestralScheduler) or algorithm.startswith("sde")


def start(
    scheduler: Any, steps: int, device: torch.device, strength: float = 1.0, refine: float = 1.0
) -> tuple[Any, torch.Tensor]:
    """Copy a scheduler and set it to where sampling starts.

    Args:
        scheduler: Any diffusers scheduler that steps by timesteps; it is copied, never changed.
        steps: Scheduler steps of the whole schedule (more below full strength, see `_FEWEST`); from a draft, the steps
            that are taken.
        device: Of the timesteps.
        strength: In (0, 1], see `first_step`.
        refine: In (0, 1]: the level that a draft is noised to, as a share of the schedule; 1 is no draft.

    Returns:
        The copy and the timesteps that are left.
    """
    scheduler = copy.deepcopy(scheduler)
    finer = round(steps / refine) if refine < 1 else math.ceil(min(steps, _FEWEST) / _level(strength))
    scheduler.set_timesteps(max(steps, finer), device=device)
    count = len(scheduler.timesteps)
    first = first_step(count, strength) if refine == 1 else max(0, count - steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)  # spares a search on the device at every step
    return scheduler, scheduler.timesteps[first:]


def first_step(steps: int, strength: float) -> int:
    """Return the index of the first step to take.

    The schedule's last 40% change textures only, so strength spreads over the rest. At least one step is left.
    """
    return min(steps - 1, round(steps * (1 - _level(strength))))


def _level(strength: float) -> float:
    """Return where sampling starts, as a share of the schedule."""
    return 0.4 + 0.6 * strength


def noise_levels(scheduler: Any, timesteps: torch.Tensor) -> list[tuple[float, float]]:
    """Return (a, s) of each step: a z + s n is z noised to what the scheduler expects before that step.

    The scheduler is asked on the CPU, ahead of sampling and whatever its own count of steps is.

    Args:
        scheduler: Set to where sampling starts, see `start`.
        timesteps: Those that are left, (K,).
    """
    probe, one = copy.deepcopy(scheduler), torch.ones(1, 1, 1, 1, dtype=torch.float64)
    probe.timesteps = probe.timesteps.cpu()
    first, levels = len(probe.timesteps) - len(timesteps), []
    for index, t in enumerate(timesteps.cpu(), first):
        if hasattr(probe, "set_begin_index"):
            probe._step_index = None
            probe.set_begin_index(index)
        a, s = (probe.add_noise(z, one - z, t.reshape(1)).item() for z in (one, 0 * one))
        levels.append((a, s))
    return levels
