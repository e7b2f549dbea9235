"""The ink of a drawing: the colour and width of its outlines, if it has any.

Outlines are dark and thin. With D the dark pixels and O(D) what is left of them after an opening wider than a line,

    thin   = D without O(D)                ink = median colour of thin
    width  = 2 area(thin) / perimeter(thin)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_SIDE = 192
_DARK = 95.0
"""Luminance (of 255) below which a pixel may be ink."""
_WIDEST = 6
"""Side of the opening: wider dark shapes are hair or cloth."""
_LEAST_SHARE = 0.02
"""Share of the picture that outlines must cover; less are eyes and mouths."""


@dataclass(frozen=True)
class Ink:
    """How outlines are drawn.

    Attributes:
        colour: ``#rrggbb``.
        width: In pixels of the picture.
    """

    colour: str
    width: float


def find_ink(pixels: NDArray[np.uint8]) -> Ink | None:
    """Return the ink of a drawing uint8 (H, W, 3), None for a picture without outlines."""
    scale = max(1.0, max(pixels.shape[:2]) / _SIDE)
    size = (max(1, round(pixels.shape[1] / scale)), max(1, round(pixels.shape[0] / scale)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)
    dark = small @ np.array([0.299, 0.587, 0.114], np.float32) < _DARK
    thin = dark & ~ndimage.binary_opening(dark, np.ones((_WIDEST, _WIDEST), bool))
    if thin.mean() < _LEAST_SHARE:
        return None
    perimeter = int((thin & ~ndimage.binary_erosion(thin)).sum())
    width = float(np.clip(2 * thin.sum() / max(1, perimeter), 1.0, _WIDEST)) * scale
    core = ndimage.binary_erosion(thin)
    red, green, blue = np.median(small[core if core.sum() > 20 else thin], axis=0)
    return Ink(f"#{round(float(red)):02x}{round(float(green)):02x}{round(float(blue)):02x}", width)
