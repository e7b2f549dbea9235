"""The sampling loop: guided, mask-guided, with continuous strength.

One step predicts the branches `none`, `image`, `image+source`, `full` with the target prompt and, where the `noise`
strategy needs it, `full` with the source prompt, all in one batched call of the UNet.

Strength below 1 starts later in the schedule, from the source noised to that level: what is left of the source's own
structure holds the edit back. Mixing the two prompts' predictions instead was tried and jumps from nothing to all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings
from stillyou.diffusion.conditions import Branch, Conditions, EncodedSource
from stillyou.diffusion.guidance import SHARED_BRANCHES, blend_prompts, guide, needed_branches
from stillyou.diffusion.linear_sampler import stepper
from stillyou.diffusion.mask import difference_map, smooth, soft_map
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.schedule import is_stochastic, noise_levels, start
from stillyou.diffusion.speed.feature_cache import FeatureCache
from stillyou.diffusion.speed.settings import SpeedSettings

Predict = Callable[[torch.Tensor, torch.Tensor, Conditions], torch.Tensor]
"""`Denoiser.predict` or a stand-in."""
Progress = Callable[[int, int], None]
StepEnd = Callable[[int, int, torch.Tensor, torch.Tensor], torch.Tensor]
"""Called after a step with (steps done, steps, its timestep, the latents); returns the latents to go on with."""
_STEP_NOISE = 1000
"""Purpose of the first step's fresh noise, see `draw_noise`: maps of the mask have the numbers before."""
_MAPS_AT_ONCE = 2
"""Maps of the mask in one call of the UNet: with two prompts each that is the batch of the four guidance branches, so a
compiled UNet serves both."""


def draw_noise(seeds: Sequence[int], shape: Sequence[int], purpose: int) -> torch.Tensor:
    """Draw standard normal noise, one generator an image, on the CPU in fp32.

    The same seed gives the same noise whatever the batch, the device or the precision.

    Args:
        seeds: A seed for each image.
        shape: (C, h, w).
        purpose: Keeps different uses of one seed apart (0 sampling, 1 and up the maps of the mask).

    Returns:
        (B, C, h, w).
    """
    rows = []
    for seed in seeds:
        generator = torch.Generator("cpu").manual_seed((seed * 1_000_003 + purpose) % 2**63)
        rows.append(torch.randn(tuple(shape), generator=generator))
    return torch.stack(rows)


def estimate_soft_map(
    denoiser: Denoiser, scheduler: Any, encoded: EncodedSource, settings: MaskSettings, seeds: Sequence[int]
) -> torch.Tensor:
    """Return the soft map s of the editing mask (B, 1, h, w) in [0, 1]; see `mask`. Costs 2 evaluations a map."""
    z_s = encoded.latents
    t = torch.tensor(int(settings.encode_strength * scheduler.config.num_train_timesteps), device=z_s.device)
    both = [encoded.conditions(Branch.FULL), encoded.conditions(Branch.FULL, source_prompt=True)]
    targets: list[torch.Tensor] = []
    sources: list[torch.Tensor] = []
    for first in range(0, settings.maps, _MAPS_AT_ONCE):
        noisy = []
        for index in range(first, min(first + _MAPS_AT_ONCE, settings.maps)):
            noise = draw_noise(seeds, z_s.shape[1:], purpose=1 + index).to(z_s)
            noisy += [add_noise(scheduler, z_s, noise, t)] * 2
        maps = len(noisy) // 2
        predictions = denoiser.predict(torch.cat(noisy), t, Conditions.stack(both * maps)).chunk(2 * maps)
        targets += predictions[0::2]
        sources += predictions[1::2]
    d = difference_map(torch.stack(targets), torch.stack(sources))
    return soft_map(smooth(d, settings.smooth), settings.ratio)


def add_noise(scheduler: Any, z: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Noise latents to a training timestep: sqrt(a_t) z + sqrt(1 - a_t) noise, with a_t the cumulated alphas.

    This is what the network sees, whatever the convention in which a sampler keeps its latents.
    """
    a_t = scheduler.alphas_cumprod.to(z)[t].view(-1, 1, 1, 1)
    return a_t.sqrt() * z + (1 - a_t).sqrt() * noise


def sample(
    denoiser: Denoiser,
    scheduler: Any,
    encoded: EncodedSource,
    settings: SamplingSettings,
    seeds: Sequence[int],
    *,
    mask: torch.Tensor | None = None,
    speed: SpeedSettings | None = None,
    on_step_end: StepEnd | None = None,
) -> tuple[torch.Tensor, int]:
    """Sample edited latents.

    Args:
        denoiser: The networks.
        scheduler: Any diffusers scheduler that steps by timesteps; it is copied, never changed.
        encoded: Source and prompts; a draft in it is noised to `settings.refine` of the schedule.
        settings: Guidance, steps and strength. Of the mask only its strategy matters here: `noise` mixes predictions at
            every step, `latent` mixes latents with the source noised to the next level after it, `none` does neither.
        seeds: One an image.
        mask: Editing mask at latent size (B, 1, h, w) in [0, 1]; None edits everywhere.
        speed: Which steps may be cheaper; None leaves all of them whole.
        on_step_end: May replace the latents after a step.

    Returns:
        Latents (B, C, h, w) and the number of UNet evaluations an image took.
    """
    strategy = settings.mask.strategy
    speed = speed or SpeedSettings()
    refine = 1.0 if encoded.draft is None else settings.refine
    scheduler, timesteps = start(scheduler, settings.steps, encoded.latents.device, settings.strength, refine)
    noise = draw_noise(seeds, encoded.latents.shape[1:], purpose=0).to(encoded.latents)
    z_t = noise * scheduler.init_noise_sigma
    late = len(timesteps) < len(scheduler.timesteps)
    levels = noise_levels(scheduler, timesteps) if late or strategy == "latent" else []
    if late:
        z_t = levels[0][0] * encoded.origin + levels[0][1] * noise
    predict = _guided_prediction(denoiser, encoded, settings.guidance, mask if strategy == "noise" else None, speed)
    guided_steps = max(1, round(speed.guidance_share * len(timesteps)))
    sampler, stochastic = stepper(scheduler, timesteps), is_stochastic(scheduler)
    for done, t in enumerate(timesteps):
        e = predict(sampler.network_input(done, z_t), t, late=done >= guided_steps)
        fresh = draw_noise(seeds, z_t.shape[1:], purpose=_STEP_NOISE + done).to(z_t) if stochastic else None
        z_t = sampler.step(done, e, z_t, fresh)
        if strategy == "latent" and mask is not None:
            a, s = [*levels, (1.0, 0.0)][done + 1]
            z_t = mask * z_t + (1 - mask) * (a * encoded.latents + s * noise)
        if on_step_end is not None:
            z_t = on_step_end(done + 1, len(timesteps), t, z_t)
    return z_t, predict.evaluations


def _guided_prediction(
    denoiser: Denoiser,
    encoded: EncodedSource,
    guidance: GuidanceScales,
    weight: torch.Tensor | None,
    speed: SpeedSettings,
) -> GuidedPrediction:
    """Put together what every step evaluates."""
    predict = denoiser.predict
    if speed.feature_interval > 1:
        predict = FeatureCache(denoiser.unet, speed.feature_interval, compiled=speed.compile).predict
    shared = {branch: encoded.conditions(branch) for branch in needed_branches(guidance)}
    full = [encoded.conditions(Branch.FULL)]
    if weight is not None:
        full.append(encoded.conditions(Branch.FULL, source_prompt=True))
    return GuidedPrediction(predict, shared, Conditions.stack(full), guidance, weight)


class GuidedPrediction:
    """The guided prediction of each step of one batch; counts what it costs.

    Late steps may evaluate the `full` predictions alone and add what guidance added at the last guided step:
    e = e(full) + (e - e(full)) of that step. Guidance settles the composition early; later its direction changes
    little (adaptive guidance, Castillo et al. 2023, arXiv 2312.12487, drops it there).

    Branches whose weights cancel are not evaluated (`needed_branches`): with all scales at 1 that leaves `full` alone.

    Args:
        predict: The denoiser's.
        shared: Conditions of the shared branches that the scales need, each for the whole batch.
        full: Conditions of `full` with the target prompt and, if there is a weight, with the source prompt, stacked.
        guidance: Scales of the three terms.
        weight: Of the target prompt (B, 1, h, w), see `blend_prompts`; None is the target prompt alone.
    """

    def __init__(
        self,
        predict: Predict,
        shared: Mapping[Branch, Conditions],
        full: Conditions,
        guidance: GuidanceScales,
        weight: torch.Tensor | None = None,
    ) -> None:
        self.predict = predict
        self.needed = needed_branches(guidance)
        self.all = Conditions.stack([*(shared[branch] for branch in self.needed), full])
        self.full = full
        self.guidance = guidance
        self.weight = weight
        self.evaluations = 0
        self._added: torch.Tensor | None = None

    def __call__(self, z: torch.Tensor, t: torch.Tensor, *, late: bool = False) -> torch.Tensor:
        """Return e (B, C, h, w) for latents as the network sees them; `late` needs an earlier guided step."""
        added = self._added if late else None
        conditions = self.all if added is None else self.full
        count = len(conditions.tokens) // len(z)
        predictions = self.predict(z.repeat(count, 1, 1, 1), t, conditions).chunk(count)
        self.evaluations += count
        e_full = predictions[-1]
        if self.weight is not None:
            e_full = blend_prompts(predictions[-2], predictions[-1], self.weight)
        if not self.needed:
            return e_full
        if added is not None:
            return e_full + added
        e_shared = dict(zip(self.needed, predictions, strict=False))
        e_none, e_image, e_image_source = (e_shared.get(branch, e_full) for branch in SHARED_BRANCHES)
        e = guide(e_none, e_image, e_image_source, e_full, self.guidance)  # those not evaluated have no weight
        self._added = e - e_full
        return e
