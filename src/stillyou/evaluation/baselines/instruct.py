"""InstructPix2Pix (Brooks et al. 2023, arXiv 2211.09800): trained on the same pairs, with two-way guidance.

    e = e(none) + s_I (e(source) - e(none)) + s_T (e(source, text) - e(source))          equation 3

It sees the source's latents and the prompt, no image tokens and no mask; conditions are dropped 5% each and 5% both in
training (recipe `instruct-pix2pix`). Prompts are our target prompts, not instructions: pairs have no others. The dial
is s_I, their image scale, the strongest hold on the source first (their figure 8); s_T is the effect's text scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillyou.evaluation.baselines.latent import Edited
from stillyou.evaluation.baselines.text_model import TextModel

_FRESH = 1000


@dataclass(frozen=True)
class InstructPix2Pix:
    """The method; see the module.

    Attributes:
        dial: s_I, at least 0.
        guidance: s_T.
        budget: Evaluations of the UNet an image, at most.
    """

    dial: float = 1.5
    guidance: float = 3.0
    budget: int = 100

    DIALS: ClassVar[tuple[float, ...]] = (2.2, 1.9, 1.6, 1.3, 1.0)

    @property
    def steps(self) -> int:
        """Steps that the budget pays."""
        return max(1, self.budget // 3)

    def edit(self, model: TextModel) -> Edited:
        """Edit a batch from pure noise, with fresh noise at every step (DDPM)."""
        levels, timesteps = model.levels, model.levels.timesteps(self.steps, 1.0)
        z_t = model.noise(0)
        for k, (t, earlier) in enumerate(zip(timesteps, timesteps[1:], strict=False)):
            e = model.instructed(z_t, t, self.dial, self.guidance)
            z_t = levels.mean(z_t, e, t, earlier, eta=1.0)
            z_t = z_t + levels.sigma(t, earlier, 1.0) * model.noise(_FRESH + k)
        return Edited(z_t)
