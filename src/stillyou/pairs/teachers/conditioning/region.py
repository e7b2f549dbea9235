"""Regeneration inside a region: outside it the target follows the source's path at every step, and is the source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stillyou.drafts.fit import Fit
from stillyou.drafts.people.frames import brim, ellipse
from stillyou.effects.conditions import RegionSettings
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.images.tensors import to_pixels
from stillyou.pairs.teachers.conditioning.protocol import Condition, Job, Path
from stillyou.pairs.teachers.conditioning.starts import art_mask, effect_has_art

_FACE, _SPARED = 1.15, 0.9
"""Size of the region of an expression, and of the face that an outfit spares, in ellipses of the fit."""
_HAT = 1.45
"""Reach of a hat, in half brims around the head's upper half."""


def kind_of_region(settings: RegionSettings, effect: EffectSpec) -> str:
    """Return where an effect's region comes from: face, outfit, draft or mask."""
    if settings.by != "auto":
        return settings.by
    if effect.group == "expression":
        return "face"
    return "draft" if effect_has_art(effect) else "outfit"


@dataclass(frozen=True)
class Region(Condition):
    """Only a region is drawn anew."""

    settings: RegionSettings

    def after(self, job: Job, step: int, z: torch.Tensor) -> torch.Tensor:
        """Put the source's path outside the region: m z + (1 - m) z_source."""
        mask = functional.adaptive_max_pool2d(self.masks(job), (z.shape[-2], z.shape[-1])).to(z)
        return mask * z + (1 - mask) * job.path.latents[step + 1]

    def finish(self, job: Job, pixels: torch.Tensor) -> torch.Tensor:
        """Put the source's own pixels outside the region."""
        mask, source = self.masks(job).to(pixels), to_pixels(list(job.pictures)).to(pixels)
        return mask * pixels + (1 - mask) * source

    def masks(self, job: Job) -> torch.Tensor:
        """Return the regions of a job (B, 1, H, W) in [0, 1]: soft inside their border, exactly 0 outside."""
        known, key = _masks().setdefault(job.path, {}), (job.effect.id, self.settings)
        if key not in known:
            hard = region_masks(kind_of_region(self.settings, job.effect), job)
            known[key] = _grown(hard, self.settings.grow)
        return known[key]


@cache
def _masks() -> WeakKeyDictionary[Path, dict[tuple[str, RegionSettings], torch.Tensor]]:
    """Return the masks of the sources in hand, by effect and settings: `after` asks at every step."""
    return WeakKeyDictionary()


def region_masks(kind: str, job: Job) -> torch.Tensor:
    """Return hard regions (B, 1, H, W), 0 or 1; everywhere where the fit could not be told."""
    if kind == "draft":
        return art_mask(job)
    if kind == "mask":
        estimate = getattr(job.base, "editing_masks", None)
        if estimate is None:
            raise UsageError("only the embedded base has an editing mask", "Use region: {by: face} or {by: outfit}.")
        masks: torch.Tensor = estimate(job)
        return (masks > 0).float()
    find = face if kind == "face" else outfit
    side = job.pictures.shape[1]
    everything = np.ones((side, side), bool)
    return torch.from_numpy(np.stack([everything if fit is None else find(fit, side) for fit in job.fits])).float()[
        :, None
    ]


def face(fit: Fit, side: int) -> NDArray[np.bool_]:
    """Return the ellipse of the face (side, side), a little larger than the fit's."""
    return ellipse(fit, "face", side).distance(side, side) <= _FACE


def outfit(fit: Fit, side: int) -> NDArray[np.bool_]:
    """Return where a costume may be (side, side): around the upper head and below the neck, never on the face."""
    u, v = brim(fit, side).of(side, side)
    hat = (np.abs(u) <= _HAT) & (v >= -0.2)
    neck = (fit["neck_left"] + fit["neck_right"]) / 2 * side
    down = np.arange(side)[:, None] + 0.5
    below = np.broadcast_to(down >= neck[1], (side, side))
    spared = ellipse(fit, "face", side).distance(side, side) <= _SPARED
    return (hat | below) & ~spared


def _grown(mask: torch.Tensor, grow: float) -> torch.Tensor:
    """Grow a hard mask (B, 1, H, W) by a share of its side, and make the outer half of what it gained soft."""
    radius = round(grow * mask.shape[-1] / 2)
    if radius < 1:
        return mask
    wide = functional.max_pool2d(mask, 2 * radius + 1, 1, radius)
    return functional.avg_pool2d(functional.pad(wide, [radius] * 4, mode="replicate"), 2 * radius + 1, 1)
