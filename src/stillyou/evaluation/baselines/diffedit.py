"""DiffEdit (Couairon et al. 2022, arXiv 2210.11427): a mask from the prompts, DDIM encoding, masked decoding.

    d    = mean over n noises of |e(z_t, target prompt) - e(z_t, source prompt)|     at half the schedule (step 1)
    M    = d > 0.5, d clamped at 3 times its mean and scaled to [0, 1]
    x_r  = DDIM run backwards from z_s to r of the schedule, unconditionally         (step 2)
    y_r  = x_r,   y_t' = M mu(y_t, e(target prompt)) + (1 - M) x_t'                  (step 3)

The paper removes extreme values of d without saying how; the clamp is that of the mask in `diffusion.mask`. The dial is
r, the encoding ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from stillyou.diffusion.mask import difference_map, soft_map
from stillyou.evaluation.baselines.latent import Edited
from stillyou.evaluation.baselines.text_model import TextModel


@dataclass(frozen=True)
class DiffEdit:
    """The method; see the module.

    Attributes:
        dial: r in (0, 1].
        guidance: Scale g of the target prompt in decoding.
        budget: Evaluations of the UNet an image, at most; those of the mask included.
        maps: n, noises of the mask.
        ratio: Multiple of the mean at which differences are clamped.
        threshold: Level from which a latent is edited.
    """

    dial: float = 0.5
    guidance: float = 3.0
    budget: int = 100
    maps: int = 10
    ratio: float = 3.0
    threshold: float = 0.5

    DIALS: ClassVar[tuple[float, ...]] = (0.2, 0.4, 0.6, 0.8, 1.0)

    @property
    def steps(self) -> int:
        """Steps that the budget pays: each is encoded once and decoded under guidance."""
        return max(1, (self.budget - 2 * self.maps) // (2 if self.guidance == 1 else 3))

    def edit(self, model: TextModel) -> Edited:
        """Edit a batch."""
        mask = self.mask(model)
        levels = model.levels
        timesteps = levels.timesteps(self.steps, self.dial)
        encoded = self.encode(model, timesteps)
        y_t = encoded[0]
        for k, (t, earlier) in enumerate(zip(timesteps, timesteps[1:], strict=False)):
            y_t = levels.mean(y_t, model.guided(y_t, t, self.guidance), t, earlier)
            y_t = mask * y_t + (1 - mask) * encoded[k + 1]
        return Edited(y_t, mask)

    def mask(self, model: TextModel) -> torch.Tensor:
        """Return M, (B, 1, h, w) of 0 and 1."""
        t = len(model.levels.alphas) // 2
        targets, sources = [], []
        for index in range(self.maps):
            z_t = model.levels.noised(model.latents, model.noise(1 + index), t)
            targets.append(model.text(z_t, t))
            sources.append(model.text(z_t, t, source_prompt=True))
        d = soft_map(difference_map(torch.stack(targets), torch.stack(sources)), self.ratio)
        return (d > self.threshold).to(model.latents)

    def encode(self, model: TextModel, timesteps: list[int]) -> list[torch.Tensor]:
        """Return x_t at every timestep, from the last one's noise to the source: (B, C, h, w) each."""
        x_t, found = model.latents, [model.latents]
        for t, later in zip(timesteps[::-1], timesteps[-2::-1], strict=False):
            # The clean latent has no prediction of its own: the network is asked at the lowest level it knows.
            e = model.unconditional(x_t, max(t, 0))
            x_t = model.levels.mean(x_t, e, t, later)
            found.append(x_t)
        return found[::-1]
