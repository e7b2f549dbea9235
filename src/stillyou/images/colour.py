"""ICC profiles: the model sees sRGB, the file keeps its own colour space."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from stillyou.images.picture import Pixels

_SAME = 2
"""Profiles whose colours differ from sRGB by at most this much (of 255) are sRGB."""


def colour_space(icc: bytes) -> str:
    """Return the colour space that a profile describes: ``RGB``, ``GRAY``, ``CMYK``, ...; empty if it is no profile."""
    if len(icc) < 128 or icc[36:40] != b"acsp":
        return ""
    return icc[16:20].decode("ascii", "replace").strip()


def to_srgb(pixels: Pixels, icc: bytes) -> Pixels:
    """Convert RGB pixels (H, W, 3) from a profile to sRGB; unchanged if the profile is empty, sRGB or unusable."""
    transforms = _transforms(icc)
    return pixels if transforms is None else _apply(transforms[0], pixels)


def from_srgb(pixels: Pixels, icc: bytes) -> Pixels:
    """Convert sRGB pixels (H, W, 3) to a profile: the way back of `to_srgb`."""
    transforms = _transforms(icc)
    return pixels if transforms is None else _apply(transforms[1], pixels)


def image_to_srgb(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Convert a grey or CMYK image to sRGB through its profile; None if the profile cannot do that."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """Convert a CIELAB image (D50) to sRGB."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


@lru_cache(maxsize=8)
def _transforms(icc: bytes) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform] | None:
    """Return the transforms to and from sRGB; None where there is nothing to do or a direction is missing."""
    if colour_space(icc) != "RGB":
        return None
    try:
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        there = ImageCms.buildTransform(own, srgb, "RGB", "RGB", intent)
        back = ImageCms.buildTransform(srgb, own, "RGB", "RGB", intent)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
    if np.abs(_apply(there, grid).astype(int) - grid).max() <= _SAME:
        return None
    return there, back


def _apply(transform: ImageCms.ImageCmsTransform, pixels: Pixels) -> Pixels:
    converted = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(pixels)), transform)
    assert converted is not None
    return np.asarray(converted)
