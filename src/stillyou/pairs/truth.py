"""The true mask of a pair, and exactness outside it."""

from __future__ import annotations

import numpy as np

from stillyou.images.morphology import closed
from stillyou.pairs.pair import Mask, Pixels

THRESHOLD = 8
"""Levels of 255: smaller differences are anti-aliasing of clip paths."""
_CLOSING = 1 / 85
"""Radius of the closing as a fraction of the picture's side."""


def change_mask(first: tuple[Pixels, Pixels], *more: tuple[Pixels, Pixels]) -> Mask:
    """Mark where any of the (source, target) pictures differ by more than `THRESHOLD`, small holes closed.

    Args:
        first: Source and target, (H, W, 3) uint8 each.
        more: The same scene in other states, for example after degradation.

    Returns:
        (H, W) uint8, 0 or 255.
    """
    changed = np.zeros(first[0].shape[:2], dtype=bool)
    for source, target in (first, *more):
        difference = np.maximum(source, target) - np.minimum(source, target)
        for band in range(3):  # several times faster than any() over a short axis
            changed |= difference[:, :, band] > THRESHOLD
    return closed(changed, max(1, round(len(changed) * _CLOSING))).astype(np.uint8) * np.uint8(255)


def exact_outside(source: Pixels, target: Pixels, mask: Mask) -> Pixels:
    """Return the target with the source's pixels wherever the mask is 0."""
    kept: Pixels = np.where(mask[:, :, None] == 0, source, target)
    return kept
