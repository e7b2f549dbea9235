"""What a file said beside its pixels: taken from Pillow's findings, checked, and made true for the upright picture.

Damaged metadata is no reason to refuse a picture: it is dropped with a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from PIL import Image

from stillyou.images.metadata import EXIF_PREFIX, descriptive_exif, upright_exif, upright_xmp, without_warnings
from stillyou.images.png_blocks import MOST, Aside

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION = 0x0112, 282, 283
_RAW_PROFILE = "Raw profile type "
_XMP_TEXT = "XML:com.adobe.xmp"
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


@dataclass(frozen=True)
class Blocks:
    """Metadata of a picture that is upright; fields as in `picture.PictureInfo`.

    Attributes:
        orientation: What the file says, 1 to 8: how its pixels are to be turned.
    """

    orientation: int
    exif: bytes
    icc: bytes
    xmp: bytes
    dpi: tuple[float, float] | None
    text: dict[str, str]
    notes: tuple[str, ...]


def read_blocks(image: Image.Image, aside: Aside) -> Blocks:
    """Read the metadata of a decoded image.

    Args:
        image: The image.
        aside: Blocks of its file that Pillow was not given.
    """
    notes: list[str] = [*aside.notes]
    text = {key: str(value) for key, value in getattr(image, "text", {}).items()} | dict(aside.texts)
    profiles = _raw_profiles(text, notes)
    xmp = _bytes(image.info.get("xmp"), "XMP", notes) or text.get(_XMP_TEXT, "").encode("utf-8", "replace")
    xmp = _small(xmp or profiles.get("xmp", b""), "XMP", notes)
    own = _exif_block(image, notes)
    exif = _small(own or profiles.get("exif", b""), "EXIF", notes)
    orientation = _orientation(image, b"" if own else exif, xmp)
    dpi = _resolution(image, notes)
    return Blocks(
        orientation=orientation,
        exif=upright_exif(exif),
        icc=_small(
            aside.icc or _bytes(image.info.get("icc_profile"), "colour profile", notes), "colour profile", notes
        ),
        xmp=upright_xmp(xmp),
        dpi=dpi[::-1] if dpi and orientation >= 5 else dpi,
        text={key: value for key, value in text.items() if not key.startswith("XML:") and _writable(key)},
        notes=tuple(notes),
    )


def _bytes(value: Any, what: str, notes: list[str]) -> bytes:
    """Return a block as bytes; files can hold numbers in its place."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, bytes | bytearray) or not value:
        return bytes(value or b"")
    notes.append(f"the damaged {what} was dropped")
    return b""


def _small(block: bytes, what: str, notes: list[str]) -> bytes:
    if len(block) <= MOST:
        return block
    notes.append(f"the {what} is larger than {MOST >> 20} MB and was dropped")
    return b""


def _writable(key: str) -> bool:
    """Tell whether PNG can hold a text under this key."""
    return 0 < len(key) < 80 and "\0" not in key


def _raw_profiles(text: dict[str, str], notes: list[str]) -> dict[str, bytes]:
    """Take EXIF and XMP out of texts that hold them as hexadecimal digits, which would outlive the turn."""
    found: dict[str, bytes] = {}
    for kind in ("exif", "APP1", "xmp"):
        value = text.pop(_RAW_PROFILE + kind, None)
        if value is None:
            continue
        try:
            body = bytes.fromhex("".join(value.split("\n")[3:]))
        except ValueError:
            notes.append(f"the damaged text '{_RAW_PROFILE}{kind}' was dropped")
            continue
        is_xmp = kind == "xmp" or body.startswith(_XMP_SEGMENT)
        found.setdefault("xmp" if is_xmp else "exif", body.removeprefix(_XMP_SEGMENT))
    return found


def _exif_block(image: Image.Image, notes: list[str]) -> bytes:
    """Return the EXIF block as it stands in the file; for TIFF, whose tags mix with it, its descriptive part."""
    block = _bytes(image.info.get("exif"), "EXIF", notes)
    if block or image.format != "TIFF":
        return block
    try:
        with without_warnings():
            kept = descriptive_exif(image.getexif())
            return kept.tobytes() if len(kept) else b""
    except Exception:  # a damaged block raises nearly anything
        notes.append("the damaged EXIF was dropped")
        return b""


def _orientation(image: Image.Image, exif_of_text: bytes, xmp: bytes) -> int:
    """Return how the pixels are to be turned, 1 where nothing says so.

    Args:
        image: The image, which knows its own EXIF block.
        exif_of_text: Another block that holds if the file has none of its own.
        xmp: Says it where no EXIF does.
    """
    try:
        with without_warnings():
            if exif_of_text:
                exif = Image.Exif()
                exif.load(EXIF_PREFIX + exif_of_text.removeprefix(EXIF_PREFIX))
            else:
                exif = image.getexif()
            value = exif.get(_ORIENTATION)
    except Exception:  # as above
        value = None
    if value is None:
        said = _XMP_ORIENTATION.search(xmp)
        value = int(said.group(1)) if said else 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _resolution(image: Image.Image, notes: list[str]) -> tuple[float, float] | None:
    """Return a usable resolution; files may say 0, NaN or nothing, for which Pillow makes up 1 dpi in TIFF."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None and not (_X_RESOLUTION in tags and _Y_RESOLUTION in tags):
        return None
    value = image.info.get("dpi")
    if value is None:
        return None
    try:
        x, y = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        notes.append("the damaged resolution was dropped")
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None
