"""Edit-friendly DDPM inversion (Huberman-Spiegelglas et al. 2023, arXiv 2304.06140).

    x_t   = sqrt(A_t) z_s + sqrt(1 - A_t) n_t          independent noises n_t                           equation 6
    r_t   = x_t' - mu(x_t, e(source prompt))           what a DDPM step must add to stay on the picture  equation 5
    y_t'  = mu(y_t, e(target prompt)) + r_t            from `skip` of the schedule down, y = x there

The paper writes r_t = sigma_t z_t; kept undivided it also holds for the last step, where sigma = 0. So the source
prompt at equal guidance gives the source back exactly. The dial is how much of the schedule is run again: 1 - T_skip/T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from stillyou.evaluation.baselines.latent import Edited
from stillyou.evaluation.baselines.text_model import TextModel

_NOISES = 2000


@dataclass(frozen=True)
class Inversion:
    """The method; see the module.

    Attributes:
        dial: Share of the schedule that is run again, in (0, 1].
        guidance: Scale of the target prompt.
        source_guidance: Scale of the source prompt.
        budget: Evaluations of the UNet an image, at most.
    """

    dial: float = 0.64
    guidance: float = 3.0
    source_guidance: float = 1.0
    budget: int = 100

    DIALS: ClassVar[tuple[float, ...]] = (0.2, 0.4, 0.6, 0.8, 1.0)

    @property
    def steps(self) -> int:
        """Steps that the budget pays: each is inverted once and run again once."""
        return max(1, self.budget // sum(1 if g == 1 else 2 for g in (self.guidance, self.source_guidance)))

    def edit(self, model: TextModel) -> Edited:
        """Edit a batch; the levels above the dial are not touched, so they cost nothing."""
        timesteps = model.levels.timesteps(self.steps, self.dial)
        y_t, residuals = self.invert(model, timesteps)
        for t, earlier, r_t in zip(timesteps, timesteps[1:], residuals, strict=False):
            e = model.guided(y_t, t, self.guidance)
            y_t = model.levels.mean(y_t, e, t, earlier, eta=1.0) + r_t
        return Edited(y_t)

    def invert(self, model: TextModel, timesteps: list[int]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return x at the first timestep, and r_t of every step: (B, C, h, w) each."""
        levels = model.levels
        x = [levels.noised(model.latents, model.noise(_NOISES + k), t) for k, t in enumerate(timesteps)]
        residuals = []
        for k, (t, earlier) in enumerate(zip(timesteps, timesteps[1:], strict=False)):
            e = model.guided(x[k], t, self.source_guidance, source_prompt=True)
            residuals.append(x[k + 1] - levels.mean(x[k], e, t, earlier, eta=1.0))
        return x[0], residuals
