"""How softly a picture is shaded: what tells a photograph from a drawing (`domain` has the formula and the figures)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from stillyou.images.picture import Pixels

_SIDE = 64
_FLAT, _JUMP = 4, 24


def shading(rgb: Pixels) -> float:
    """Return the share of softly shaded pixels, in 0..1; 0 for pictures that are too small to tell.

    Args:
        rgb: uint8 (H, W, 3).
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _SIDE:
        return 0.0
    scale = _SIDE / max(height, width)
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    small = Image.fromarray(rgb).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    levels = np.asarray(small.filter(ImageFilter.MedianFilter(3))).astype(np.int16)
    across = np.abs(levels[1:-1, 2:] - 2 * levels[1:-1, 1:-1] + levels[1:-1, :-2]).max(axis=-1)
    down = np.abs(levels[2:, 1:-1] - 2 * levels[1:-1, 1:-1] + levels[:-2, 1:-1]).max(axis=-1)
    bend = np.maximum(across, down)
    return float(((bend > _FLAT) & (bend <= _JUMP)).mean())
