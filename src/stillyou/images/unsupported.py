"""What a decoder does not support, told apart from damage: "a 12-bit JPEG" helps, "damaged" leads astray."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from PIL import TiffImagePlugin

from stillyou.images import tiff_tags
from stillyou.images.tiff_tags import Tags, read_tags

_JPEG_HEAD = 1 << 20
_FRAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless arithmetic",
}
_NO_SEGMENT = (0x01, *range(0xD0, 0xD8))
_COMPRESSIONS = {
    6: "old JPEG",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_KNOWN_LAYOUTS = {(key[1], key[2], key[4]) for key in TiffImagePlugin.OPEN_INFO}
_SAYS_SO = re.compile(r"unsupported[\w ]*|not supported[\w ]*|not implemented[\w ]*", re.IGNORECASE)


def unsupported(path: Path, kind: str, error: Exception) -> str:
    """Say in a few words what a file has that the decoder lacks.

    Args:
        path: A file that was not decoded.
        kind: Its format.
        error: What the decoder raised.

    Returns:
        For example ``a 12-bit JPEG``; empty if the file is rather damaged.
    """
    with suppress(OSError):
        if kind == "JPEG":
            return _jpeg(path)
        if kind == "TIFF":
            return _tiff(read_tags(path))
        if kind == "BMP":
            return _bmp(path)
        if kind == "PNG":
            return "an Apple PNG (CgBI)" if _head(path, 16)[12:16] == b"CgBI" else ""
    said = _SAYS_SO.search(str(error))
    return f"a {kind} with what its decoder calls '{said.group():.60}'" if said else ""


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def _jpeg(path: Path) -> str:
    """Look at the frame header: ``FF Cn, length (2), precision, height (2), width (2), components``."""
    data, place = _head(path, _JPEG_HEAD), 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _frame(marker, data[place + 4], data[place + 9])
        if marker == 0xDA:
            break
        place += _step(marker, data[place + 2 : place + 4])
    return ""


def _step(marker: int, length: bytes) -> int:
    """Return how far the next marker is; some have no segment, and any number of FF may stand before one."""
    if marker == 0xFF:
        return 1
    return 2 if marker in _NO_SEGMENT else 2 + int.from_bytes(length, "big")


def _frame(marker: int, bits: int, channels: int) -> str:
    if bits in (12, 16):
        return f"a {bits}-bit JPEG"
    if marker in _FRAMES:
        return f"a {_FRAMES[marker]} JPEG"
    return f"a JPEG of {channels} channels" if channels not in (1, 3, 4) else ""


def _tiff(tags: Tags) -> str:
    if not tags:
        return ""
    compression = tags.get(tiff_tags.COMPRESSION, (1,))[0]
    if compression not in TiffImagePlugin.COMPRESSION_INFO or compression == 6:
        return f"a TIFF compressed by {_COMPRESSIONS.get(compression, f'method {compression}')}"
    formats = tags.get(tiff_tags.SAMPLE_FORMAT, (1,))
    formats = formats[:1] if len(set(formats)) == 1 else formats
    photometric, bits = tags.get(tiff_tags.PHOTOMETRIC, (0,))[0], _bits(tags)
    if (photometric, formats, bits) in _KNOWN_LAYOUTS:
        return ""
    return f"a TIFF of {len(bits)} x {bits[0]} bits (colours of kind {photometric}, numbers of kind {formats[0]})"


def _bits(tags: Tags) -> tuple[int, ...]:
    """Return the bits of every sample; a file may say them once for all."""
    bits = tags.get(tiff_tags.BITS, (1,))
    samples = tags.get(tiff_tags.SAMPLES, (1,))[0]
    return bits * samples if len(bits) == 1 and 1 <= samples <= 8 else bits


def _bmp(path: Path) -> str:
    head = _head(path, 34)
    bits, compression = int.from_bytes(head[28:30], "little"), int.from_bytes(head[30:34], "little")
    if compression in (4, 5):
        return f"a BMP that holds a {'JPEG' if compression == 4 else 'PNG'}"
    return f"a BMP of {bits} bits" if bits not in (1, 2, 4, 8, 16, 24, 32) else ""
