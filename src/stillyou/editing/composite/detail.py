"""What the model's few pixels cannot say: where the original's detail stays, and edges as crisp as they can be.

Symbols as in `composite`; all planes are at the model's resolution, in 0..255.

    t = smoothstep(max over channels |e - r|)            how much changed
    a = slope of e on r in a small window, times their squared correlation     how much of the detail is still there
    k = 1 - t + t a                                      how much of the original's detail the edit keeps

A shadow on a forehead changes much, yet all of the skin's texture stays: there a is the shadow's strength. Under a hat
nothing of the hair is left: there a is 0.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from stillyou.editing.composite.guided_filter import Plane, box_mean, slope
from stillyou.editing.scene.resample import resized

_DETAIL_BELOW, _MODEL_ABOVE = 10.0, 40.0
"""Changes (of 255) up to the first keep all of the original's detail; from the second on the model's pixels show."""
_CALM = 1.0
"""Blur of the map of changes, in pixels of the model."""
_WINDOW = 2
_NOISE = 40.0
"""Variance, summed over channels, that counts as no detail."""
_FINEST, _MOST_PIXELS = 4, 1024
"""Edges are made crisp at up to 4 times the model's resolution, and not beyond 1024 pixels a side."""
_CRISP = 1.0
_EDGE = 0.75
"""Radius of the blur whose difference makes an edge crisp, in pixels of the model."""


def kept_detail(edit: Plane, reconstruction: Plane) -> Plane:
    """Return k (side, side) in [0, 1] for e and r (side, side, 3)."""
    t = _changed(edit - reconstruction)
    k: Plane = 1 - t + t * slope(edit, reconstruction, _WINDOW, _NOISE)
    return k


def crispness(edit: Plane, reconstruction: Plane, size: int) -> Plane | None:
    """Return s (n, n, 3), n a multiple of e's side: what to add to an enlarged e so that its own edges are crisp.

    It is the difference from a blur, limited so that no pixel leaves the range of its neighbours at the model's
    resolution: edges get steeper and never a halo. Only where the model's pixels show at all (t).

    Args:
        edit: e (side, side, 3).
        reconstruction: r (side, side, 3).
        size: Side of the square in native pixels; where that is not larger than the model's, there is nothing to do.
    """
    side = len(edit)
    factor = min(_FINEST, math.ceil(size / side), _MOST_PIXELS // side)
    if factor < 2:
        return None
    fine = resized(edit, side * factor, Image.Resampling.BICUBIC)
    radius = max(1, round(_EDGE * factor))
    soft = box_mean(box_mean(fine, radius), radius).astype(np.float32)
    lowest, highest = (resized(plane, side * factor, Image.Resampling.BILINEAR) for plane in _range(edit))
    steep = np.clip(fine + _CRISP * (fine - soft), np.minimum(lowest, fine), np.maximum(highest, fine))
    t = resized(_changed(edit - reconstruction), side * factor, Image.Resampling.BILINEAR)[..., None]
    crisp: Plane = (t * (steep - fine)).astype(np.float32)
    return crisp


def _changed(residual: Plane) -> Plane:
    """Return t (side, side) in [0, 1]."""
    x = np.clip((_blurred(np.abs(residual).max(axis=-1)) - _DETAIL_BELOW) / (_MODEL_ABOVE - _DETAIL_BELOW), 0, 1)
    smooth: Plane = (x * x * (3 - 2 * x)).astype(np.float32)
    return smooth


def _blurred(plane: Plane) -> Plane:
    """Blur a map of 0..255; 8 bits are enough to choose between two pictures."""
    levels = Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8))
    return np.asarray(levels.filter(ImageFilter.GaussianBlur(_CALM))).astype(np.float32)


def _range(planes: Plane) -> tuple[Plane, Plane]:
    """Return the least and greatest value of each pixel's 3x3 neighbours, a channel each."""
    padded = np.pad(planes, ((1, 1), (1, 1), (0, 0)), mode="edge")
    side = len(planes)
    shifts = [padded[y : y + side, x : x + side] for y in range(3) for x in range(3)]
    return np.minimum.reduce(shifts), np.maximum.reduce(shifts)
