"""A nudge: how a person moves what a costume wears, where the fit is off.

Hat and coat each turn and grow about their own middle c (of the brim, of the shoulders) and are then shifted. With
scale s, R(t) the clockwise turn by t and d the shift in pixels of the picture, a point p of the fit goes to

    p' = c + s R(t) (p - c) + d

The art is drawn again by the moved fit, so that light, shadows and hidden hair are right there too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.anchors import Frame, frame
from stillyou.drafts.fit import POINTS, Fit
from stillyou.errors import UsageError, nearest

Part = Literal["hat", "coat"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""What may be nudged."""
_PREFIXES: Final[dict[Part, tuple[str, ...]]] = {
    "hat": ("brim", "crown", "hood"),
    "coat": ("neck", "collar", "shoulder"),
}
_LARGEST, _LEAST_SCALE, _MOST_SCALE = 100_000.0, 0.25, 4.0
_REMEDY = "Write hat:DX,DY,SCALE,TURN, such as hat:12,-5,1.1,8; join hat and coat with a slash."


@dataclass(frozen=True)
class Nudge:
    """How one part is moved.

    Attributes:
        dx: To the right, in pixels of the upright picture.
        dy: Down, likewise.
        scale: How much larger, 0.25 to 4.
        turn: Clockwise, in degrees, -180 to 180.

    Raises:
        UsageError: A number outside its range.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    turn: float = 0.0

    def __post_init__(self) -> None:
        ranges = {
            "dx": (-_LARGEST, _LARGEST),
            "dy": (-_LARGEST, _LARGEST),
            "scale": (_LEAST_SCALE, _MOST_SCALE),
            "turn": (-180.0, 180.0),
        }
        for name, (lowest, highest) in ranges.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and lowest <= value <= highest):
                raise UsageError(f"a nudge's {name} {value:g} is not between {lowest:g} and {highest:g}", _REMEDY)

    def __str__(self) -> str:
        return ",".join(f"{value:g}" for value in (self.dx, self.dy, self.scale, self.turn))


@dataclass(frozen=True)
class Nudges:
    """How hat and coat are moved; None: not at all."""

    hat: Nudge | None = None
    coat: Nudge | None = None

    def __str__(self) -> str:
        return "/".join(f"{part}:{getattr(self, part)}" for part in PARTS if getattr(self, part) is not None)

    @classmethod
    def parse(cls, text: str) -> Nudges:
        """Read ``hat:DX,DY,SCALE,TURN/coat:DX,DY``; what is left out at the end stays as it is.

        Raises:
            UsageError: An unknown part, one that is named twice, or no numbers.
        """
        found: dict[str, Nudge] = {}
        for piece in text.split("/"):
            part, _, numbers = piece.strip().partition(":")
            if part not in PARTS:
                raise UsageError(f"'{part:.40}' cannot be nudged", nearest(part, PARTS))
            if part in found:
                raise UsageError(f"{part} is nudged twice", _REMEDY)
            found[part] = _nudge(numbers)
        return cls(**found)


def _nudge(numbers: str) -> Nudge:
    """Read up to four numbers; raises UsageError for anything else."""
    try:
        values = [float(each) for each in numbers.split(",")]
        return Nudge(*values)
    except (ValueError, TypeError) as error:
        raise UsageError(f"'{numbers:.60}' is no nudge", _REMEDY) from error


def read_nudge(value: Nudges | str) -> Nudges:
    """Read a nudge as people write it; raises UsageError for what is none."""
    if isinstance(value, Nudges):
        return value
    if isinstance(value, str):
        return Nudges.parse(value)
    raise UsageError(f"nudge {value!r:.60} is no text", _REMEDY)


def nudged(fit: Fit, nudges: Nudges, side: int, *, with_face: bool = False) -> Fit:
    """Return a fit with hat and coat moved.

    Args:
        fit: Of a square, in shares of its side.
        nudges: What is moved, in pixels of the picture.
        side: Of the square, in pixels of the picture.
        with_face: Whether the face's ellipse goes with the hat, for art that is anchored to the face.
    """
    points = fit.points.copy()
    for part in PARTS:
        nudge: Nudge | None = getattr(nudges, part)
        if nudge is not None:
            names = (*_PREFIXES[part], "face") if with_face and part == "hat" else _PREFIXES[part]
            rows = [index for index, name in enumerate(POINTS) if name.startswith(names)]
            points[rows] = _moved(fit.points[rows], nudge, middle(fit, part, side).origin / side, side)
    return Fit(points, fit.turn, fit.doubt)


def _moved(points: NDArray[np.float32], nudge: Nudge, pivot: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    angle = math.radians(nudge.turn)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    shift = np.array([nudge.dx, nudge.dy]) / side
    return np.asarray(pivot + nudge.scale * (points - pivot) @ turn + shift, np.float32)


def middle(fit: Fit, part: Part, side: int) -> Frame:
    """Return the frame that a part turns about, in pixels of a square of this side."""
    return frame(fit, "head" if part == "hat" else "shoulders", side)
