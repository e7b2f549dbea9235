"""What of an edit shows: where a picture is fully transparent none of it does."""

from __future__ import annotations

import numpy as np

from stillyou.images import Picture
from stillyou.images.picture import Pixels

_MUCH_LOST = 0.1
"""Share of a mask on transparent pixels from which on that is told."""


def visible(mask: Pixels, picture: Picture, notes: list[str]) -> Pixels:
    """Clear a mask where the picture is fully transparent: an edit would not show there."""
    if picture.alpha is None:
        return mask
    shown = np.where(picture.alpha > 0, mask, 0).astype(np.uint8)
    lost = 1 - float(shown.sum(dtype=np.int64)) / max(1.0, float(mask.sum(dtype=np.int64)))
    if lost > _MUCH_LOST:
        notes.append(f"{lost:.0%} of the edit falls on transparent pixels, which stay transparent")
    return shown
