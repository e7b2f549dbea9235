"""The frames that art of one's own is anchored to, in pixels of a square.

With origin o, the unit to the right a = (a_x, a_y), and downwards its normal, a point (u, v) of a frame lies at

    x = o + u a + v (-a_y, a_x)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.fit import Fit
from stillyou.effects.own import Anchor, Part

Matrix = NDArray[np.float64]
_BRIM: Final = 0.2
"""Where a hat's lower edge lies in the head's frame unless it is said."""
_COLLAR: Final = -0.15
"""Where a coat's upper edge lies in the frame of the shoulders unless it is said."""
_ENDS: Final[dict[Anchor, tuple[str, str]]] = {
    "head": ("brim_left", "brim_right"),
    "face": ("face_left", "face_right"),
    "neck": ("neck_left", "neck_right"),
    "shoulders": ("shoulder_left", "shoulder_right"),
}
_ORIGINS: Final[dict[Anchor, tuple[str, ...]]] = {
    "head": ("brim_left", "brim_right"),
    "face": ("face_left", "face_right", "face_top", "face_bottom"),
    "neck": ("collar",),
    "shoulders": ("neck_left", "neck_right"),
}


@dataclass(frozen=True)
class Frame:
    """A frame on a square.

    Attributes:
        origin: (2,) in pixels.
        across: (2,) one unit to the right, in pixels.
    """

    origin: Matrix
    across: Matrix

    @property
    def unit(self) -> float:
        """Pixels a unit."""
        return float(np.hypot(*self.across))


def frame(fit: Fit, anchor: Anchor, side: int) -> Frame:
    """Return a frame on a square of a side in pixels."""
    left, right = (side * fit[name].astype(np.float64) for name in _ENDS[anchor])
    origin = np.mean([side * fit[name].astype(np.float64) for name in _ORIGINS[anchor]], axis=0)
    across = (right - left) / 2
    return Frame(origin, across if np.hypot(*across) >= 1 else np.array([1.0, 0.0]))


def placement(part: Part, where: Frame, size: tuple[float, float]) -> Matrix:
    """Return the map (2, 3) from a file's canvas to pixels of the square.

    Args:
        part: How large it is, and where its middle lies.
        where: The frame of its anchor.
        size: Width and height of the canvas, in its own units.
    """
    scale = part.units / size[0]
    right = where.across
    turn = np.stack([right, np.array([-right[1], right[0]])], axis=1)
    middle = np.array(_middle(part, scale * size[1]) if part.at is None else part.at)
    corner = where.origin + turn @ (middle - scale * np.array(size) / 2)
    return np.column_stack([scale * turn, corner])


def _middle(part: Part, height: float) -> tuple[float, float]:
    """Return where a part's middle lies unless it is said: hats stand on the brim, coats hang from the neck."""
    if part.frame == "head":
        return 0.0, _BRIM - height / 2
    if part.frame == "shoulders":
        return 0.0, _COLLAR + height / 2
    return 0.0, 0.0
