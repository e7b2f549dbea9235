"""Every kind of pixel to 8-bit RGB and alpha.

Pillow's own conversions clip 16-bit grey at 255, ignore "white is zero" beyond 8 bits and compare 8-bit pixels with
16-bit transparent colours; these cases are done here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.images.colour import colour_space, image_to_srgb, lab_to_srgb
from stillyou.images.picture import Pixels

_STRIP_ROWS = 256
_WHITE_IS_ZERO = 0
_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262


@dataclass(frozen=True)
class Depth:
    """What the header said about the samples, before Pillow decoded them."""

    bits: int = 8
    inverted: bool = False

    @classmethod
    def of(cls, image: Image.Image) -> Depth:
        """Read the depth of an image that is open but not loaded."""
        tags = getattr(image, "tag_v2", {})
        bits = max(tags.get(_TIFF_BITS, (8,)))
        if ";16" in str(getattr(image, "tile", "")) or image.mode.startswith("I;16"):
            bits = 12 if bits == 12 else 16
        elif image.mode in ("I", "F"):
            bits = max(bits, 16)
        return cls(int(bits), tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO)


@dataclass(frozen=True)
class Converted:
    """8-bit pixels: rgb (H, W, 3), alpha (H, W) or None, the profile of rgb, and notes for people."""

    rgb: Pixels
    alpha: Pixels | None
    icc: bytes
    notes: tuple[str, ...]


def convert(image: Image.Image, depth: Depth, icc: bytes) -> Converted:
    """Turn a loaded image of any mode into 8-bit RGB and alpha."""
    notes: list[str] = []
    image = _to_eight_bits(image, depth, notes)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "LA") else "RGBA")
    alpha = unpack(image.getchannel("A")) if image.mode in ("LA", "RGBA") else None
    if image.mode == "CMYK":
        rgb, icc = _through_profile(image, icc, "CMYK", notes)
    elif image.mode in ("1", "L", "LA"):
        rgb, icc = _from_grey(image.convert("L"), icc, notes)
    else:
        rgb, icc = (lab_to_srgb(image) if image.mode == "LAB" else image.convert("RGB")), _rgb_profile(icc, notes)
    return Converted(unpack(rgb), alpha, icc, tuple(notes))


def unpack(image: Image.Image) -> Pixels:
    """Return an 8-bit image as an array (H, W) or (H, W, C), strip by strip: at once takes the memory three times."""
    bands = len(image.getbands())
    pixels = np.empty((image.height, image.width, bands) if bands > 1 else (image.height, image.width), np.uint8)
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(image.height, top + _STRIP_ROWS)
        pixels[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return pixels


def _to_eight_bits(image: Image.Image, depth: Depth, notes: list[str]) -> Image.Image:
    """Return an image in one of Pillow's 8-bit modes, without premultiplied alpha."""
    if image.mode in ("La", "RGBa"):
        return image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode.startswith(("I", "F")):
        return _number_image(image, depth, notes)
    if depth.bits > 8:
        notes.append(f"{depth.bits}-bit channels were reduced to 8 bits")
        transparent = image.info.get("transparency")
        if isinstance(transparent, tuple):
            image.info["transparency"] = tuple(value >> 8 for value in transparent)
    return image


def _number_image(image: Image.Image, depth: Depth, notes: list[str]) -> Image.Image:
    """Scale an image of 16- or 32-bit integers or of floats to 8-bit grey."""
    values = np.array(image).astype(np.float64)
    white = _white(image.mode, values, depth)
    finite = np.nan_to_num(values, nan=0.0, posinf=white, neginf=0.0)
    grey = np.clip(np.rint(finite * (255.0 / white)), 0, 255).astype(np.uint8)
    if depth.inverted:
        grey = 255 - grey
    kind = "float" if image.mode == "F" else f"{depth.bits}-bit"
    notes.append(f"{kind} grey was reduced to 8 bits, with {white:g} as white")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        return Image.fromarray(np.dstack([grey, np.where(values == transparent, 0, 255).astype(np.uint8)]))
    return Image.fromarray(grey)


def _white(mode: str, values: NDArray[np.float64], depth: Depth) -> float:
    """Return the value that means white.

    Files of 12 and 16 bits say so by their depth. 32-bit and float files do not, so the usual ranges are tried: 1
    (floats), 255, 65535, else the brightest pixel.
    """
    if mode.startswith("I;16"):
        return float(2**depth.bits - 1)
    brightest = float(values[np.isfinite(values)].max(initial=0.0))
    for white in (*((1.0,) if mode == "F" else ()), 255.0, 65535.0):
        if brightest <= white:
            return white
    return brightest


def _from_grey(image: Image.Image, icc: bytes, notes: list[str]) -> tuple[Image.Image, bytes]:
    """Repeat grey as RGB; a grey profile is applied, an RGB profile stays true for equal channels."""
    if colour_space(icc) == "GRAY":
        return _through_profile(image, icc, "GRAY", notes)
    return image.convert("RGB"), _rgb_profile(icc, notes)


def _through_profile(image: Image.Image, icc: bytes, space: str, notes: list[str]) -> tuple[Image.Image, bytes]:
    """Convert CMYK or grey to sRGB by the embedded profile, or plainly where there is none that fits."""
    rgb = image_to_srgb(image, icc) if colour_space(icc) == space else None
    if rgb is not None:
        notes.append(f"{space} was converted to sRGB by the embedded profile")
        return rgb, b""
    if space == "CMYK":
        notes.append("CMYK without a usable profile was converted to RGB; colours may shift")
    return image.convert("RGB"), b""


def _rgb_profile(icc: bytes, notes: list[str]) -> bytes:
    """Return the profile if it describes RGB; else drop it with a note."""
    if not icc or colour_space(icc) == "RGB":
        return icc
    notes.append("the embedded colour profile does not fit the pixels and was dropped")
    return b""
