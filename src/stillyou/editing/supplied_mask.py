"""A user's own mask: read from whatever stands for one, with what was understood in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.editing.scene.crop import Crop
from stillyou.errors import StillYouError, UsageError
from stillyou.images import Picture, grey_mask, picture_from_image, read_picture
from stillyou.images.picture import Pixels
from stillyou.metrics import MARKED

_COLOURED = 8
"""Difference of a pixel's channels (of 255) from which on a mask is a coloured picture."""


@dataclass(frozen=True)
class SuppliedMask:
    """A mask that a user gave.

    Attributes:
        pixels: uint8 (H, W), 255 = edit.
        notes: What was understood, where that may not be what was meant.
    """

    pixels: Pixels
    notes: tuple[str, ...] = ()

    def within(self, crop: Crop) -> SuppliedMask:
        """Return it cleared outside a square, where there is no edit to show."""
        left, top, right, bottom = crop.visible((self.pixels.shape[1], self.pixels.shape[0]))
        kept = np.zeros_like(self.pixels)
        kept[top:bottom, left:right] = self.pixels[top:bottom, left:right]
        notes: tuple[str, ...] = ()
        if not kept.any():
            notes = ("the mask is black where the model works, so nothing was edited",)
        elif not np.array_equal(kept, self.pixels):
            square = f"{crop.left},{crop.top},{crop.size}"
            notes = (f"the mask reaches beyond the square {square}; only that was edited",)
        return SuppliedMask(kept, notes)

    def where(self, mine: NDArray[np.bool_]) -> SuppliedMask:
        """Return it cut to some pixels (H, W)."""
        return replace(self, pixels=np.where(mine, self.pixels, 0).astype(np.uint8))


MaskLike = str | Path | Image.Image | NDArray[np.uint8] | NDArray[np.bool_] | NDArray[np.floating] | SuppliedMask


def read_supplied(mask: MaskLike, size: tuple[int, int]) -> SuppliedMask:
    """Turn whatever stands for a mask into 8-bit grey.

    Args:
        mask: A file, a Pillow image, or an array (H, W): uint8, bool, or floats in [0, 1].
        size: Width and height of the upright picture.

    Raises:
        UsageError: An array of another kind, or with values outside [0, 1].
        StillYouError: A file that cannot be read, or another size.
    """
    if isinstance(mask, SuppliedMask):
        return mask
    if isinstance(mask, (str, Path)):
        picture = read_picture(mask)
        return _understood(grey_mask(picture, size, f"the mask {mask}"), picture)
    if isinstance(mask, Image.Image):
        picture = picture_from_image(mask)
        return _understood(grey_mask(picture, size), picture)
    values = _eight_bits(np.asarray(mask))
    if values.shape != (size[1], size[0]):
        raise StillYouError(
            f"the mask has shape {values.shape}, the picture has {size[1]} rows and {size[0]} columns",
            "Give an array (rows, columns).",
        )
    return _understood(values)


def _understood(pixels: Pixels, picture: Picture | None = None) -> SuppliedMask:
    """Add notes on a mask that may be meant otherwise: a photograph with a hole, or grey where white was meant."""
    notes, brightest = [], int(pixels.max(initial=0))
    if picture is not None and int(np.ptp(picture.rgb, axis=-1).max(initial=0)) >= _COLOURED:
        told = "the mask is a coloured picture, so its brightness says where to edit"
        if picture.alpha is not None and picture.alpha.min(initial=255) < MARKED:
            told += "; its transparent part counts as black, which is kept"
        notes.append(f"{told}. A mask is white where the edit is wanted and black elsewhere")
    if 0 < brightest < MARKED:
        notes.append(
            f"the mask is nowhere brighter than {brightest} of 255, so at most {brightest / 255:.0%} of the edit "
            "shows; white is all of it"
        )
    return SuppliedMask(pixels, tuple(notes))


def _eight_bits(values: NDArray[np.generic]) -> Pixels:
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype == np.bool_:
        return np.where(values, 255, 0).astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise UsageError(f"a mask of {values.dtype} has no clear scale", "Use uint8, bool, or floats from 0 to 1.")
    floats = values.astype(np.float64)
    if not (np.isfinite(floats).all() and floats.min(initial=0) >= 0 and floats.max(initial=0) <= 1):
        raise UsageError("the mask has values outside 0 to 1", "Use uint8, bool, or floats from 0 to 1.")
    return np.rint(255 * floats).astype(np.uint8)
