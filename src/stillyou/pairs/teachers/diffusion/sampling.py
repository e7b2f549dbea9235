"""Sampling: sources with their paths, and targets beside them.

A step of a target calls the UNet once for its own branches and, where a rule shares attention, for the source's too:
rows are then targets, branch by branch, followed by their sources, branch by branch.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from stillyou.diffusion.linear_sampler import stepper
from stillyou.diffusion.sampling import draw_noise
from stillyou.diffusion.schedule import is_stochastic, noise_levels, start
from stillyou.pairs.teachers.conditioning.base import Base
from stillyou.pairs.teachers.conditioning.inputs import Branches, Inputs, combined, stacked
from stillyou.pairs.teachers.conditioning.protocol import STEP_NOISE, Begin, Condition, Job, Path, Schedule


def make_schedule(scheduler: Any, steps: int, device: torch.device) -> Schedule:
    """Return the schedule of a sampler with so many steps."""
    ready, timesteps = start(scheduler, steps, device)
    levels = (*noise_levels(ready, timesteps), (1.0, 0.0))
    return Schedule(ready, timesteps, levels, is_stochastic(ready))


@torch.inference_mode()
def draw_sources(base: Base, schedule: Schedule, branches: Branches, seeds: Sequence[int]) -> Path:
    """Sample sources from noise and return their path."""
    noise = draw_noise(seeds, base.latent_shape, 0).to(base.device)
    z = noise * schedule.scheduler.init_noise_sigma
    sampler, latents = stepper(schedule.scheduler, schedule.timesteps), [z]
    for step, t in enumerate(schedule.timesteps):
        e = _predict(base, sampler.network_input(step, z), t, branches)
        fresh = draw_noise(seeds, base.latent_shape, STEP_NOISE + step).to(z) if schedule.stochastic else None
        z = sampler.step(step, e, z, fresh)
        latents.append(z)
    return Path(tuple(latents), branches)


@torch.inference_mode()
def path_of(base: Base, schedule: Schedule, branches: Branches, pixels: torch.Tensor, seeds: Sequence[int]) -> Path:
    """Return the path of pictures (B, 3, H, W) in [-1, 1]: their latents, noised to each step by one noise."""
    clean = base.encode(pixels.to(base.device))
    noise = draw_noise(seeds, base.latent_shape, 0).to(clean)
    return Path(tuple(a * clean + s * noise for a, s in schedule.levels), branches)


@torch.inference_mode()
def draw_targets(job: Job, conditions: Sequence[Condition], guidance: float) -> torch.Tensor:
    """Sample targets and return their pixels (B, 3, H, W) in [-1, 1]."""
    base, schedule, begin = job.base, job.schedule, Begin()
    for condition in conditions:
        begin = condition.begin(job, begin)
    z = begin.latents(job)
    scheduler, timesteps = copy.deepcopy(schedule.scheduler), schedule.timesteps[begin.first :]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin.first)
    sampler, calls = stepper(scheduler, timesteps), _Calls(job, conditions, guidance)
    for k, t in enumerate(timesteps):
        step = begin.first + k
        e = calls.predict(sampler.network_input(k, z), sampler.network_input(k, job.path.latents[step]), t, step)
        fresh = begin.noise(job, STEP_NOISE + step) if schedule.stochastic else None
        z = sampler.step(k, e, z, fresh)
        for condition in conditions:
            z = condition.after(job, step, z)
    pixels = base.decode(z)
    for condition in conditions:
        pixels = condition.finish(job, pixels)
    return pixels


class _Calls:
    """The UNet calls of a job's steps: what each branch reads, with the conditions that act at the time."""

    def __init__(self, job: Job, conditions: Sequence[Condition], guidance: float) -> None:
        self.job, self.conditions = job, conditions
        self._plain = job.base.branches([each.target for each in job.prompts], guidance)
        self._made: dict[tuple[int, ...], Branches] = {}

    def predict(self, z: torch.Tensor, z_source: torch.Tensor, t: torch.Tensor, step: int) -> torch.Tensor:
        """Return the guided prediction for targets z; sources z_source are called beside them if a rule needs them."""
        base, done = self.job.base, step / len(self.job.schedule)
        branches = self._branches(done)
        rules = [rule for each in self.conditions if (rule := each.rule(self.job, done)) is not None]
        rows = len(branches) * len(z)
        base.attention.rules = rules
        try:
            if not rules:
                return _predict(base, z, t, branches)
            beside = self._beside(branches)
            both = torch.cat([z.repeat(len(branches), 1, 1, 1), z_source.repeat(len(branches), 1, 1, 1)])
            told = base.predict(both, t, Inputs.stack([stacked(branches), beside]))
            return combined(told[:rows], branches)
        finally:
            base.attention.rules = ()

    def _branches(self, done: float) -> Branches:
        """Return the branches with the inputs of those conditions that act now."""
        acting = tuple(n for n, each in enumerate(self.conditions) if each.active(self.job, done))
        if acting not in self._made:
            branches = self._plain
            for number in acting:
                branches = self.conditions[number].inputs(self.job, branches)
            self._made[acting] = branches
        return self._made[acting]

    def _beside(self, branches: Branches) -> Inputs:
        """Return what the sources read: their own branches, and for a branch of looks the same looks."""
        own = self.job.path.branches
        return Inputs.stack([each.inputs for each in (*own, *branches[len(own) :])])


def _predict(base: Base, z: torch.Tensor, t: torch.Tensor, branches: Branches) -> torch.Tensor:
    """Return the guided prediction of latents as the network sees them."""
    return combined(base.predict(z.repeat(len(branches), 1, 1, 1), t, stacked(branches)), branches)
