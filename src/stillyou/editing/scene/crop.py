"""The square that the model works on: around the character, in the picture's own pixels.

Where the picture is transparent around the character, the alpha channel says where it is; else a plain background is
recognised by the colours of the picture's border. Pictures with neither (photographs) get the largest square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.errors import UsageError
from stillyou.images import Picture
from stillyou.images.backdrop import plain_background
from stillyou.images.morphology import opened
from stillyou.images.picture import Pixels

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""

_GLANCE = 192
"""Longer side of the reduced picture that the character is looked for in."""
_MOST_BACKGROUND = 0.995
"""A picture with more background than this has no character that could be told from a speck."""
_MARGIN = 0.3
"""Free space on each side of the character, as a fraction of its longer side: hats and shoulders need it, and the
pairs of training are framed like that."""
_NEARLY_ALL = 0.7
"""From this share of the largest square on, the largest square itself is taken: it saves a resampling."""
_WIDEST = 2
"""A square is at most this many times as wide as the picture's shorter side."""
_EYE_LEVEL = 0.35
"""Where in a tall picture without a plain background the square goes: 0 = top, 0.5 = centre."""


@dataclass(frozen=True)
class Crop:
    """A square in pixels of the picture. It may reach beyond the picture, where edge pixels stand in.

    Attributes:
        left: Column of its left edge; may be negative.
        top: Row of its top edge; may be negative.
        size: Side length, at least 1.
    """

    left: int
    top: int
    size: int

    def visible(self, size: tuple[int, int]) -> Box:
        """Return the part that lies inside a picture of this width and height."""
        width, height = size
        return (
            max(0, self.left),
            max(0, self.top),
            min(width, self.left + self.size),
            min(height, self.top + self.size),
        )


def parse_crop(text: str | Crop) -> Crop:
    """Read ``X,Y,SIZE``; a `Crop` is returned as it is.

    Raises:
        UsageError: Not three whole numbers, a size below 1, or neither text nor a `Crop`.
    """
    if isinstance(text, Crop):
        return text
    if not isinstance(text, str):
        raise UsageError(f"crop {text!r} is no Crop", "Write stillyou.editing.scene.crop.Crop(left, top, size).")
    try:
        left, top, size = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"crop '{text}' is not three whole numbers", "Write X,Y,SIZE in pixels.") from error
    if size < 1 or max(abs(left), abs(top), size) > 1_000_000:
        raise UsageError(f"crop '{text}' has no usable size", "Write X,Y,SIZE in pixels.")
    return Crop(left, top, size)


def check_crop(crop: Crop, size: tuple[int, int]) -> Crop:
    """Return a square that a user chose if it makes sense for a picture of this width and height.

    Raises:
        UsageError: It lies outside the picture, or dwarfs it.
    """
    left, top, right, bottom = crop.visible(size)
    where = f"crop {crop.left},{crop.top},{crop.size} for a picture of {size[0]}x{size[1]} pixels"
    if left >= right or top >= bottom:
        raise UsageError(f"{where} lies outside it", "Move the square onto the picture.")
    if min(right - left, bottom - top) * _WIDEST < crop.size:
        raise UsageError(f"{where} is mostly outside it", "Choose a smaller square.")
    return crop


def find_crop(picture: Picture, include: Box | None = None, least: int = 1) -> Crop:
    """Choose the square for a picture.

    Args:
        picture: The upright picture.
        include: A box that must be inside (a user's mask), unless it is longer than a square may be.
        least: The model's resolution: a smaller square is taken only in smaller pictures, since enlarging adds blur.

    Returns:
        A square of at least 1 pixel; at least half of each side lies in the picture.
    """
    box = _character(picture)
    if include is not None:
        box = include if box is None else _union(box, include)
    if box is None:
        return _largest_square(picture.size)
    return _square_around(box, picture.size, least)


def _largest_square(size: tuple[int, int]) -> Crop:
    width, height = size
    side = min(size)
    return Crop((width - side) // 2, int((height - side) * _EYE_LEVEL), side)


def _square_around(box: Box, size: tuple[int, int], least: int) -> Crop:
    """Return the square around a character with its margin, inside the picture where it fits."""
    left, top, right, bottom = box
    longest, largest = max(right - left, bottom - top), min(size)
    side = max(round(longest * (1 + 2 * _MARGIN)), least)
    if longest <= largest and side >= _NEARLY_ALL * largest:
        side = largest
    elif side > largest:
        side = longest
    side = max(1, min(side, _WIDEST * largest))
    return Crop(_place((left + right) / 2, side, size[0]), _place((top + bottom) / 2, side, size[1]), side)


def _place(centre: float, side: int, length: int) -> int:
    """Return where a side starts: around the centre, moved into the picture, or around the picture if it is longer."""
    if side >= length:
        return (length - side) // 2
    return int(np.clip(round(centre - side / 2), 0, length - side))


def _character(picture: Picture) -> Box | None:
    """Return the box of what differs from the background, None if nothing can be told apart."""
    width, height = picture.size
    scale = max(1.0, max(width, height) / _GLANCE)
    small = (max(1, round(width / scale)), max(1, round(height / scale)))
    if picture.alpha is not None and picture.alpha.min() < 255:
        subject = np.asarray(Image.fromarray(picture.alpha).resize(small, Image.Resampling.BOX)) > 16
    else:
        rgb = np.asarray(Image.fromarray(picture.rgb).resize(small, Image.Resampling.BOX))
        background = plain_background(rgb)
        if background is None:
            return None
        # What is thinner than three pixels is noise, or the blurred edge between two background colours.
        subject = opened(~background, 1)
    if not subject.any() or subject.mean() < 1 - _MOST_BACKGROUND:
        return None
    left, top, right, bottom = _box(subject)
    x, y = width / small[0], height / small[1]
    return int(left * x), int(top * y), min(width, int(np.ceil(right * x))), min(height, int(np.ceil(bottom * y)))


def include_box(crop: Crop, box: Box, size: tuple[int, int]) -> Crop:
    """Return the smallest square around a square and a box, within a picture of this width and height where it fits."""
    own = (crop.left, crop.top, crop.left + crop.size, crop.top + crop.size)
    left, top, right, bottom = _union(own, box)
    side = min(max(right - left, bottom - top), _WIDEST * min(size))
    return Crop(_place((left + right) / 2, side, size[0]), _place((top + bottom) / 2, side, size[1]), side)


def mask_box(mask: Pixels) -> Box | None:
    """Return the box of a mask's pixels (H, W) above 0, None if there are none."""
    marked = mask > 0
    return _box(marked) if marked.any() else None


def _box(marked: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
