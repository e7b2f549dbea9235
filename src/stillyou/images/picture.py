"""A picture in memory: pixels, transparency, and what its file said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class PictureInfo:
    r"""What a file said beside its pixels.

    Attributes:
        format: Name of the file's format, such as ``PNG``; empty for pictures that come from memory.
        exif: EXIF block (``Exif\0\0`` and a TIFF structure) with orientation 1; empty if there is none.
        icc: RGB colour profile of the pixels; empty means sRGB.
        xmp: XMP packet with orientation 1; empty if there is none.
        dpi: Resolution (x, y) in pixels an inch.
        text: Text entries of a PNG file.
        notes: What reading had to change, in words for people.
    """

    format: str = ""
    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An upright 8-bit picture.

    Attributes:
        rgb: uint8 (H, W, 3) in the colour space of ``info.icc``.
        alpha: uint8 (H, W), 255 = opaque; None for pictures without transparency.
        info: Metadata.
    """

    rgb: Pixels
    alpha: Pixels | None = None
    info: PictureInfo = field(default_factory=PictureInfo)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, in Pillow's order."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def image(self) -> Image.Image:
        """Return the pixels as a Pillow image, RGBA if there is an alpha channel."""
        if self.alpha is None:
            return Image.fromarray(self.rgb)
        return Image.fromarray(np.dstack([self.rgb, self.alpha]))
