"""Starts later in the schedule: from the source noised partly (SDEdit, arXiv 2108.01073), or from a draft."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from stillyou.drafts.draw import draw, has_art
from stillyou.drafts.fit import Fit
from stillyou.draws import generator
from stillyou.effects.conditions import DraftSettings, RenoiseSettings
from stillyou.effects.own import OwnEffect
from stillyou.effects.spec import EffectSpec
from stillyou.images.picture import Pixels
from stillyou.images.tensors import to_pixels
from stillyou.pairs.teachers.conditioning.protocol import Begin, Condition, Job


@dataclass(frozen=True)
class PartialRenoising(Condition):
    """The target leaves the source's path at a level; with noise of its own, the source is noised to that level."""

    settings: RenoiseSettings

    def eased(self, hold: float) -> PartialRenoising:
        """Start earlier."""
        return PartialRenoising(RenoiseSettings(level=1 - (1 - self.settings.level) * hold))

    def begin(self, job: Job, begin: Begin) -> Begin:
        """Start on the source's path."""
        return replace(begin, first=job.schedule.index(self.settings.level), on_path=True)


@dataclass(frozen=True)
class FromDraft(Condition):
    """The target starts from the effect's own art on the source, noised to a level."""

    settings: DraftSettings

    def eased(self, hold: float) -> FromDraft:
        """Start earlier."""
        return FromDraft(DraftSettings(level=1 - (1 - self.settings.level) * hold))

    def begin(self, job: Job, begin: Begin) -> Begin:
        """Start from the drafts; where nothing could be drawn, from the source."""
        drawn = [draft_on(*each, job) for each in zip(job.pictures, job.fits, job.seeds, strict=True)]
        latents = job.base.encode(to_pixels(drawn).to(job.base.device))
        return replace(begin, first=job.schedule.index(self.settings.level), origin=latents, on_path=False)


def effect_has_art(effect: EffectSpec) -> bool:
    """Tell whether an effect has art of its own, in the package or in its folder."""
    return bool(effect.parts) if isinstance(effect, OwnEffect) else has_art(effect.id)


def draft_on(picture: Pixels, fit: Fit | None, seed: int, job: Job) -> Pixels:
    """Return a picture with the effect's art on it, in a design that follows from the seed."""
    alpha_rgb = draft_layer(picture, fit, seed, job)
    if alpha_rgb is None:
        return picture
    rgb, alpha = alpha_rgb
    below = picture.astype(np.float32)
    return np.rint(below + alpha[..., None] * (rgb - below)).clip(0, 255).astype(np.uint8)


def draft_layer(
    picture: Pixels, fit: Fit | None, seed: int, job: Job
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], np.ndarray[tuple[int, ...], np.dtype[np.float32]]] | None:
    """Return colours (H, W, 3) in 0..255 and alpha (H, W) of the effect's art on a picture; None without a fit."""
    if fit is None:
        return None
    looks = job.effect.looks
    design = looks[int(generator("design of a draft", job.effect.id, seed).integers(len(looks)))].name
    if isinstance(job.effect, OwnEffect):
        from stillyou.drafts.folder import draw_own

        draft = draw_own(picture, fit, job.effect, design, "both")
    else:
        draft = draw(picture, fit, job.base.domain, job.effect.id, design)
    return draft.rgb, draft.alpha


def art_mask(job: Job) -> torch.Tensor:
    """Return where the effect's art lies (B, 1, H, W), 0 or 1; everywhere without a fit."""
    masks = []
    for each in zip(job.pictures, job.fits, job.seeds, strict=True):
        layer = draft_layer(*each, job)
        masks.append(np.ones(each[0].shape[:2], bool) if layer is None else layer[1] > 0.02)
    return torch.from_numpy(np.stack(masks)).float()[:, None]
