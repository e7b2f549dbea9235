"""The pair of a registered output: colours matched to the source's, and the source's own pixels outside the mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.images.morphology import closed, dilate, opened
from stillyou.pairs.pair import Mask, Pixels
from stillyou.pairs.truth import exact_outside

Flags = NDArray[np.bool_]
CHANGED = 22.0
"""Levels of 255, after smoothing, from which on a pixel belongs to the edit; autoencoders alone change up to 15."""
_SMOOTH, _OPEN, _CLOSE, _GROW = 0.006, 0.008, 0.02, 0.01
"""Shares of the side: smoothing of differences, smallest width of an edit, holes closed, rim added."""
_LEAST = 0.0008
"""Share of the picture below which an island is noise."""


def blend(source: Pixels, output: Pixels, there: Flags) -> tuple[Pixels, Mask]:
    """Return target and mask of a pair.

    Args:
        source: (S, S, 3).
        output: (S, S, 3), laid over it.
        there: (S, S), where the output shows anything.
    """
    side = len(source)
    matched = _colours(source, output, there)
    difference = np.abs(matched - source.astype(np.float32)).max(-1)
    changed = (ndimage.gaussian_filter(difference, max(0.6, _SMOOTH * side)) > CHANGED) & there
    flags = _large(closed(opened(changed, max(1, round(_OPEN * side / 2))), max(1, round(_CLOSE * side / 2))))
    mask = (dilate(flags, max(1, round(_GROW * side))) & there).astype(np.uint8) * np.uint8(255)
    target = np.clip(np.rint(matched), 0, 255).astype(np.uint8)
    return exact_outside(source, target, mask), mask


def _colours(source: Pixels, output: Pixels, there: Flags) -> NDArray[np.float32]:
    """Return the output with gain and offset of each channel as the calmer half of the picture has them."""
    difference = np.abs(output.astype(np.int16) - source).max(-1)
    calm = there & (difference <= np.quantile(difference[there], 0.5))
    matched = np.empty(output.shape, np.float32)
    for band in range(3):
        values = output[..., band].astype(np.float32)
        rows = np.stack([values[calm], np.ones(int(calm.sum()), np.float32)], 1)
        gain, offset = np.linalg.lstsq(rows, source[..., band][calm].astype(np.float32), rcond=None)[0]
        matched[..., band] = np.clip(gain, 0.7, 1.4) * values + offset
    return matched


def _large(flags: Flags) -> Flags:
    labels, count = ndimage.label(flags)
    if not count:
        return flags
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= _LEAST * flags.size)[labels])
