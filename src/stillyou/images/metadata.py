"""EXIF and XMP of a picture that was turned upright.

The blocks are patched in place, not written anew: makers' notes hold absolute offsets that re-writing would break.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

EXIF_PREFIX = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_ENTRY = 12
_DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
"""ImageDescription, Make, Model, Orientation, Software, DateTime, Artist, HostComputer, Copyright."""
_SUBFOLDERS = (0x8769, 0x8825)
"""Exif and GPS."""


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence Pillow about sizes (`reading` is stricter) and damaged metadata (which is left out)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def upright_exif(exif: bytes) -> bytes:
    r"""Return an EXIF block with orientation 1 and no thumbnail.

    The thumbnail is unlinked because it would show the picture from before the edit.

    Args:
        exif: With or without the ``Exif\0\0`` prefix.

    Returns:
        The block with its prefix; empty if `exif` is empty or not a TIFF structure.
    """
    body = bytearray(exif.removeprefix(EXIF_PREFIX))
    order = {b"II": "<", b"MM": ">"}.get(bytes(body[:2]))
    if order is None:
        return b""
    try:
        (start,) = struct.unpack_from(order + "I", body, 4)
        (count,) = struct.unpack_from(order + "H", body, start)
        for entry in range(start + 2, start + 2 + _ENTRY * count, _ENTRY):
            if struct.unpack_from(order + "H", body, entry) == (_ORIENTATION,):
                struct.pack_into(order + "HIHH", body, entry + 2, 3, 1, 1, 0)
        end = start + 2 + _ENTRY * count
        if end + 4 <= len(body):
            struct.pack_into(order + "I", body, end, 0)
    except struct.error:
        return b""
    return EXIF_PREFIX + bytes(body)


def upright_xmp(xmp: bytes) -> bytes:
    """Return an XMP packet whose orientation, if it names one, is 1."""
    return re.sub(rb'(tiff:Orientation(?:="|>))[0-9]+', rb"\g<1>1", xmp)


def descriptive_exif(exif: Image.Exif) -> Image.Exif:
    """Return the part of TIFF tags that describes the picture, without the layout of its file."""
    kept = Image.Exif()
    kept.update({tag: exif[tag] for tag in _DESCRIPTIVE if tag in exif})
    kept.update({tag: folder for tag in _SUBFOLDERS if (folder := exif.get_ifd(tag))})
    return kept
