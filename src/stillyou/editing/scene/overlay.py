"""A picture of the faces that were found: their boxes and numbers, the edited ones in another colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.editing.result import FaceReport
from stillyou.images import Picture
from stillyou.images.picture import Pixels

_LONGEST = 2048
_EDITED, _OTHER, _DARK = (40, 190, 90), (235, 170, 30), (20, 20, 20)


def draw_faces(picture: Picture, faces: Sequence[FaceReport]) -> Picture:
    """Draw numbered boxes over a picture, which is reduced to at most 2048 pixels.

    Args:
        picture: The upright picture before the edit.
        faces: As the edit's report has them.
    """
    scale = min(1.0, _LONGEST / max(picture.size))
    size = (max(1, round(picture.size[0] * scale)), max(1, round(picture.size[1] * scale)))
    image = Image.fromarray(picture.rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    draw, width = ImageDraw.Draw(image), max(2, max(size) // 400)
    for face in faces:
        colour = _EDITED if face.edited else _OTHER
        corners = [(x * scale, y * scale) for x, y in _corners(face)]
        draw.line([*corners, corners[0]], fill=_DARK, width=width + 2, joint="curve")
        draw.line([*corners, corners[0]], fill=colour, width=width, joint="curve")
        _number(draw, str(face.number), corners[0], face.size * scale, colour, size)
    pixels: Pixels = np.array(image)
    return Picture(pixels)


def _corners(face: FaceReport) -> list[tuple[float, float]]:
    """Return the box's corners, first the one that is the upper left of the upright face."""
    angle, half = np.deg2rad(face.tilt), face.size / 2
    x0, y0 = face.left + half, face.top + half
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    around = ((-half, -half), (half, -half), (half, half), (-half, half))
    return [(x0 + cos * x - sin * y, y0 + sin * x + cos * y) for x, y in around]


def _number(
    draw: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[float, float],
    size: float,
    colour: tuple[int, int, int],
    bounds: tuple[int, int],
) -> None:
    """Write a number on a plate at a corner, moved into the picture."""
    height = float(np.clip(0.3 * size, 14, 60))
    font = ImageFont.load_default(height)
    wide = draw.textlength(text, font=font) + 0.5 * height
    x = float(np.clip(corner[0], 0, max(0.0, bounds[0] - wide)))
    y = float(np.clip(corner[1], 0, max(0.0, bounds[1] - 1.2 * height)))
    draw.rectangle((x, y, x + wide, y + 1.2 * height), fill=colour)
    draw.text((x + 0.25 * height, y), text, fill=_DARK, font=font)
