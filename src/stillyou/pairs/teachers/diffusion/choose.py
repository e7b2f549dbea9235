"""The best of several candidates: the effect is there, and the rest is as it was.

How much a picture shows a prompt is asked of the base itself, as a classifier (Li et al. 2023, arXiv 2303.16203): noise
the picture to a few levels, and compare how well its noise is predicted with the target's and the source's prompt.

    gain = mean log(error with the source's prompt / error with the target's),   of the target less of the source
    kept = exp(- mean change outside the expected region / 12 levels)            score = gain · kept
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.diffusion.sampling import add_noise, draw_noise
from stillyou.pairs.teachers.conditioning.inputs import Inputs
from stillyou.pairs.teachers.conditioning.protocol import Job

_LEVELS = (0.35, 0.55, 0.75)
"""Shares of the schedule that pictures are noised to."""
_NOISE = 500
"""Purpose of the first level's noise, see `draw_noise`."""
_TOLERATED = 12.0
"""Mean change outside the region, in levels of 255, at which a candidate counts a third."""


@dataclass(frozen=True)
class Worth:
    """What a candidate is worth.

    Attributes:
        gain: How much more than the source it shows the target's prompt; at most 0 shows nothing.
        outside: Mean change outside the expected region, in levels of 255.
    """

    gain: float
    outside: float

    @property
    def score(self) -> float:
        """The product of effect and preservation; of candidates without effect the least bad."""
        return self.gain * float(np.exp(-self.outside / _TOLERATED)) if self.gain > 0 else self.gain - self.outside


@torch.inference_mode()
def gains(job: Job, pixels: torch.Tensor) -> list[float]:
    """Return how much more than the sources the targets (B, 3, H, W) in [-1, 1] show the target's prompt."""
    base, count = job.base, len(pixels)
    latents = torch.cat([base.encode(pixels.to(base.device)), job.path.latents[-1]])
    sayings = ([each.source for each in job.prompts], [each.target for each in job.prompts])
    inputs = [base.branches(prompts, 1.0)[1].inputs for prompts in sayings]
    total = torch.zeros(2 * count, device=latents.device)
    for number, level in enumerate(_LEVELS):
        t = torch.tensor(int(level * base.scheduler.config.num_train_timesteps), device=latents.device)
        noise = draw_noise(job.seeds, base.latent_shape, _NOISE + number).to(latents).repeat(2, 1, 1, 1)
        noisy = add_noise(base.scheduler, latents, noise, t)
        wanted = _wanted(base.scheduler, latents, noise, t)
        errors = [
            (base.predict(noisy, t, Inputs.stack([each, each])) - wanted).square().mean((1, 2, 3)) for each in inputs
        ]
        total += (errors[0] / errors[1].clamp(min=1e-12)).clamp(min=1e-12).log()
    mean = total / len(_LEVELS)
    return [float(gain) for gain in mean[:count] - mean[count:]]


def _wanted(scheduler: object, z: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return what a perfect network predicts: the noise, or the velocity sqrt(a) n - sqrt(1 - a) z."""
    if scheduler.config.prediction_type == "epsilon":  # type: ignore[attr-defined]
        return noise
    a = scheduler.alphas_cumprod.to(z)[t]  # type: ignore[attr-defined]
    return a.sqrt() * noise - (1 - a).sqrt() * z


def changes(sources: NDArray[np.uint8], targets: NDArray[np.uint8], regions: NDArray[np.bool_]) -> list[float]:
    """Return the mean change of pictures (B, H, W, 3) outside regions (B, H, W), in levels of 255."""
    apart = np.abs(sources.astype(np.float32) - targets).mean(-1)
    return [
        float(each[~inside].mean()) if not inside.all() else 0.0 for each, inside in zip(apart, regions, strict=True)
    ]


def best(candidates: Sequence[Worth]) -> int:
    """Return the number of the best candidate, the first of equals."""
    return max(range(len(candidates)), key=lambda number: candidates[number].score)
