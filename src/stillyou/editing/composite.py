"""From the model's square back into the picture, exactly (docs/model.md, What we add, 1).

Symbols: o the original pixels (laid on white where transparent), e and r the model's edit and its reconstruction of the
source, both at the model's resolution, m the 8-bit editing mask at native resolution, U enlargement to native pixels.

    t      = smoothstep(max over channels |e - r|)         how much of the model's own pixels to show
    edit   = t U(e) + (1 - t) (o + U(e - r))               small changes keep the original's detail
    result = round(o + (m / 255) (edit - o))               and o itself, untouched, where m = 0
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stillyou.editing.crop import Box, Crop, mask_box
from stillyou.images import Picture
from stillyou.images.picture import Pixels

Plane = NDArray[np.float32]

_DETAIL_BELOW, _MODEL_ABOVE = 10.0, 40.0
"""Changes (of 255) up to the first keep all of the original's detail; from the second on the model's pixels show."""
_CALM = 1.0
"""Blur of the map of changes, in pixels of the model."""
_SEAM = 0.04
"""Width of the fade at edges of the square that lie inside the picture, as a fraction of its side."""
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


def native_mask(mask: Plane, crop: Crop, size: tuple[int, int]) -> Pixels:
    """Enlarge the model's mask to the 8-bit mask that compositing uses.

    Args:
        mask: (side, side) in [0, 1].
        crop: The square it belongs to.
        size: Width and height of the picture.

    Returns:
        uint8 (H, W): 0 outside the square, fading to 0 at its edges inside the picture.
    """
    result = np.zeros((size[1], size[0]), np.uint8)
    faded = mask * _seam(crop, size, len(mask))
    for box in _strips(crop.visible(size)):
        left, top, right, bottom = box
        result[top:bottom, left:right] = np.rint(255 * _enlarge(faded, crop, box, Image.Resampling.BILINEAR))
    return result


def composite(picture: Picture, edit: Plane, reconstruction: Plane, mask: Pixels, crop: Crop) -> Pixels:
    """Put an edit into a picture.

    Args:
        picture: The upright picture.
        edit: The model's square (side, side, 3) in 0..255, in the picture's colour space.
        reconstruction: The model's copy of the source (side, side, 3), likewise.
        mask: The editing mask uint8 (H, W).
        crop: The square.

    Returns:
        uint8 (H, W, 3): bit-identical to the picture where the mask is 0 or the picture fully transparent.
    """
    result = picture.rgb.copy()
    marked = mask_box(mask)
    if marked is None:
        return result
    residual = edit - reconstruction
    trust = _trust(residual)
    for box in _strips(_common(marked, crop.visible(picture.size))):
        left, top, right, bottom = box
        part = (slice(top, bottom), slice(left, right))
        o = on_white(picture, box).astype(np.float32)
        t = _enlarge(trust, crop, box, Image.Resampling.BILINEAR)[..., None]
        e, change = (_enlarge(planes, crop, box, Image.Resampling.BICUBIC) for planes in (edit, residual))
        wanted = np.clip(t * e + (1 - t) * (o + change), 0, 255)
        share = _share(mask[part], None if picture.alpha is None else picture.alpha[part])
        blended = np.clip(np.rint(result[part] + share[..., None] * (wanted - o)), 0, 255).astype(np.uint8)
        result[part] = np.where(share[..., None] > 0, blended, result[part])
    return result


def on_white(picture: Picture, box: Box) -> Pixels:
    """Return part of a picture (h, w, 3) as it looks on white paper."""
    return np.asarray(_paper(picture, box))


def _paper(picture: Picture, box: Box) -> Image.Image:
    left, top, right, bottom = box
    image = Image.fromarray(np.ascontiguousarray(picture.rgb[top:bottom, left:right]))
    if picture.alpha is None:
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=Image.fromarray(np.ascontiguousarray(picture.alpha[top:bottom, left:right])))
    return paper


def _share(mask: Pixels, alpha: Pixels | None) -> Plane:
    """Return the weight of an edit, divided by the opacity: what shines through must change as wanted."""
    share = mask.astype(np.float32) / np.float32(255)
    if alpha is None:
        return share
    opacity = np.maximum(alpha.astype(np.float32), 1) / np.float32(255)
    return np.where(alpha > 0, share / opacity, np.float32(0))


def _trust(residual: Plane) -> Plane:
    """Return t (side, side) in [0, 1]."""
    change = Image.fromarray(np.abs(residual).max(axis=-1).astype(np.float32))
    calm = _blurred(np.asarray(change))
    x = np.clip((calm - _DETAIL_BELOW) / (_MODEL_ABOVE - _DETAIL_BELOW), 0, 1)
    smooth: Plane = (x * x * (3 - 2 * x)).astype(np.float32)
    return smooth


def _blurred(plane: Plane) -> Plane:
    """Blur a map of 0..255; 8 bits are enough to choose between two pictures."""
    levels = Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8))
    return np.asarray(levels.filter(ImageFilter.GaussianBlur(_CALM))).astype(np.float32)


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


def _enlarge(planes: Plane, crop: Crop, box: Box, how: Image.Resampling) -> Plane:
    """Resample the model's (side, side) or (side, side, C) floats to the native pixels of a box in the square."""
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
    return np.stack([_enlarge(planes[..., c], crop, box, how) for c in range(planes.shape[-1])], axis=-1)


def _seam(crop: Crop, size: tuple[int, int], side: int) -> Plane:
    """Return weights (side, side) that fall to 0 at the edges of the square beyond which the picture goes on."""
    ramp = np.clip(np.arange(side, dtype=np.float32) / max(1.0, _SEAM * side), 0, 1)
    weights = []
    for start, length in ((crop.top, size[1]), (crop.left, size[0])):
        weight = np.ones(side, np.float32)
        if start > 0:
            weight = weight * ramp
        if start + crop.size < length:
            weight = weight * ramp[::-1]
        weights.append(weight)
    seam: Plane = np.outer(weights[0], weights[1]).astype(np.float32)
    return seam


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _strips(box: Box) -> Iterator[Box]:
    """Cut a box into strips of whole rows; nothing for an empty box."""
    left, top, right, bottom = box
    if left >= right:
        return
    height = max(1, _STRIP // (right - left))
    for start in range(top, bottom, height):
        yield left, start, right, min(bottom, start + height)
