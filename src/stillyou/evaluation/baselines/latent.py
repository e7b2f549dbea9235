"""A published method as an editor of pictures.

These methods decode whole pictures: what lies outside a mask of theirs still goes through the autoencoder, and is not
laid over the source. That is how they are published, and how they are measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch.nn import functional

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.finishing import Seen, finish
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.precision import safely
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import view
from stillyou.evaluation.baselines.text_model import TextModel
from stillyou.evaluation.figures import Answer
from stillyou.images import Picture as Whole
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.metrics import Picture

if TYPE_CHECKING:
    from stillyou.evaluation.known_truth.settings import Batch


@dataclass(frozen=True)
class Edited:
    """What a method made of a batch.

    Attributes:
        latents: (B, C, h, w).
        mask: Where it was allowed to edit, (B, 1, h, w) in [0, 1]; None for everywhere.
    """

    latents: torch.Tensor
    mask: torch.Tensor | None = None


class Method(Protocol):
    """A published editing method; a frozen dataclass with a `guidance` and a `dial`."""

    def edit(self, model: TextModel) -> Edited:
        """Edit a batch."""
        ...


class LatentEditor:
    """Answers with a method's edits by our denoiser.

    Args:
        pipeline: The model.
        method: The method; its `guidance` is replaced by the text scale that an effect has from noise.
    """

    def __init__(self, pipeline: MultiConditionedPipeline, method: Method) -> None:
        self._pipeline, self._method = pipeline, method

    @property
    def resolution(self) -> int:
        """Side of the pictures that the model edits, in pixels."""
        return int(self._pipeline.resolution)

    @torch.inference_mode()
    def answer(self, batch: Batch) -> list[Answer]:
        """Edit a batch of square pictures uint8 (N, N, 3); they are shrunk to the model's side and back."""
        side, effect = len(batch.pictures[0]), batch.effect
        seen = [view(Whole(p), Crop(0, 0, side), self.resolution) for p in batch.pictures]
        pixels = to_pixels(seen).to(self._pipeline.vae.device)
        model = TextModel(self._pipeline, pixels, [effect.prompts()] * len(seen), batch.seeds)
        made = replace(self._method, guidance=batch.settings.scales(effect).text).edit(model)  # type: ignore[type-var]
        vae, source = self._pipeline.vae, Seen(pixels, to_latents(self._pipeline.vae, pixels))
        drawn, _ = safely("the autoencoder", [vae], lambda: finish(vae, made.latents, source), [])
        edits = to_pictures(resized(drawn, side))
        masks = _masks(made.mask, len(seen), side)
        return [Answer(e, m, model.evaluations) for e, m in zip(edits, masks, strict=True)]


def resized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return pictures (B, 3, H, W) in [-1, 1] at another side."""
    if pixels.shape[-1] == side:
        return pixels
    return functional.interpolate(pixels, (side, side), mode="bicubic", antialias=True, align_corners=False)


def _masks(mask: torch.Tensor | None, count: int, side: int) -> list[Picture]:
    """Return 8-bit masks (side, side) of a mask at latent size; all white without one."""
    if mask is None:
        return [np.full((side, side), 255, np.uint8)] * count
    wide = functional.interpolate(mask.float(), (side, side), mode="nearest")[:, 0]
    return list((wide * 255).round().to(torch.uint8).cpu().numpy())
