"""Between 8-bit pictures and the tensors that networks read: the one place for this arithmetic.

    pictures   uint8, (B, H, W, 3), 0..255, as files hold them
    pixels     float, (B, 3, H, W), in [-1, 1], as networks read them

Official mode alone rounds otherwise, as the release does (`diffusion.official`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.images.picture import Pixels


def to_signed(levels: torch.Tensor) -> torch.Tensor:
    """Turn levels 0..255 of any shape and kind into float in [-1, 1]."""
    return levels.float() / 127.5 - 1


def to_levels(pixels: torch.Tensor) -> torch.Tensor:
    """Turn [-1, 1] of any shape into levels 0..255, not rounded; what lies outside is clipped."""
    return (pixels.clamp(-1, 1) + 1) * 127.5


def to_uint8(pixels: torch.Tensor) -> torch.Tensor:
    """Turn [-1, 1] of any shape into the nearest levels, uint8."""
    return to_levels(pixels).round().to(torch.uint8)


def to_pixels(pictures: Sequence[Pixels]) -> torch.Tensor:
    """Turn pictures (H, W, 3) of one size into pixels (B, 3, H, W)."""
    return to_signed(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))


def to_pictures(pixels: torch.Tensor) -> NDArray[np.uint8]:
    """Turn pixels (B, 3, H, W) on any device into pictures (B, H, W, 3)."""
    pictures: NDArray[np.uint8] = to_uint8(pixels).permute(0, 2, 3, 1).cpu().numpy()
    return pictures
