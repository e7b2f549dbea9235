"""The hooks of a condition, and the job that conditions act on.

A target is sampled beside its source. The source has a path: its latents before each of K steps and after the last,
z_0 ... z_K, with z_K its clean latents; a picture of the user's gets the path of its noised latents. Conditions are
asked in turn:

    prompts     what both prompts say                         begin    where the target starts, from which noise
    inputs      what the UNet reads besides                   rule     what happens to attention at a step
    after       the latents after a step                      finish   the pixels at the end

Shapes: B pairs, latents (B, C, h, w), pictures (B, H, W, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.diffusion.sampling import draw_noise
from stillyou.drafts.fit import Fit
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.pairs.teachers.conditioning.attention import Rule
from stillyou.pairs.teachers.conditioning.base import Base
from stillyou.pairs.teachers.conditioning.inputs import Branches

STEP_NOISE = 1000
"""Purpose of the first step's fresh noise, see `draw_noise`; the initial noise has 0."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """Where the steps are.

    Attributes:
        scheduler: Set to all K timesteps.
        timesteps: (K,).
        levels: (a, s) of each step and after the last: a z + s n is z noised to it.
        stochastic: Whether steps take fresh noise.
    """

    scheduler: Any
    timesteps: torch.Tensor
    levels: tuple[tuple[float, float], ...]
    stochastic: bool

    def __len__(self) -> int:
        return len(self.timesteps)

    def index(self, level: float) -> int:
        """Return the first step when a share of the steps is left; at least one is."""
        return min(len(self) - 1, round((1 - level) * len(self)))


@dataclass(frozen=True, eq=False)
class Path:
    """A source on its way from noise to picture.

    Attributes:
        latents: z_0 ... z_K.
        branches: What its UNet calls read.
    """

    latents: tuple[torch.Tensor, ...]
    branches: Branches


@dataclass(frozen=True, eq=False)
class Job:
    """A batch of targets to be sampled, of one effect.

    Attributes:
        base: The model.
        schedule: Its steps.
        path: The sources'.
        pictures: The sources (B, H, W, 3) uint8, at the base's size.
        fits: Where things sit on them; None where it could not be told.
        effect: What targets show.
        prompts: Source and target prompt of each pair.
        seeds: Of the sources.
        own_seeds: Of the targets.
    """

    base: Base
    schedule: Schedule
    path: Path
    pictures: NDArray[np.uint8]
    fits: Sequence[Fit | None]
    effect: EffectSpec
    prompts: Sequence[Prompts]
    seeds: Sequence[int]
    own_seeds: Sequence[int]


@dataclass(frozen=True, eq=False)
class Begin:
    """Where a target starts.

    Attributes:
        first: The first step that is taken.
        share: Share of the source's noise in the target's.
        origin: Clean latents that are noised to that step; None is pure noise, or the source's path.
        on_path: Whether it starts on the source's path.
    """

    first: int = 0
    share: float = 0.0
    origin: torch.Tensor | None = None
    on_path: bool = False

    def noise(self, job: Job, purpose: int) -> torch.Tensor:
        """Return sqrt(share) n_source + sqrt(1 - share) n_own, (B, C, h, w)."""
        shape, total = job.base.latent_shape, torch.zeros(())
        for seeds, share in ((job.seeds, self.share), (job.own_seeds, 1 - self.share)):
            if share:
                total = total + share**0.5 * draw_noise(seeds, shape, purpose)
        return total.to(job.path.latents[0])

    def latents(self, job: Job) -> torch.Tensor:
        """Return the latents before the first step."""
        if self.on_path and self.share == 1:
            return job.path.latents[self.first]
        noise = self.noise(job, 0)
        origin = job.path.latents[-1] if self.on_path else self.origin
        if origin is None:
            return noise * job.schedule.scheduler.init_noise_sigma
        a, s = job.schedule.levels[self.first]
        return a * origin + s * noise


class Condition:
    """Ties targets to their sources; every hook of this class leaves things as they are."""

    def eased(self, hold: float) -> Condition:
        """Return the condition with a looser hold, 1 being its settings and 0 hardly any."""
        return self

    def begin(self, job: Job, begin: Begin) -> Begin:
        """Return where the targets start."""
        return begin

    def inputs(self, job: Job, branches: Branches) -> Branches:
        """Return what the targets' UNet calls read."""
        return branches

    def active(self, job: Job, done: float) -> bool:
        """Tell whether `inputs` act when a share of the steps is done."""
        return True

    def rule(self, job: Job, done: float) -> Rule | None:
        """Return what happens to attention when a share of the steps is done."""
        return None

    def after(self, job: Job, step: int, z: torch.Tensor) -> torch.Tensor:
        """Return the latents to go on with, after a step (from 0)."""
        return z

    def finish(self, job: Job, pixels: torch.Tensor) -> torch.Tensor:
        """Return the targets' pixels (B, 3, H, W) in [-1, 1]."""
        return pixels
