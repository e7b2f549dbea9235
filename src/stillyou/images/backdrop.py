"""A plain background, recognised by the colours of a picture's border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.images.picture import Pixels

_COLOURS = 3
_COLOUR_SHARE = 0.1
"""Share of the border from which on a colour may be one of the background's."""
_TOLERANCE = 24
"""Largest difference of a channel (of 255) between a background pixel and its background colour."""
_STEP = 8
"""Largest difference of neighbours (of 255) that is no edge."""
_PLAIN_BORDER = 0.55
"""Share of the border that must have background colours; the character itself may cross the rest."""


def plain_background(rgb: Pixels) -> NDArray[np.bool_] | None:
    """Return where a picture (H, W, 3) has the main colours of its border; None if the border is not plain.

    The lower third of the border does not count: there the shoulders of a portrait cross it.
    """
    upper = max(1, round(len(rgb) * 2 / 3))
    border = np.concatenate([rgb[0], rgb[:upper, 0], rgb[:upper, -1]])
    found = np.zeros(rgb.shape[:2], bool)
    left = border
    for _ in range(_COLOURS):
        colour = _commonest(left)
        rest = left[~_near(left, colour)]
        if len(left) - len(rest) < _COLOUR_SHARE * len(border):
            break
        found |= _near(rgb, colour)
        left = rest
        if not len(left):
            break
    return found if len(left) <= (1 - _PLAIN_BORDER) * len(border) else None


def smooth_background(rgb: Pixels) -> NDArray[np.bool_]:
    """Return what can be reached from a picture's border (but its lower third) without crossing an edge.

    Gradients belong to it, whose colours are many; so does nothing behind an outline.
    """
    levels = rgb.astype(np.int16)
    steps = np.zeros(rgb.shape[:2], np.int16)
    for axis in (0, 1):
        step = np.abs(np.diff(levels, axis=axis)).max(axis=-1)
        ahead, behind = ((0, 1), (0, 0)), ((1, 0), (0, 0))
        for around in (ahead, behind):
            np.maximum(steps, np.pad(step, around if axis == 0 else around[::-1]), out=steps)
    labels, _ = ndimage.label(steps <= _STEP)
    upper = max(1, round(len(rgb) * 2 / 3))
    border = np.concatenate([labels[0], labels[:upper, 0], labels[:upper, -1]])
    return np.asarray(np.isin(labels, np.unique(border[border > 0])))


def _commonest(colours: Pixels) -> NDArray[np.float64]:
    """Return the mean of the fullest cell of a coarse colour histogram of (N, 3) colours."""
    cells = (colours // 32).astype(np.int64) @ np.array([1, 8, 64])
    fullest = np.bincount(cells).argmax()
    mean: NDArray[np.float64] = colours[cells == fullest].mean(axis=0)
    return mean


def _near(colours: Pixels, colour: NDArray[np.float64]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(colours - colour).max(axis=-1) <= _TOLERANCE
    return near
