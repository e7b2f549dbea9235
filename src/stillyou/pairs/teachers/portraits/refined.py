"""Drafts refined by an editor: sampling starts from the draft noised to a level, and what changes is added to the art.

    target = draft + reach (edit - copy)        copy: what the autoencoder makes of the draft; reach: art and its border

so that neither the autoencoder's losses nor anything away from the art gets into a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stillyou.config import UNGUIDED, MaskSettings, SamplingSettings
from stillyou.diffusion.card import read_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.drafts.draft import Draft, reach
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import UsageError, nearest
from stillyou.images.tensors import to_pixels
from stillyou.models.find import find_model
from stillyou.models.load import load_pipeline
from stillyou.pairs.pair import Pixels

_STEPS = 8
"""Steps that are taken, as many as an edit from a draft takes."""
_LEVELS = 127.5
"""Levels of 255 that a unit of pixels in [-1, 1] is."""


def check_editor(editor: str, effect: EffectSpec) -> None:
    """Refuse an effect that the editor was not trained for; raises UsageError."""
    card = read_card(find_model(editor))
    known = () if card is None else card.effect_ids
    if effect.id not in known:
        what = f"the editor '{editor}' cannot refine '{effect.id}', which it does not know"
        raise UsageError(what, f"{nearest(effect.id, known)} Or leave --refine out.")


@dataclass(frozen=True)
class Refiner:
    """Refines drafts on squares, one at a time.

    Attributes:
        editor: A model of stillyou's own, see `models.load.load_pipeline`.
        level: The noise level that drafts are noised to, above 0 and up to 1.
        device: Where it runs.
    """

    editor: str
    level: float
    device: str = "cpu"

    @cached_property
    def _pipeline(self) -> MultiConditionedPipeline:
        return load_pipeline(self.editor, self.device)

    def refined(self, source: Pixels, draft: Draft, effect: EffectSpec, prompts: Prompts, seed: int) -> Pixels:
        """Return a square (N, N, 3) with a draft on it, refined.

        Args:
            source: The square without it.
            draft: The art, of the same size.
            effect: What it shows.
            prompts: Those of the pair.
            seed: Of the noise.
        """
        own, drawn = effect.defaults("people"), draft.over(source)
        change = self._change(source, drawn, prompts, self._settings(own.mask), seed)
        mixed = drawn + reach(draft.alpha)[..., None] * change
        return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)

    def _settings(self, mask: MaskSettings) -> SamplingSettings:
        return SamplingSettings(guidance=UNGUIDED, mask=mask, steps=_STEPS, refine=self.level)

    def _change(
        self, source: Pixels, drawn: Pixels, prompts: Prompts, settings: SamplingSettings, seed: int
    ) -> NDArray[np.float32]:
        """Return what the editor changes of a square with its draft on it, (N, N, 3) in levels, at its own size."""
        side = self._pipeline.card.resolution
        before, start = (_sized(to_pixels([each]), side) for each in (source, drawn))
        whole = torch.ones(1, 1, side, side)
        edits = self._pipeline.edit(before, [prompts], settings, [seed], draft=start, mask=whole)
        change = _sized((edits.pixels - edits.reconstruction).float().cpu(), len(source))[0]
        return np.asarray(change.permute(1, 2, 0).numpy() * _LEVELS, np.float32)


def _sized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return pixels (1, 3, H, H) at a side."""
    if pixels.shape[-1] == side:
        return pixels
    return functional.interpolate(pixels, (side, side), mode="bicubic", antialias=True)
