"""PIE-Bench's pixel metrics (Ju et al. 2023, Direct Inversion, arXiv 2310.01506; its evaluation code).

With a source s and an answer a in [0, 1] and the benchmark's mask M (1 = may be edited), both pictures are multiplied
by 1 - M, and whole pictures are then compared:

    mse_unedit_part   mean over all pixels and channels of ((1 - M)(s - a))^2
    psnr_unedit_part  -10 log10(mse_unedit_part), decibels
    ssim_unedit_part  mean SSIM (similarity.py), channels and pixels, without 5 pixels along the border

Pixels inside the mask are 0 in both and count as equal, so these figures rise with the mask's area: they compare
editors on the same masks, and nothing else.

A mask is a list of whole numbers: first pixel, length, first pixel, length, ..., in rows of 512. One pixel along the
border always counts as marked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillyou import metrics
from stillyou.errors import StillYouError
from stillyou.evaluation.comparison.similarity import similarity
from stillyou.evaluation.figures import Figures
from stillyou.metrics import Picture, Region

SIDE = 512
"""Of the benchmark's pictures."""
NAMES = ("pie_bench_psnr_unedit_part", "pie_bench_mse_unedit_part", "pie_bench_ssim_unedit_part")
_REACH = 5
"""Pixels along the border whose window reaches beyond the picture."""


def decode_mask(runs: Sequence[int], side: int = SIDE) -> Region:
    """Return a mask (side, side) bool, True where the picture may be edited.

    Args:
        runs: First pixel and length in turns; a run that reaches beyond the last pixel is cut there.
        side: Of the picture.

    Raises:
        StillYouError: Numbers that make no runs.
    """
    pixels = side * side
    whole = all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in runs)
    if len(runs) % 2 or not whole or any(first >= pixels for first in runs[0::2]):
        raise StillYouError(
            f"a mask of PIE-Bench is damaged: {len(runs)} numbers that make no runs in {side}x{side} pixels",
            "Copy mapping_file.json again.",
        )
    flat = np.zeros(pixels, bool)
    for first, length in zip(runs[0::2], runs[1::2], strict=True):
        flat[first : first + length] = True
    mask = flat.reshape(side, side)
    mask[[0, -1], :] = True
    mask[:, [0, -1]] = True
    return mask


def background(answer: Picture, source: Picture, mask: Region) -> Figures:
    """Return `NAMES` of an answer; without a value where the mask is everything, or pictures are below 11 pixels.

    Args:
        answer: uint8 (H, W, 3).
        source: uint8 (H, W, 3).
        mask: (H, W) bool, True where the picture may be edited.
    """
    if mask.all() or min(mask.shape) <= 2 * _REACH:
        return dict.fromkeys(NAMES)
    kept = ~mask[..., None]
    one, other = (np.where(kept, picture, 0).astype(np.uint8) for picture in (answer, source))
    everywhere = np.ones_like(mask)
    squared = np.square((one.astype(np.float64) - other) / 255).mean()
    inner = similarity(one, other).ssim[_REACH:-_REACH, _REACH:-_REACH]
    values = metrics.psnr(one, other, everywhere), float(squared), float(inner.mean())
    return dict(zip(NAMES, values, strict=True))
