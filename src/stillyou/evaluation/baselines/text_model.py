"""Our denoiser as a text-to-image model: what the published editing methods are methods for.

Of its branches `none` and `text` are used, and neither the source's latents nor its image tokens are seen. Guidance is
classifier-free (Ho and Salimans 2022, arXiv 2207.12598):

    e = e(none) + g (e(text) - e(none))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from stillyou.diffusion.conditions import Branch, Conditions
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import draw_noise
from stillyou.effects.spec import Prompts
from stillyou.errors import StillYouError
from stillyou.evaluation.baselines.levels import Levels


class TextModel:
    """A batch of pictures and prompts, and the denoiser that reads the prompts alone.

    Args:
        pipeline: The model.
        pixels: Sources (B, 3, H, W) in [-1, 1].
        prompts: Target and source prompt of each.
        seeds: One a source.

    Attributes:
        latents: Of the sources, (B, C, h, w).
        levels: The model's noise schedule.
        evaluations: Evaluations of the UNet an image so far.
    """

    def __init__(
        self,
        pipeline: MultiConditionedPipeline,
        pixels: torch.Tensor,
        prompts: Sequence[Prompts],
        seeds: Sequence[int],
    ) -> None:
        self._encoded = pipeline.encode(pixels, prompts)
        self._denoiser = pipeline.denoiser
        self._kind = _kind(pipeline.scheduler)
        self._seeds = seeds
        self.latents = self._encoded.latents
        self.levels = Levels(pipeline.scheduler.alphas_cumprod.to(self.latents))
        self.evaluations = 0

    def noise(self, purpose: int) -> torch.Tensor:
        """Draw noise (B, C, h, w) that follows from the seeds and a purpose alone."""
        return draw_noise(self._seeds, self.latents.shape[1:], purpose).to(self.latents)

    def text(self, z_t: torch.Tensor, t: int, *, source_prompt: bool = False) -> torch.Tensor:
        """Return e(text) for the target prompts or the source prompts, (B, C, h, w)."""
        return self._predict(z_t, t, self._encoded.conditions(Branch.TEXT, source_prompt=source_prompt))

    def unconditional(self, z_t: torch.Tensor, t: int) -> torch.Tensor:
        """Return e(none), (B, C, h, w)."""
        return self._predict(z_t, t, self._encoded.conditions(Branch.NONE))

    def guided(self, z_t: torch.Tensor, t: int, g: float, *, source_prompt: bool = False) -> torch.Tensor:
        """Return e for a guidance scale, (B, C, h, w): two evaluations, one where g = 1."""
        if g == 1:
            return self.text(z_t, t, source_prompt=source_prompt)
        both = self._encoded.conditions(Branch.NONE, Branch.TEXT, source_prompt=source_prompt)
        e_none, e_text = self._predict(z_t.repeat(2, 1, 1, 1), t, both).chunk(2)
        return e_none + g * (e_text - e_none)

    def instructed(self, z_t: torch.Tensor, t: int, s_i: float, s_t: float) -> torch.Tensor:
        """Return InstructPix2Pix's guided e (`instruct`), (B, C, h, w): three evaluations."""
        seen = self._encoded.conditions(Branch.NONE, Branch.SOURCE, Branch.SOURCE_TEXT)
        e_none, e_source, e_both = self._predict(z_t.repeat(3, 1, 1, 1), t, seen).chunk(3)
        return e_none + s_i * (e_source - e_none) + s_t * (e_both - e_source)

    def _predict(self, z_t: torch.Tensor, t: int, conditions: Conditions) -> torch.Tensor:
        self.evaluations += len(z_t) // len(self.latents)
        predicted = self._denoiser.predict(z_t, torch.tensor(t, device=z_t.device), conditions)
        if self._kind == "epsilon":
            return predicted
        a = self.levels.at(t)
        return a.sqrt() * predicted + (1 - a).sqrt() * z_t  # v = sqrt(A) e - sqrt(1 - A) z_0


def _kind(scheduler: Any) -> str:
    """Return what the network predicts; raises StillYouError for a kind that the equations do not cover."""
    kind = str(scheduler.config.prediction_type)
    if kind not in ("epsilon", "v_prediction"):
        raise StillYouError(
            f"baselines cannot edit with a model that predicts '{kind}'", "Use epsilon or v_prediction."
        )
    return kind
