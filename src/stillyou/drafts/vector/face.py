"""A drawn face taken apart: which pixels are its mouth, eyes and brows, told from the skin around them.

In the frame of `features` (eyes at (-1, 0) and (1, 0), as the fit says), each feature has a window; skin is the
commonest colour of the cheeks, around a mouth that of its own window (a beard). What differs from it falls into
connected pieces, and those that lie within the window are the feature. Pieces that reach out of it (hair, glasses, the
outline of the face) are none, and stay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.drafts.fit import Fit

Flags = NDArray[np.bool_]
Colour = NDArray[np.float32]
Window = tuple[float, float, float, float]
"""Left, right, top and bottom in the face's frame."""

_OTHER = 44.0
"""Distance in RGB from which on a colour is not the skin's."""
_BITS = 4
"""Of each channel dropped when the commonest colour is looked for."""
_NARROW = 4
"""Pixels below which a feature's width does not tell how it runs."""
_LEAST = 0.0015
"""Area of a piece, in squared units of the frame: less is grain."""
_EYE, _BROW = (0.95, -0.8, 1.25), (1.1, -1.75, -0.18)
"""Windows of an eye, which a blush may touch, and of a brow: reach to both sides of the eye's middle, top, bottom."""
_MOUTH = (1.35, -0.62, 1.0)
"""Window of the mouth, around where the fit has it."""
_CHEEKS = (-1.2, 1.2, 0.45)
"""Left, right and top of the window in which skin is looked for; it ends above the mouth."""
_BESIDE = 0.75
"""How far from the fit's middle a mouth's may lie to a side."""


@dataclass(frozen=True)
class Frame:
    """The head's frame in a square's pixels.

    Attributes:
        x: Column of the middle between the eyes.
        y: Its row.
        unit: Half the distance of the eyes, in pixels.
        tilt: Of the line through the eyes, in radians, clockwise.
    """

    x: float
    y: float
    unit: float
    tilt: float

    @classmethod
    def of(cls, fit: Fit, side: int) -> Frame:
        """Return the frame that a fit says, for a square of a side in pixels."""
        left, right = (side * fit[f"eye_{end}"].astype(float) for end in ("left", "right"))
        middle, across = (left + right) / 2, right - left
        return cls(
            float(middle[0]),
            float(middle[1]),
            max(1.0, float(np.hypot(*across)) / 2),
            math.atan2(float(across[1]), float(across[0])),
        )

    def coordinates(self, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return u and v (side, side) of all pixels."""
        x = np.arange(side, dtype=np.float32) + np.float32(0.5 - self.x)
        y = (np.arange(side, dtype=np.float32) + np.float32(0.5 - self.y))[:, None]
        cos, sin = np.float32(math.cos(self.tilt) / self.unit), np.float32(math.sin(self.tilt) / self.unit)
        return cos * x + sin * y, cos * y - sin * x

    def place(self, point: NDArray[np.float32], side: int) -> tuple[float, float]:
        """Return (u, v) of a point of the fit."""
        x, y = side * float(point[0]) - self.x, side * float(point[1]) - self.y
        cos, sin = math.cos(self.tilt) / self.unit, math.sin(self.tilt) / self.unit
        return cos * x + sin * y, cos * y - sin * x


@dataclass(frozen=True, eq=False)
class Feature:
    """One feature of a face.

    Attributes:
        pixels: (side, side): where it is.
        middle: (u, v).
        half: Half its width and half its height in the frame.
        colour: Median RGB of its darkest quarter: borders are mixed with skin.
        stroke: Width of its line, if it is one, in the frame: area by half the perimeter.
        run: Height at its middle and slope of the straight line through it, and the bend b of the parabola
            v = a + s u + b u^2 through it, in the frame; slope and bend are 0 of what is narrower than a few pixels.
    """

    pixels: Flags
    middle: tuple[float, float]
    half: tuple[float, float]
    colour: tuple[int, int, int]
    stroke: float
    run: tuple[float, float, float]

    def at(self, u: float) -> float:
        """Return the height v of the straight line through it."""
        height, slope, _ = self.run
        return height + slope * (u - self.middle[0])


@dataclass(frozen=True, eq=False)
class DrawnFace:
    """A face taken apart; features that could not be told from their surroundings are None.

    Attributes:
        frame: Where it is.
        mouth: Its mouth.
        eyes: The left and the right eye of the picture.
        brows: The brows likewise.
    """

    frame: Frame
    mouth: Feature | None
    eyes: tuple[Feature | None, Feature | None]
    brows: tuple[Feature | None, Feature | None]


def take_apart(pixels: NDArray[np.uint8], fit: Fit) -> DrawnFace:
    """Find the features of a drawn face.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB.
        fit: Where things sit on it.
    """
    side = len(pixels)
    frame = Frame.of(fit, side)
    uv = frame.coordinates(side)
    along, down = frame.place(fit["mouth"], side)
    finder = _Finder(pixels, uv, frame.unit)
    reach, top, bottom = _MOUTH
    around_mouth = (along - reach, along + reach, down + top, down + bottom)
    mouth = finder.find(around_mouth, finder.commonest(around_mouth), (along, down), _BESIDE)
    skin = finder.commonest((*_CHEEKS, max(_CHEEKS[2] + 0.3, down + top)))
    eyes, brows = [], []
    for middle in (-1.0, 1.0):
        wide, top, bottom = (*_EYE[:2], min(_EYE[2], down - 0.4))
        eye = finder.find((middle - wide, middle + wide, top, bottom), skin, (middle, 0.0), 0.6)
        eyes.append(eye)
        wide, top, bottom = _BROW
        if eye is not None:
            bottom = min(bottom, eye.middle[1] - 0.2)
        window = (middle - wide, middle + wide, top, bottom)
        brow = finder.find(window, skin, (middle, (top + bottom) / 2), 0.8, wide=True)
        brows.append(brow)
    return DrawnFace(frame, mouth, (eyes[0], eyes[1]), (brows[0], brows[1]))


class _Finder:
    """Finds the pieces of features in one square."""

    def __init__(
        self, pixels: NDArray[np.uint8], uv: tuple[NDArray[np.float32], NDArray[np.float32]], unit: float
    ) -> None:
        self.pixels, self.uv, self.unit = pixels, uv, unit

    def commonest(self, window: Window) -> Colour:
        """Return the commonest colour of a window: the median of the fullest cell of the colour cube."""
        colours = self.pixels[self._inside(window)]
        if not len(colours):
            return np.zeros(3, np.float32)
        cells = (colours.astype(np.int32) >> _BITS) @ np.array([256, 16, 1])
        values, counts = np.unique(cells, return_counts=True)
        return np.asarray(np.median(colours[cells == values[counts.argmax()]], axis=0), np.float32)

    def _inside(self, window: Window) -> Flags:
        u, v = self.uv
        return (u > window[0]) & (u < window[1]) & (v > window[2]) & (v < window[3])

    def find(
        self, window: Window, skin: Colour, near: tuple[float, float], beside: float, *, wide: bool = False
    ) -> Feature | None:
        """Return what lies within a window.

        Args:
            window: Where it lies altogether.
            skin: What is around it.
            near: Its expected middle.
            beside: How far its middle may lie beside that.
            wide: Whether each piece must be wider than high.
        """
        u, v = self.uv
        inside = self._inside(window)
        if inside.sum() < 12:
            return None
        rows, columns = _around(inside)
        part, inside, u, v = self.pixels[rows, columns], inside[rows, columns], u[rows, columns], v[rows, columns]
        other = np.linalg.norm(part.astype(np.float32) - skin, axis=-1) > _OTHER
        labels, _ = ndimage.label(other, np.ones((3, 3)))
        kept = np.zeros_like(inside)
        for index in np.unique(labels[inside & other]):
            piece = labels == index
            fits = not (piece & ~inside).any() and piece.sum() > _LEAST * self.unit**2
            if fits and abs(u[piece].mean() - near[0]) < beside and (not wide or np.ptp(u[piece]) > np.ptp(v[piece])):
                kept |= piece
        if not kept.any():
            return None
        whole = np.zeros(self.pixels.shape[:2], bool)
        whole[rows, columns] = kept
        return _described(whole, kept, part, u, v, self.unit)


def _around(inside: Flags) -> tuple[slice, slice]:
    """Return the rows and columns of some pixels, and one more on each side: a piece that leaves them is seen."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return slice(max(0, rows[0] - 2), rows[-1] + 3), slice(max(0, columns[0] - 2), columns[-1] + 3)


def _described(
    whole: Flags,
    kept: Flags,
    part: NDArray[np.uint8],
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    unit: float,
) -> Feature:
    across, down = u[kept], v[kept]
    border = kept & ~ndimage.binary_erosion(kept)
    colours = part[kept]
    luma = colours @ np.array([0.299, 0.587, 0.114])
    red, green, blue = np.median(colours[luma <= np.quantile(luma, 0.25)], axis=0)
    middle = float(across.min() + across.max()) / 2
    return Feature(
        whole,
        (middle, float(down.min() + down.max()) / 2),
        (float(np.ptp(across)) / 2, float(np.ptp(down)) / 2),
        (int(red), int(green), int(blue)),
        float(2 * kept.sum() / max(1, border.sum()) / unit),
        _run(across - np.float32(middle), down, _NARROW / unit),
    )


def _run(across: Colour, down: Colour, narrow: float) -> tuple[float, float, float]:
    """Return height, slope and bend (`Feature.run`) of pixels, u from the feature's middle."""
    if np.ptp(across) < narrow:
        return float(down.mean()), 0.0, 0.0
    slope, height = np.polyfit(across, down, 1).tolist()
    return height, slope, float(np.polyfit(across, down, 2)[0])
