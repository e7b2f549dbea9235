"""A pipeline with a known answer: it paints the masked region red, and its autoencoder is exact."""

from types import SimpleNamespace

import torch

from stillyou.diffusion.card import ModelCard
from stillyou.effects.lookup import catalogue

CARD = ModelCard(
    name="fake",
    resolution=32,
    effects=tuple(catalogue().values()),
)


class RedPipeline:
    """Paints the mask red; estimates the mask as the middle quarter of the square, with a soft border.

    Attributes:
        calls: What was asked of `edit`.
        glances: What was asked of `estimate_mask`.
    """

    def __init__(self, card: ModelCard = CARD) -> None:
        self.card = card
        self.resolution = card.resolution
        self.device = torch.device("cpu")
        self.unet = SimpleNamespace(dtype=torch.float32)
        self.calls: list[SimpleNamespace] = []
        self.glances: list[SimpleNamespace] = []

    def estimate_mask(self, pixels, prompts, settings, seeds):
        self.glances.append(SimpleNamespace(pixels=pixels, mask_settings=settings, seeds=seeds))
        return SimpleNamespace(mask=self.mask_of(pixels), evaluations=2 * settings.maps, notes=())

    def mask_of(self, pixels):
        count, _, side, _ = pixels.shape
        mask = torch.zeros(count, 1, side, side)
        quarter = side // 4
        mask[..., quarter - 1 : side - quarter + 1, quarter - 1 : side - quarter + 1] = 0.5
        mask[..., quarter : side - quarter, quarter : side - quarter] = 1.0
        return mask

    def edit(self, pixels, prompts, settings, seeds, *, draft=None, mask=None, progress=None):
        self.calls.append(
            SimpleNamespace(
                pixels=pixels,
                prompts=[prompt.target for prompt in prompts],
                source_prompts=[prompt.source for prompt in prompts],
                guidance=settings.guidance,
                mask_settings=settings.mask,
                steps=settings.steps,
                strength=settings.strength,
                seeds=seeds,
                mask=mask,
                draft=draft,
                refine=settings.refine,
            )
        )
        mask = self.mask_of(pixels) if mask is None else mask
        red = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand_as(pixels)
        edited = mask * red + (1 - mask) * pixels
        if progress is not None:
            progress(settings.steps, settings.steps)
        return SimpleNamespace(pixels=edited, mask=mask, reconstruction=pixels, evaluations=settings.steps * 4)


PEOPLE_CARD = CARD.model_copy(update={"domains": ("cartoon", "people")})


def finds(*faces):
    """Return a detector that finds the given faces in any picture."""
    return lambda rgb: sorted(faces, key=lambda face: face.x)
