"""A sampler's steps as plain linear combinations, found by probing the scheduler.

The deterministic samplers (DDIM, UniPC, DPM++, Euler) are linear: with z_j the latents that step j was given and e_j
its prediction, a step returns

    z_{k+1} = sum over j <= k of  A[k, j] z_j + B[k, j] e_j

and what the network sees is s_k z_k. The schedulers compute this anew in every step with dozens of small operations
and, for UniPC, two linear systems; on a GPU those take longer to launch than the network takes to run. Here a scheduler
steps once over unit vectors instead of latents, which reads off A, B and s; a step is then one weighted sum.

Schedulers that are not linear (clipping, thresholding) or draw noise of their own are recognised by a trial on random
numbers, and step themselves.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch

from stillyou.diffusion.schedule import is_stochastic

_KEPT = 16
_TOLERANCE = 1e-4
"""Largest difference of a trial, whose numbers have deviation `_SPREAD`: far above rounding, far below any clipping."""
_SPREAD = 10.0


@dataclass(frozen=True)
class StepWeights:
    """The numbers of a schedule of K steps, fp32, on the CPU.

    Attributes:
        inputs: s, (K,).
        steps: [A, B], (K, 2K).
    """

    inputs: torch.Tensor
    steps: torch.Tensor


class Stepper:
    """Takes a scheduler's steps.

    Args:
        scheduler: Set to where sampling starts; see `schedule.start`.
        timesteps: Those that are left, (K,).
        weights: Its weights, or None to let the scheduler step itself.
    """

    def __init__(self, scheduler: Any, timesteps: torch.Tensor, weights: StepWeights | None) -> None:
        self._scheduler, self._timesteps, self._weights = scheduler, timesteps, weights
        self._history: torch.Tensor | None = None

    def network_input(self, k: int, z_t: torch.Tensor) -> torch.Tensor:
        """Return what the network sees of the latents z_t (B, C, h, w) at step k."""
        if self._weights is None:
            scaled: torch.Tensor = self._scheduler.scale_model_input(z_t, self._timesteps[k])
            return scaled
        scale = float(self._weights.inputs[k])
        return z_t if scale == 1 else z_t * scale

    def step(self, k: int, e: torch.Tensor, z_t: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Return the latents after step k.

        Args:
            k: The step, from 0; steps are taken in order.
            e: Guided prediction (B, C, h, w).
            z_t: The latents that the prediction was made for, (B, C, h, w).
            noise: The step's fresh noise (B, C, h, w), for schedulers that take some.
        """
        if self._weights is None:
            fresh = {} if noise is None else {"variance_noise": noise}
            stepped: torch.Tensor = self._scheduler.step(e, self._timesteps[k], z_t, return_dict=False, **fresh)[0]
            return stepped
        count = len(self._timesteps)
        if self._history is None:
            self._table = self._weights.steps.to(z_t.device)
            self._history = torch.zeros(2 * count, *z_t.shape, dtype=torch.float32, device=z_t.device)
        self._history[k], self._history[count + k] = z_t, e
        row = self._table[k].view(-1, *[1] * z_t.ndim)
        return (self._history * row).sum(dim=0).to(z_t.dtype)


_known: OrderedDict[tuple[object, ...], StepWeights | None] = OrderedDict()


def stepper(scheduler: Any, timesteps: torch.Tensor) -> Stepper:
    """Return the fastest way to take a scheduler's steps.

    Args:
        scheduler: Set to where sampling starts; see `schedule.start`.
        timesteps: Those that are left, (K,).
    """
    if is_stochastic(scheduler):
        return Stepper(scheduler, timesteps, None)
    key = (type(scheduler), repr(sorted(scheduler.config.items(), key=str)), tuple(timesteps.tolist()))
    if key not in _known:
        _known[key] = step_weights(scheduler, timesteps)
    _known.move_to_end(key)
    while len(_known) > _KEPT:
        _known.popitem(last=False)
    return Stepper(scheduler, timesteps, _known[key])


def step_weights(scheduler: Any, timesteps: torch.Tensor) -> StepWeights | None:
    """Read the weights off a scheduler; None if its steps are not linear.

    Args:
        scheduler: Set to where sampling starts; a copy steps.
        timesteps: Those that are left, (K,).
    """
    count = len(timesteps)
    # Columns: z_0 ... z_{K-1}, e_0 ... e_{K-1}. Schedulers expect (B, C, h, w).
    units = torch.eye(2 * count, dtype=torch.float64).view(2 * count, 1, 2 * count, 1, 1)
    generator = torch.Generator().manual_seed(0)
    trial = _SPREAD * torch.randn(2 * count, 1, 64, 1, 1, dtype=torch.float64, generator=generator)
    try:
        with torch.random.fork_rng(devices=[]):  # a scheduler that draws noise must not move anyone's
            inputs, steps = _run(scheduler, timesteps, units[:count], units[count:])
            _, truth = _run(scheduler, timesteps, trial[:count], trial[count:])
    except (ValueError, TypeError, RuntimeError, IndexError):
        return None  # a scheduler that wants to be called otherwise
    found = steps @ trial.flatten(1)
    if not torch.allclose(found, truth, rtol=_TOLERANCE, atol=_TOLERANCE * _SPREAD):
        return None
    return StepWeights(inputs.float(), steps.float())


def _run(
    scheduler: Any, timesteps: torch.Tensor, latents: torch.Tensor, predictions: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Step a copy of a scheduler on the CPU.

    Args:
        scheduler: Set to where sampling starts.
        timesteps: (K,).
        latents: What each step is given, (K, 1, D, 1, 1), whatever the step before returned.
        predictions: Likewise.

    Returns:
        Factors of the network's input (K,), and what the steps returned (K, D).
    """
    scheduler, timesteps = copy.deepcopy(scheduler), timesteps.cpu()
    scheduler.timesteps = scheduler.timesteps.cpu()
    inputs, stepped = [], []
    for t, z_t, e in zip(timesteps, latents, predictions, strict=True):
        inputs.append(scheduler.scale_model_input(torch.ones(1, 1, 1, 1, dtype=torch.float64), t).flatten()[0])
        stepped.append(scheduler.step(e, t, z_t, return_dict=False)[0].double().flatten())
    return torch.stack(inputs).double(), torch.stack(stepped)
