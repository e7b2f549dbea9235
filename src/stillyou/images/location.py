"""Taking the place where a picture was taken out of what its file says."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import Final

from stillyou.images.metadata import EXIF_PREFIX
from stillyou.images.picture import PictureInfo

_GPS: Final = 0x8825
_ENTRY: Final = 12
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of a value, by EXIF type."""
_NAMES: Final = (
    rb"(?:exif:GPS\w+|exifEX:GPS\w+|photoshop:(?:City|State|Country)|Iptc4xmpCore:(?:Location|CountryCode)"
    rb"|Iptc4xmpExt:(?:LocationCreated|LocationShown))"
)
_XMP: Final = re.compile(
    rb"\s*<("
    + _NAMES
    + rb")\b[^>]*/>|\s*<("
    + _NAMES
    + rb")\b.*?</\2\s*>|\s+"
    + _NAMES
    + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')",
    re.DOTALL,
)
_TEXT: Final = re.compile(r"gps|location|latitude|longitude|geo", re.IGNORECASE)


def without_location(info: PictureInfo) -> PictureInfo:
    """Return metadata without the place: no GPS folder in EXIF, no places in XMP and in texts of PNG.

    What a camera's maker notes or a caption say of it is not understood, and stays.
    """
    xmp = b"" if _unreadable(info.xmp) else _XMP.sub(b"", info.xmp)
    text = {key: value for key, value in info.text.items() if not _TEXT.search(key)}
    return replace(info, exif=exif_without_gps(info.exif), xmp=xmp, text=text)


def exif_without_gps(exif: bytes) -> bytes:
    r"""Return an EXIF block (``Exif\0\0`` and TIFF) without its GPS folder, whose values are overwritten with zeros.

    Everything else stays at its place, so that offsets hold. A block that cannot be followed is dropped.
    """
    body = bytearray(exif.removeprefix(EXIF_PREFIX))
    order = {b"II": "<", b"MM": ">"}.get(bytes(body[:2]))
    if order is None:
        return b""
    try:
        (start,) = struct.unpack_from(order + "I", body, 4)
        (count,) = struct.unpack_from(order + "H", body, start)
        entries = [start + 2 + _ENTRY * k for k in range(count)]
        for entry in reversed(entries):
            tag, _, _, folder = struct.unpack_from(order + "HHII", body, entry)
            if tag == _GPS:
                _blank(body, order, folder)
                _remove(body, order, start, entry)
    except struct.error:
        return b""
    return EXIF_PREFIX + bytes(body)


def _blank(body: bytearray, order: str, folder: int) -> None:
    """Overwrite a folder and the values that lie outside it."""
    (count,) = struct.unpack_from(order + "H", body, folder)
    for entry in range(folder + 2, folder + 2 + _ENTRY * count, _ENTRY):
        _, kind, values, offset = struct.unpack_from(order + "HHII", body, entry)
        length = _SIZES.get(kind, 1) * values
        if length > 4 and offset < len(body):
            end = min(len(body), offset + length)
            body[offset:end] = bytes(end - offset)
    end = min(len(body), folder + 2 + _ENTRY * count + 4)
    body[folder:end] = bytes(end - folder)


def _remove(body: bytearray, order: str, start: int, entry: int) -> None:
    """Take an entry out of a folder: what follows moves up, and the room at its end is left empty."""
    (count,) = struct.unpack_from(order + "H", body, start)
    end = min(len(body), start + 2 + _ENTRY * count + 4)
    body[entry:end] = body[entry + _ENTRY : end] + bytes(_ENTRY)
    struct.pack_into(order + "H", body, start, count - 1)


def _unreadable(xmp: bytes) -> bool:
    """Tell whether XMP is in no encoding that is searched here: UTF-16 and UTF-32 are full of zeros."""
    return b"\0" in xmp
