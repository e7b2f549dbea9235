"""Squares of a picture, in shares and pixels: cut, turned upright, edges repeated beyond the border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from stillyou.images.faces import Face
from stillyou.images.framing import FACE_CENTRE
from stillyou.pairs.pair import Pixels

UPRIGHT = 12.0
"""Heads that lean by fewer degrees are taken as they are: training turns its pictures as much."""


@dataclass(frozen=True)
class Square:
    """A square of a picture, in its pixels.

    Attributes:
        x: Column of its middle.
        y: Row of its middle.
        side: Its side.
        tilt: Degrees by which the picture is turned counter-clockwise about the middle before it is cut.
    """

    x: float
    y: float
    side: float
    tilt: float = 0.0


def around(face: Face, share: float) -> Square:
    """Return the square in which a face's box has a share of the side and lies as in all portraits (`framing`)."""
    tilt = face.tilt if abs(face.tilt) > UPRIGHT else 0.0
    side, angle = face.size / share, np.deg2rad(tilt)
    right, down = ((0.5 - centre) * side for centre in FACE_CENTRE)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return Square(face.x + cos * right - sin * down, face.y + sin * right + cos * down, side, tilt)


def cut(pixels: Pixels, square: Square, size: int) -> Pixels:
    """Return a square uint8 (size, size, 3) of a picture (H, W, 3); beyond the picture its edge is repeated."""
    if not square.tilt:
        return _cut(pixels, square.x - square.side / 2, square.y - square.side / 2, square.side, size)
    angle = np.deg2rad(square.tilt)
    wider = abs(float(np.cos(angle))) + abs(float(np.sin(angle)))
    cells = size + 2 * int(np.ceil(size * (wider - 1) / 2))
    side = square.side * cells / size
    upright = Image.fromarray(_cut(pixels, square.x - side / 2, square.y - side / 2, side, cells))
    margin = (cells - size) // 2
    turned = upright.rotate(square.tilt, Image.Resampling.BICUBIC)
    return np.asarray(turned.crop((margin, margin, margin + size, margin + size)))


def part(pixels: Pixels, left: float, top: float, share: float, size: int) -> Pixels:
    """Return a smaller square (size, size, 3) of a square (S, S, 3), all in shares of its side."""
    side = len(pixels)
    return _cut(pixels, left * side, top * side, share * side, size)


def middle(pixels: Pixels, size: int) -> Pixels:
    """Return the largest square in the middle of a picture, (size, size, 3)."""
    height, width = pixels.shape[:2]
    return cut(pixels, Square(width / 2, height / 2, float(min(height, width))), size)


def _cut(pixels: Pixels, left: float, top: float, side: float, size: int) -> Pixels:
    height, width = pixels.shape[:2]
    first, above = int(np.floor(left)), int(np.floor(top))
    columns = np.clip(np.arange(first, int(np.ceil(left + side))), 0, width - 1)
    rows = np.clip(np.arange(above, int(np.ceil(top + side))), 0, height - 1)
    patch = Image.fromarray(pixels[rows[:, None], columns])
    box = (left - first, top - above, left - first + side, top - above + side)
    return np.asarray(patch.resize((size, size), Image.Resampling.LANCZOS, box, reducing_gap=3.0))
