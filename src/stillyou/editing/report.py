"""What an edit did, in figures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillyou.config import GuidanceScales, MaskSettings, Strict
from stillyou.images.picture import Pixels
from stillyou.metrics import MARKED

LEAST_CHANGE = 0.005
"""Mean change inside the mask, in 0..1, below which an edit is hard to see."""


class CropReport(Strict):
    """The square that the model worked on, in pixels of the upright picture."""

    left: int
    top: int
    size: int


class EditReport(Strict):
    """Settings and figures of one edit."""

    effect: str
    model: str
    prompt: str
    source_prompt: str
    seed: int
    steps: int
    strength: float
    guidance: GuidanceScales
    mask: MaskSettings | None
    """None if the mask was supplied."""
    width: int
    height: int
    crop: CropReport
    mask_area: float
    """Share of the picture where the editing mask is at least 128."""
    change_inside: float
    """Mean absolute change there, in 0..1; 0 if there is no such pixel."""
    change_outside: float
    """Greatest change where the mask is 0, in 0..1: always 0."""
    evaluations: int
    """Evaluations of the UNet."""
    seconds: float
    device: str
    dtype: str
    notes: tuple[str, ...] = ()


def changes(before: Pixels, after: Pixels, mask: Pixels) -> tuple[float, float, float]:
    """Measure an edit.

    Args:
        before: uint8 (H, W, 3).
        after: uint8 (H, W, 3).
        mask: Editing mask uint8 (H, W).

    Returns:
        `mask_area`, `change_inside` and `change_outside` of `EditReport`.
    """
    inside, total, outside = 0, 0, 0
    for row in range(0, len(mask), 256):  # in strips: differences of 50 megapixels would take a lot of memory
        part = slice(row, row + 256)
        difference: NDArray[np.int16] = np.abs(after[part].astype(np.int16) - before[part])
        marked = mask[part] >= MARKED
        inside += int(marked.sum())
        total += int(difference[marked].sum())
        outside = max(outside, int(difference[mask[part] == 0].max(initial=0)))
    return inside / mask.size, total / (255 * 3 * inside) if inside else 0.0, outside / 255
