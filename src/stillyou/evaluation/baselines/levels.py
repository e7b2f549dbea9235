"""Noise levels of a schedule and the steps between them.

With A_t the cumulated alphas of timestep t (A = 1 for a clean latent), a latent z_0 and standard normal noise n:

    z_t = sqrt(A_t) z_0 + sqrt(1 - A_t) n
    z_0(z_t, e) = (z_t - sqrt(1 - A_t) e) / sqrt(A_t)

A step from t to an earlier t' with fresh noise n (Song et al. 2020, arXiv 2010.02502, equations 12 and 16):

    sigma = eta sqrt((1 - A_t') / (1 - A_t)) sqrt(1 - A_t / A_t')
    mu    = sqrt(A_t') z_0(z_t, e) + sqrt(1 - A_t' - sigma^2) e
    z_t'  = mu + sigma n

eta = 0 is DDIM and can be run backwards, eta = 1 is DDPM.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

CLEAN = -1
"""The timestep of a latent without noise."""


@dataclass(frozen=True)
class Levels:
    """A noise schedule.

    Attributes:
        alphas: Cumulated alphas A_t of the training timesteps, (T,).
    """

    alphas: torch.Tensor

    def at(self, t: int) -> torch.Tensor:
        """Return A_t, a scalar; 1 for `CLEAN`."""
        return self.alphas.new_ones(()) if t == CLEAN else self.alphas[t]

    def timesteps(self, steps: int, share: float) -> list[int]:
        """Return steps + 1 timesteps from `share` of the schedule down to `CLEAN`, evenly spaced.

        Args:
            steps: Steps between them, at least 1.
            share: Where they start, in (0, 1].
        """
        last = share * len(self.alphas)
        return [max(0, round(last * k / steps) - 1) for k in range(steps, 0, -1)] + [CLEAN]

    def noised(self, z_0: torch.Tensor, n: torch.Tensor, t: int) -> torch.Tensor:
        """Return z_t for latents and noise (B, C, h, w)."""
        a = self.at(t)
        return a.sqrt() * z_0 + (1 - a).sqrt() * n

    def clean(self, z_t: torch.Tensor, e: torch.Tensor, t: int) -> torch.Tensor:
        """Return z_0(z_t, e), (B, C, h, w)."""
        a = self.at(t)
        return (z_t - (1 - a).sqrt() * e) / a.sqrt()

    def sigma(self, t: int, earlier: int, eta: float) -> torch.Tensor:
        """Return the deviation of a step's fresh noise, a scalar."""
        a, b = self.at(t), self.at(earlier)
        return eta * ((1 - b) / (1 - a)).sqrt() * (1 - a / b).clamp_min(0).sqrt()

    def mean(self, z_t: torch.Tensor, e: torch.Tensor, t: int, to: int, eta: float = 0.0) -> torch.Tensor:
        """Return mu of a step from t to another timestep; with eta = 0 that may also be a later one."""
        b = self.at(to)
        direction = (1 - b - self.sigma(t, to, eta) ** 2).clamp_min(0).sqrt() if eta else (1 - b).sqrt()
        return b.sqrt() * self.clean(z_t, e, t) + direction * e
