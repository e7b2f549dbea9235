"""A cape: what becomes of a coat where the picture goes on below it.

Coats are rendered down to the waist, with cut sleeves. Where their hem cannot be drawn out to the picture's border, the
coat is cut round below the chest, its sleeves joined with its body, and hangs over what the person wears.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.drafts.people.frames import Plane, grid, smooth
from stillyou.drafts.people.sprites import Sprite
from stillyou.images.inpaint import fill

_MEASURED, _WIDER, _DEEP = 0.45, 1.12, 0.58
"""Height at which a coat's width is taken, the cape's ellipse to that width, and how deep it hangs; in heights of the
sprite, but for the second."""
_ROUND = 0.65
"""1 makes the hem half an ellipse, less lets it fall straighter at the sides."""
_FOLDS, _WAVE, _SHADE = 6, 0.022, 0.13
"""Folds from side to side, how far they move the hem (of its depth), and how much darker and lighter they are there."""
_SOFT = 0.01
"""Width of the hem's soft edge, in heights of the sprite."""


def caped(sprite: Sprite) -> Sprite:
    """Return a coat's sprite as a cape; what lies below its round hem is empty."""
    height, width = sprite.pixels.shape[:2]
    flags = sprite.pixels[..., 3] > 127
    columns = np.flatnonzero(flags[round(_MEASURED * height)])
    middle, half = (columns[0] + columns[-1]) / 2, _WIDER * (columns[-1] - columns[0]) / 2
    top = float(sprite.at("shoulder_left", "shoulder_right")[:, 1].mean())
    x, y = grid(width, height)
    angle = np.arcsin(np.clip((x - middle) / half, -1, 1))  # evenly along the hem
    fold = np.sin(2 * _FOLDS * angle)
    hem = top + _DEEP * height * np.cos(angle) ** _ROUND * (1 + _WAVE * fold)
    colours, alpha = _joined(sprite, flags, top + 0.2 * height)
    shade = 1 + _SHADE * fold * smooth((y - top) / np.maximum(hem - top, 1))
    alpha = alpha * smooth((hem - y) / (_SOFT * height))
    pixels = np.concatenate([np.clip(colours * shade[..., None], 0, 255), 255 * alpha[..., None]], -1)
    return replace(sprite, pixels=np.rint(pixels).astype(np.uint8))


def _joined(sprite: Sprite, flags: NDArray[np.bool_], below: float) -> tuple[Plane, Plane]:
    """Return colours (H, W, 3) and alpha (H, W) of a coat without gaps between its sleeves and its body."""
    inside = np.maximum.accumulate(flags, axis=1) & np.maximum.accumulate(flags[:, ::-1], axis=1)[:, ::-1]
    inside &= np.arange(len(flags))[:, None] > below
    known = ndimage.binary_erosion(flags, iterations=3)
    made = fill(sprite.pixels[..., :3].astype(np.float32), known)
    gap = (inside & ~known).astype(np.float32)
    gap = np.maximum(gap, ndimage.gaussian_filter(gap, 2))[..., None]
    colours = sprite.pixels[..., :3] * (1 - gap) + made * gap
    alpha = np.maximum(sprite.pixels[..., 3].astype(np.float32) / 255, inside.astype(np.float32))
    return np.asarray(colours, np.float32), alpha
