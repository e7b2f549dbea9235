"""Morphology of flags over pictures, on `scipy.ndimage`.

Windows are squares of side 2 * radius + 1. What lies outside the picture changes nothing: flags do not grow from beyond
the border, nor are they eaten from there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Flags = NDArray[np.bool_]


def dilate(flags: Flags, radius: int) -> Flags:
    """Mark what has a marked pixel in its window, (H, W)."""
    return _windowed(ndimage.maximum_filter1d, flags, radius)


def erode(flags: Flags, radius: int) -> Flags:
    """Keep what has nothing but marked pixels in its window, (H, W)."""
    return _windowed(ndimage.minimum_filter1d, flags, radius)


def opened(flags: Flags, radius: int) -> Flags:
    """Drop what no window fits into: specks and lines up to 2 * radius wide."""
    return dilate(erode(flags, radius), radius)


def closed(flags: Flags, radius: int) -> Flags:
    """Fill gaps and holes up to 2 * radius wide, also those between two shapes; never loses a pixel."""
    padded = np.pad(flags, radius)
    inner = slice(radius, -radius or None)
    result: Flags = erode(dilate(padded, radius), radius)[inner, inner] | flags
    return result


def without_specks(flags: Flags) -> Flags:
    """Return the majority in each window of 3 x 3: specks go, lines of two pixels stay, which an opening would lose."""
    result: Flags = ndimage.median_filter(flags.view(np.uint8), size=3, mode="nearest").view(np.bool_)
    return result


def _windowed(extreme: Callable[..., NDArray[np.uint8]], flags: Flags, radius: int) -> Flags:
    """Run a filter along both axes, one after the other: a square window at the cost of two lines."""
    values = np.ascontiguousarray(flags).view(np.uint8)
    for axis in (0, 1):
        values = extreme(values, 2 * radius + 1, axis=axis, mode="nearest")
    result: Flags = values.view(np.bool_)
    return result
