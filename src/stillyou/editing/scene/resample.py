"""Between a picture's own pixels and the model's: what the model sees, and its planes enlarged again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.editing.scene.crop import Box, Crop
from stillyou.images import Picture
from stillyou.images.picture import Pixels

Plane = NDArray[np.float32]

_STRIP = 1 << 19
"""Native pixels that are worked on at a time: bounds the memory for large pictures."""


def view(picture: Picture, crop: Crop, side: int) -> Pixels:
    """Return what the model sees of a picture.

    Args:
        picture: The upright picture; transparent parts are laid on white.
        crop: The square; beyond the picture its edge pixels are repeated.
        side: The model's resolution.

    Returns:
        uint8 (side, side, 3) in the picture's own colour space.
    """
    left, top, right, bottom = crop.visible(picture.size)
    return _reduce(_paper(picture, (left, top, right, bottom)), (left, top), crop, side)


def mask_view(mask: Pixels, crop: Crop, side: int) -> Plane:
    """Return a native mask (H, W) as the model gets it: (side, side) in [0, 1]."""
    left, top, right, bottom = crop.visible((mask.shape[1], mask.shape[0]))
    inside = Image.fromarray(np.ascontiguousarray(mask[top:bottom, left:right]))
    return _reduce(inside, (left, top), crop, side).astype(np.float32) / np.float32(255)


def on_white(picture: Picture, box: Box) -> Pixels:
    """Return part of a picture (h, w, 3) as it looks on white paper."""
    return np.asarray(_paper(picture, box))


def enlarge(planes: Plane, crop: Crop, box: Box, how: Image.Resampling) -> Plane:
    """Resample a square's planes to native pixels.

    Args:
        planes: Floats (side, side) or (side, side, C) that cover the square.
        crop: The square.
        box: Which native pixels are wanted; inside the square.
        how: Bilinear or bicubic.

    Returns:
        (h, w) or (h, w, C).
    """
    scale = crop.size / len(planes)
    left, top, right, bottom = box
    source = (
        (left - crop.left) / scale,
        (top - crop.top) / scale,
        min((right - crop.left) / scale, len(planes)),
        min((bottom - crop.top) / scale, len(planes)),
    )
    target = (right - left, bottom - top)
    if planes.ndim == 2:
        return np.asarray(Image.fromarray(np.ascontiguousarray(planes)).resize(target, how, box=source))
    return np.stack([enlarge(planes[..., c], crop, box, how) for c in range(planes.shape[-1])], axis=-1)


def resized(planes: Plane, side: int, how: Image.Resampling) -> Plane:
    """Resample planes (n, n) or (n, n, C) to another side."""
    whole = Crop(0, 0, side)
    return enlarge(planes, whole, (0, 0, side, side), how)


def strips(box: Box) -> Iterator[Box]:
    """Cut a box into strips of whole rows; nothing for an empty box."""
    left, top, right, bottom = box
    if left >= right:
        return
    height = max(1, _STRIP // (right - left))
    for start in range(top, bottom, height):
        yield left, start, right, min(bottom, start + height)


def _paper(picture: Picture, box: Box) -> Image.Image:
    left, top, right, bottom = box
    image = Image.fromarray(np.ascontiguousarray(picture.rgb[top:bottom, left:right]))
    if picture.alpha is None:
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=Image.fromarray(np.ascontiguousarray(picture.alpha[top:bottom, left:right])))
    return paper


def _reduce(inside: Image.Image, corner: tuple[int, int], crop: Crop, side: int) -> Pixels:
    """Resample the visible part of a square to the model's pixels and repeat the edges around it."""
    scale = crop.size / side
    columns, rows = (
        _covered(corner[axis] - (crop.left, crop.top)[axis], inside.size[axis], scale, side) for axis in (0, 1)
    )
    edges = []
    for (first, last), offset, length in zip(
        (columns, rows), (corner[0] - crop.left, corner[1] - crop.top), inside.size, strict=True
    ):
        edges.append((max(0.0, first * scale - offset), min(float(length), last * scale - offset)))
    (x0, x1), (y0, y1) = edges
    target = (columns[1] - columns[0], rows[1] - rows[0])
    small = np.asarray(inside.resize(target, Image.Resampling.LANCZOS, box=(x0, y0, x1, y1)))
    around = [(rows[0], side - rows[1]), (columns[0], side - columns[1]), (0, 0)]
    return np.pad(small, around[: small.ndim], mode="edge")


def _covered(offset: int, length: int, scale: float, side: int) -> tuple[int, int]:
    """Return the model's pixels, first and past the last, that lie wholly on `length` native pixels from `offset`."""
    first = int(np.ceil(offset / scale - 1e-9))
    last = int(np.floor((offset + length) / scale + 1e-9))
    first = min(first, side - 1)
    return first, min(side, max(last, first + 1))
