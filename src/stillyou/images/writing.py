"""Writing pictures: the format follows the name, metadata is kept, a file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from stillyou.errors import StillYouError, UsageError
from stillyou.files import Place, atomic_path
from stillyou.images.metadata import descriptive_exif, without_warnings
from stillyou.images.picture import Picture, Pixels

WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Formats by extension. All but JPEG are written without loss."""

_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_OPAQUE_ONLY = ("JPEG", "BMP")
_JPEG_MARKER = 65_500
"""Room for EXIF or XMP in one JPEG segment."""
_XMP_TAG = 700
_SAVE: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True, "quality": 60},
    "BMP": {},
    "TIFF": {},  # uncompressed: with compression Pillow cannot write the EXIF folders
}


def check_writable(path: str | Path, size: tuple[int, int] | None = None) -> str:
    """Return the format that a path's extension names.

    Args:
        path: Where a picture is to be written.
        size: Width and height of the picture, when known: some formats have limits.

    Raises:
        UsageError: An extension that is not written.
        StillYouError: The picture is too large for the format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        name = f"'{suffix}' is not a format that is written" if suffix else "the name has no extension"
        raise UsageError(f"cannot write {path}: {name}", f"Use one of {', '.join(WRITABLE)}.")
    kind = WRITABLE[suffix]
    limit = _LONGEST_SIDE.get(kind)
    if size and limit and max(size) > limit:
        raise StillYouError(
            f"cannot write {path}: {kind} holds at most {limit} pixels a side, this has {max(size)}", "Use .png."
        )
    return kind


def is_lossless(path: str | Path) -> bool:
    """Tell whether pixels come back bit-identical from a file of this name."""
    return check_writable(path) != "JPEG"


def write_picture(path: str | Path, picture: Picture, place: Place = atomic_path) -> tuple[str, ...]:
    """Write a picture in the format that its extension names.

    JPEG is written at quality 95 without chroma subsampling, everything else losslessly. JPEG and BMP have no
    transparency: the picture is laid on white.

    Args:
        path: Where to.
        picture: What to write.
        place: `files.together` gives one with which several files appear, or none.

    Returns:
        What the format could not keep, in words for people.

    Raises:
        UsageError: An extension that is not written.
        StillYouError: The picture is too large for the format, or the file cannot be written.
    """
    kind = check_writable(path, picture.size)
    notes: list[str] = []
    if kind in _OPAQUE_ONLY and picture.alpha is not None:
        picture = Picture(_on_white(picture.rgb, picture.alpha), None, picture.info)
        notes.append(f"{kind} has no transparency: the picture was laid on white")
    options = {**_SAVE[kind], **_metadata(kind, picture, notes)}
    with place(path) as part:
        try:
            picture.image().save(part, kind, **options)
        except (ValueError, SyntaxError, RuntimeError) as error:
            raise StillYouError(f"cannot write {path} as {kind}: {error}", "Try .png.") from error
    return tuple(notes)


def write_mask(path: str | Path, mask: Pixels, place: Place = atomic_path) -> None:
    """Write a mask (H, W) as an 8-bit grey PNG; `place` as in `write_picture`.

    Raises:
        UsageError: The name does not end in ``.png``.
    """
    if Path(path).suffix.lower() != ".png":
        raise UsageError(f"cannot write the mask to {path}", "Masks are PNG: end the name in .png.")
    with place(path) as part:
        Image.fromarray(mask).save(part, "PNG")


def encode_info(picture: Picture) -> dict[str, Any]:
    """Return the metadata under Pillow's names, for ``Image.info``."""
    info = picture.info
    known = {"exif": info.exif, "icc_profile": info.icc, "xmp": info.xmp, "dpi": info.dpi}
    return {key: value for key, value in known.items() if value}


def _on_white(rgb: Pixels, alpha: Pixels) -> Pixels:
    share = alpha[..., None].astype(np.float32) / np.float32(255)
    flat: Pixels = np.rint(rgb * share + 255 * (1 - share)).astype(np.uint8)
    return flat


def _metadata(kind: str, picture: Picture, notes: list[str]) -> dict[str, Any]:
    """Return the save options that carry the metadata, dropping with a note what the format cannot hold."""
    options = encode_info(picture)
    if kind == "BMP":
        return {"dpi": options.get("dpi", (0, 0))}  # Pillow would claim 96
    if kind == "JPEG":
        for key in ("exif", "xmp"):
            if len(options.get(key, b"")) > _JPEG_MARKER:
                del options[key]
                notes.append(f"{key.upper()} is too long for JPEG and was left out")
    xmp = options.pop("xmp", None) if kind in ("PNG", "TIFF") else None
    if kind == "PNG":
        options["pnginfo"] = _png_text(picture, xmp)
    if kind == "TIFF":
        options["exif"] = _tiff_tags(picture.info.exif, xmp)
    return options


def _tiff_tags(exif: bytes, xmp: bytes | None) -> Image.Exif:
    block = Image.Exif()
    with without_warnings():
        block.load(exif)
        tags = descriptive_exif(block)
    if xmp:
        tags[_XMP_TAG] = xmp
    block = Image.Exif()
    block.load(tags.tobytes())  # Pillow writes sub-folders only of a block that it has read
    return block


def _png_text(picture: Picture, xmp: bytes | None) -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    for key, value in picture.info.text.items():
        text.add_itxt(key, value)
    if xmp:
        text.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
    return text
