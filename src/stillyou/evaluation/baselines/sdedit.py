"""SDEdit (Meng et al. 2021, arXiv 2108.01073): noise the picture, denoise it under the target prompt.

    z_t0 = sqrt(A_t0) z_s + sqrt(1 - A_t0) n                    algorithm 1, in latents
    z_t' = mu(z_t, e) + sigma n'     from t0 to 0, eta = 1      the reverse SDE, as DDPM takes its steps

The dial is t0, the share of the schedule that is undone: it trades faithfulness for realism (their section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillyou.evaluation.baselines.latent import Edited
from stillyou.evaluation.baselines.text_model import TextModel

_FRESH = 1000


@dataclass(frozen=True)
class SDEdit:
    """The method; see the module.

    Attributes:
        dial: t0 in (0, 1].
        guidance: Scale g of the target prompt.
        budget: Evaluations of the UNet an image, at most.
    """

    dial: float = 0.6
    guidance: float = 3.0
    budget: int = 100

    DIALS: ClassVar[tuple[float, ...]] = (0.2, 0.4, 0.6, 0.8, 1.0)

    @property
    def steps(self) -> int:
        """Steps that the budget pays."""
        return max(1, self.budget // (1 if self.guidance == 1 else 2))

    def edit(self, model: TextModel) -> Edited:
        """Edit a batch; the whole picture is sampled anew."""
        levels = model.levels
        timesteps = levels.timesteps(self.steps, self.dial)
        z_t = levels.noised(model.latents, model.noise(0), timesteps[0])
        for k, (t, earlier) in enumerate(zip(timesteps, timesteps[1:], strict=False)):
            e = model.guided(z_t, t, self.guidance)
            z_t = levels.mean(z_t, e, t, earlier, eta=1.0)
            z_t = z_t + levels.sigma(t, earlier, 1.0) * model.noise(_FRESH + k)
        return Edited(z_t)
