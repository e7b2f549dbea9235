"""Opening pictures: judged by content, checked before they are decoded, turned upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from stillyou.errors import StillYouError
from stillyou.images.blocks import read_blocks
from stillyou.images.kinds import MULTI_PICTURE, mislabelled
from stillyou.images.opening import MAX_PIXELS, Opened, by, checked, opened, opened_bytes
from stillyou.images.picture import Picture, PictureInfo, Pixels
from stillyou.images.pixels import convert

__all__ = ["MAX_PIXELS", "grey_mask", "picture_from_bytes", "picture_from_image", "read_mask", "read_picture"]

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: str | Path) -> Picture:
    """Open a user's picture.

    Args:
        path: A PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF or HEIC file, whatever its name.

    Returns:
        The picture upright in 8-bit RGB, with alpha and metadata; what had to be changed is in ``info.notes``.

    Raises:
        StillYouError: Missing, empty, damaged, animated or enormous, or no picture at all.
    """
    path = Path(path)
    with opened(path) as found:
        return _to_picture(found, mislabelled(path, _kind(found.image)))


def picture_from_image(image: Image.Image) -> Picture:
    """Turn a Pillow image into a `Picture`, under the same rules as files.

    Raises:
        StillYouError: An animation, an enormous image, or one whose file is damaged.
    """
    return _to_picture(checked(image, "the image"), ())


def picture_from_bytes(data: bytes, where: str) -> Picture:
    """Turn the bytes of a picture file into a `Picture`, under the same rules as files.

    Args:
        data: Of the file.
        where: What messages call it.

    Raises:
        StillYouError: As `picture_from_image`.
    """
    return _to_picture(opened_bytes(data, where), ())


def read_mask(path: str | Path, size: tuple[int, int]) -> Pixels:
    """Open a mask: white = edit, black = keep; colours count by their brightness, transparent pixels as black.

    Args:
        path: Any readable picture.
        size: Width and height that it must have: those of the upright portrait.

    Returns:
        uint8 (H, W).

    Raises:
        StillYouError: It cannot be read, or has another size.
    """
    return grey_mask(read_picture(path), size, f"the mask {path}")


def grey_mask(picture: Picture, size: tuple[int, int], where: str = "the mask") -> Pixels:
    """Turn a picture into a mask uint8 (H, W) as `read_mask` does; raises StillYouError for another size."""
    if picture.size != size:
        raise StillYouError(
            f"{where} is {by(picture.size)} pixels, the picture is {by(size)}", f"Give a mask of {by(size)} pixels."
        )
    grey = np.array(Image.fromarray(picture.rgb).convert("L"))
    if picture.alpha is None:
        return grey
    shown: Pixels = np.rint(grey.astype(np.float32) * (picture.alpha / np.float32(255))).astype(np.uint8)
    return shown


def _to_picture(found: Opened, notes: tuple[str, ...]) -> Picture:
    """Turn a decoded image upright and into 8-bit pixels."""
    image = found.image
    if image.format == MULTI_PICTURE:
        notes += ("only the first picture of this multi-picture JPEG is used",)
    blocks = read_blocks(image, found.aside)
    turn = _UPRIGHT.get(blocks.orientation)
    converted = convert(image if turn is None else _turned(image, turn), found.depth, blocks.icc)
    return Picture(
        converted.rgb,
        converted.alpha,
        PictureInfo(
            format=_kind(image),
            exif=blocks.exif,
            icc=converted.icc,
            xmp=blocks.xmp,
            dpi=blocks.dpi,
            text=blocks.text,
            notes=notes + blocks.notes + converted.notes,
        ),
    )


def _kind(image: Image.Image) -> str:
    return "JPEG" if image.format == MULTI_PICTURE else image.format or ""


def _turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    turned = image.transpose(turn)
    turned.info = dict(image.info)
    return turned
