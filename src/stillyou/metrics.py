"""Figures of one edit against known truth: pure functions on arrays, shared by all stages.

A pair has a source s, a target t and a true mask M with s = t wherever M = 0; an editor answers with a picture a
and an 8-bit editing mask E. Pictures are uint8 (H, W, 3) in [0, 255], masks uint8 (H, W). Errors are in 8-bit
levels, that is, 0 to 255. A figure that has no value (the mean over no pixel) is None, never NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Region = NDArray[np.bool_]

MARKED = 128
"""Editing mask values from here on count as marked, for recall, precision and area."""

IDENTICAL_PSNR = 100.0
"""Decibels given to a perfect answer, whose PSNR is infinite (and infinity is not JSON); the highest value given."""


def marked(mask: Picture) -> Region:
    """Return where a mask counts as marked: (H, W) bool, E >= 128."""
    return mask >= MARKED


def mean_absolute_error(answer: Picture, reference: Picture, region: Region) -> float | None:
    """Return the mean of |answer - reference| over the region's pixels and all channels.

    Args:
        answer: (H, W, 3) uint8.
        reference: (H, W, 3) uint8.
        region: (H, W) bool; where to look.

    Returns:
        8-bit levels in [0, 255], or None for an empty region.
    """
    difference = _difference(answer, reference, region)
    return float(np.abs(difference).mean()) if difference.size else None


def psnr(answer: Picture, reference: Picture, region: Region) -> float | None:
    """Return the peak signal-to-noise ratio over the region, 10 log10(255^2 / mean squared error).

    Args:
        answer: (H, W, 3) uint8.
        reference: (H, W, 3) uint8.
        region: (H, W) bool; where to look.

    Returns:
        Decibels, at most `IDENTICAL_PSNR`, or None for an empty region.
    """
    difference = _difference(answer, reference, region)
    if not difference.size:
        return None
    squared = float(np.square(difference, dtype=np.float64).mean())
    return min(IDENTICAL_PSNR, float(10 * np.log10(255.0**2 / squared))) if squared else IDENTICAL_PSNR


def mask_recall(predicted: Picture, true: Picture) -> float | None:
    """Return the share of the true mask's pixels that the editing mask marks.

    Args:
        predicted: (H, W) uint8 editing mask; marked where >= 128.
        true: (H, W) uint8 true mask; marked where >= 128.

    Returns:
        A share in [0, 1], or None if the true mask is empty.
    """
    return _share(marked(predicted) & marked(true), marked(true))


def mask_precision(predicted: Picture, true: Picture) -> float | None:
    """Return the share of the editing mask's marked pixels that lie in the true mask.

    Args:
        predicted: (H, W) uint8 editing mask; marked where >= 128.
        true: (H, W) uint8 true mask; marked where >= 128.

    Returns:
        A share in [0, 1], or None if nothing is marked.
    """
    return _share(marked(predicted) & marked(true), marked(predicted))


def marked_area(mask: Picture) -> int:
    """Return how many pixels of a mask are marked (>= 128)."""
    return int(marked(mask).sum())


def outside_change(edit: Picture, source: Picture, editing_mask: Picture) -> int:
    """Return the greatest difference between edit and source where the 8-bit editing mask is exactly 0.

    Exact preservation (docs/reference/model.md) demands that this be 0.

    Args:
        edit: (H, W, 3) uint8.
        source: (H, W, 3) uint8.
        editing_mask: (H, W) uint8.

    Returns:
        8-bit levels from 0 to 255; 0 also where the mask has no zero.
    """
    difference = _difference(edit, source, editing_mask == 0)
    return int(np.abs(difference).max()) if difference.size else 0


def outside_true_error(edit: Picture, source: Picture, true_mask: Picture) -> float | None:
    """Return the mean absolute difference between edit and source outside the true mask.

    Args:
        edit: (H, W, 3) uint8.
        source: (H, W, 3) uint8.
        true_mask: (H, W) uint8; outside is where it is below 128.

    Returns:
        8-bit levels in [0, 255], or None if the true mask covers everything.
    """
    return mean_absolute_error(edit, source, ~marked(true_mask))


def _difference(answer: Picture, reference: Picture, region: Region) -> NDArray[np.int16]:
    """Return answer - reference at the region's pixels, (P, 3) int16."""
    assert answer.dtype == reference.dtype == np.uint8, "pictures must be 8-bit"
    assert answer.shape == reference.shape, f"pictures of {answer.shape} and {reference.shape}"
    assert answer.shape[:2] == region.shape, f"a region of {region.shape} for pictures of {answer.shape}"
    return np.asarray(answer[region].astype(np.int16) - reference[region], dtype=np.int16)


def _share(part: Region, whole: Region) -> float | None:
    """Return how much of `whole` is in `part`, or None if `whole` is empty."""
    assert part.shape == whole.shape
    total = int(whole.sum())
    return int(part.sum()) / total if total else None
