"""The fit: where things sit on a portrait.

A fit is a handful of named points of one square picture, in shares of its side: x to the right, y down, (0, 0) the
upper left corner, (1, 1) the lower right one. Points may lie outside the picture (shoulders cut off by its border).
"left" and "right" are the picture's, not the person's. In the studios a fit is true; on a user's portrait the fit
network predicts it, with a doubt a point.

    brim_left, brim_right    the ends of a hat's brim: where the head, without its hair, is widest at the hairline
    crown                    the top of the head, without its hair
    face_*                   the ellipse from the brows to the chin that no costume covers
    hood_*                   the outer edge of a hood around the whole head
    eye_left, eye_right      the middles of the eyes; mouth: the middle of the mouth
    neck_left, neck_right    the ends of a neckline; collar: its lowest point in front
    shoulder_left, _right    the ends of the shoulders
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

POINTS: Final = (
    *("brim_left", "brim_right", "crown"),
    *("face_left", "face_right", "face_top", "face_bottom"),
    *("hood_left", "hood_right", "hood_top", "hood_bottom"),
    *("eye_left", "eye_right", "mouth"),
    *("neck_left", "neck_right", "collar"),
    *("shoulder_left", "shoulder_right"),
)
"""Names of the points, in the order of the network's outputs."""

MIRRORED: Final = tuple(
    POINTS.index(
        name.replace("left", "right") if "left" in name else name.replace("right", "left") if "right" in name else name
    )
    for name in POINTS
)
"""Where each point of a mirrored picture comes from."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Where things sit on one square picture.

    Attributes:
        points: (K, 2) in shares of the side, in the order of `POINTS`.
        turn: Yaw, pitch and roll of the head in radians: positive yaw turns the face to the picture's right, positive
            pitch lowers the chin, positive roll leans the head clockwise. Cartoons have (0, 0, roll).
        doubt: (K,) expected error of each point in shares of the side; 0 where the fit is true.
    """

    points: NDArray[np.float32]
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    doubt: NDArray[np.float32] | None = None

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return one point (2,) by name."""
        point: NDArray[np.float32] = self.points[POINTS.index(name)]
        return point

    @property
    def unsure(self) -> float:
        """The mean doubt, 0 for a true fit."""
        return 0.0 if self.doubt is None else float(self.doubt.mean())

    def ellipse(self, part: str, side: int, scale: float = 1.0) -> NDArray[np.bool_]:
        """Return the ellipse of ``face`` or ``hood`` on a square, turned with it.

        Args:
            part: Which of the two.
            side: Of the square in pixels.
            scale: Enlarges it about its middle.

        Returns:
            (side, side); all False where the ellipse has no area.
        """
        left, right, top, bottom = (self[f"{part}_{end}"] for end in ("left", "right", "top", "bottom"))
        across, down = (right - left) * (scale / 2), (bottom - top) * (scale / 2)
        middle = (left + right + top + bottom) / 4
        places = ((np.arange(side) + 0.5) / side).astype(np.float32)
        x, y = places[None, :], places[:, None]
        turned = across[0] * down[1] - across[1] * down[0]
        if abs(turned) < 1e-6:
            return np.zeros((side, side), bool)
        u = ((x - middle[0]) * down[1] - (y - middle[1]) * down[0]) / turned
        v = ((y - middle[1]) * across[0] - (x - middle[0]) * across[1]) / turned
        inside: NDArray[np.bool_] = u * u + v * v <= 1
        return inside

    @classmethod
    def of(cls, points: Mapping[str, tuple[float, float]], turn: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Fit:
        """Build a true fit from named points; every name of `POINTS` is needed."""
        return cls(np.array([points[name] for name in POINTS], np.float32), turn)

    def mirrored(self) -> Fit:
        """Return the fit of the picture mirrored left to right."""
        points = self.points[list(MIRRORED)].copy()
        points[:, 0] = 1 - points[:, 0]
        yaw, pitch, roll = self.turn
        doubt = None if self.doubt is None else self.doubt[list(MIRRORED)]
        return Fit(points, (-yaw, pitch, -roll), doubt)
