"""The head's own directions on a square, in pixels: ellipses of the fit, and the frame of a brim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.fit import Fit

Plane = NDArray[np.float32]
_STILL = 0.3
"""Mean difference in levels of 255 up to which neighbouring rows are one row repeated."""


def smooth(values: Plane) -> Plane:
    """Return a smooth step: 0 up to 0, 1 from 1 on."""
    share = np.clip(values, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def grid(width: int, height: int) -> tuple[Plane, Plane]:
    """Return x (1, W) and y (H, 1) of the middles of pixels."""
    return np.arange(width, dtype=np.float32)[None] + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5


def real(pixels: Plane) -> NDArray[np.bool_]:
    """Return which pixels of a square (H, W, 3) show something: not rows or columns that repeat its border."""
    flags = np.ones(pixels.shape[:2], bool)
    for axis in (0, 1):
        still = np.abs(np.diff(pixels, axis=axis)).mean((1 - axis, 2)) < _STILL
        if still.all():
            continue
        first, last = int(np.argmin(still)), len(still) - int(np.argmin(still[::-1]))
        outside = (np.arange(pixels.shape[axis]) < first) | (np.arange(pixels.shape[axis]) > last)
        flags &= ~(outside[:, None] if axis == 0 else outside[None])
    return flags


@dataclass(frozen=True)
class Frame:
    """Coordinates about a point: ``u`` along an axis and ``v`` along another, 1 at the axes' ends.

    Attributes:
        middle: (x, y) in pixels.
        back: (2, 2) from pixels to (u, v).
    """

    middle: tuple[float, float]
    back: NDArray[np.float64]

    def of(self, width: int, height: int) -> tuple[Plane, Plane]:
        """Return u and v (H, W) of all pixels of a square."""
        x, y = grid(width, height)
        dx, dy = x - np.float32(self.middle[0]), y - np.float32(self.middle[1])
        (a, b), (c, d) = self.back.astype(np.float32)
        return a * dx + b * dy, c * dx + d * dy

    def at(self, point: NDArray[np.floating]) -> tuple[float, float]:
        """Return u and v of one point (x, y)."""
        u, v = self.back @ (np.asarray(point, np.float64) - self.middle)
        return float(u), float(v)

    def distance(self, width: int, height: int) -> Plane:
        """Return how far out pixels (H, W) lie: 1 on the ellipse through the axes' ends."""
        u, v = self.of(width, height)
        return np.asarray(np.hypot(u, v), np.float32)


def ellipse(fit: Fit, name: str, side: float) -> Frame:
    """Return the frame of the fit's ``face`` or ``hood`` on a square of a side in pixels; v grows downwards."""
    ends = {end: fit[f"{name}_{end}"].astype(np.float64) * side for end in ("left", "right", "top", "bottom")}
    across, down = (ends["right"] - ends["left"]) / 2, (ends["bottom"] - ends["top"]) / 2
    middle = (ends["left"] + ends["right"] + ends["top"] + ends["bottom"]) / 4
    return Frame((float(middle[0]), float(middle[1])), np.linalg.pinv(np.stack([across, down], 1)))


def brim(fit: Fit, side: float) -> Frame:
    """Return the frame of the brim: u is 1 at its right end, v grows upwards in the same unit."""
    left, right = (fit[f"brim_{end}"].astype(np.float64) * side for end in ("left", "right"))
    across = (right - left) / 2
    up = np.array([across[1], -across[0]])
    middle = (left + right) / 2
    return Frame((float(middle[0]), float(middle[1])), np.linalg.pinv(np.stack([across, up], 1)))
