r"""Long texts and profiles of PNG files, which Pillow refuses together with the picture.

Pillow unpacks at most 1 MB of a compressed block. `set_aside` finds the blocks that hold more and gives the file
without them; what they hold, up to `MOST`, is read here. A chunk is its length, four letters, the data and a checksum;
``iCCP`` is ``name\0 0 deflated``, ``zTXt`` ``key\0 0 deflated``, ``iTXt`` ``key\0 packed? 0 language\0 key\0 text``.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MOST = 4 << 20
"""Bytes of one block of metadata that are kept, in any format."""
_PILLOWS_MOST = 1 << 20
_ALL = 16 << 20
"""Bytes of all texts of a file together."""
_START = 8
_BLOCKS = (b"iCCP", b"zTXt", b"iTXt", b"tEXt")


@dataclass(frozen=True)
class Aside:
    """What was taken out of a file.

    Attributes:
        file: The rest of the file; None if nothing was taken out.
        texts: Long texts by key.
        icc: A long profile.
        notes: What was dropped, in words for people.
    """

    file: io.BytesIO | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    icc: bytes = b""
    notes: tuple[str, ...] = ()


def set_aside(path: Path) -> Aside:
    """Look for blocks that Pillow would refuse, and take them out.

    Args:
        path: A PNG file, damaged or not: where its chunks cease to make sense the rest is left as it is.

    Raises:
        OSError: It cannot be read.
    """
    kept, texts, icc, dropped, room = [], {}, b"", [], _ALL
    with path.open("rb") as file:
        for start, end, kind in _chunks(file):
            block = _open(kind, _read(file, start + 8, end - 4, MOST * 2), min(room, MOST)) if kind in _BLOCKS else None
            if block is None or (len(block[1]) <= min(room, _PILLOWS_MOST)):
                kept.append((start, end))
            elif len(block[1]) > min(room, MOST):
                dropped.append("the embedded colour profile" if kind == b"iCCP" else f"the text '{block[0]:.40}'")
            elif kind == b"iCCP":
                icc = block[1]
            else:
                texts[block[0]] = block[1].decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")
            room -= 0 if block is None else min(len(block[1]), room)
        if not (icc or texts or dropped):
            return Aside()
        rest = io.BytesIO(b"".join(_read(file, *span) for span in [(0, _START), *kept]))
    return Aside(rest, texts, icc, _notes(dropped))


def _notes(dropped: list[str]) -> tuple[str, ...]:
    more = f" and {len(dropped) - 1} more" if len(dropped) > 1 else ""
    return (f"{dropped[0]}{more} of the PNG is too large and was dropped",) if dropped else ()


def _chunks(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, end and kind of the chunks; what is no whole chunk has no kind."""
    size = file.seek(0, io.SEEK_END)
    start = _START
    while start < size:
        file.seek(start)
        head = file.read(8)
        length = struct.unpack(">I", head[:4])[0] if len(head) == 8 else size
        end = start + 12 + length
        yield start, min(end, size), head[4:] if end <= size else b""
        start = end


def _read(file: BinaryIO, start: int, end: int, most: int = -1) -> bytes:
    file.seek(start)
    return file.read(end - start if most < 0 else min(most, end - start))


def _open(kind: bytes, data: bytes, most: int) -> tuple[str, bytes] | None:
    """Return name and contents of a block, at most one byte more than `most`; None if it is damaged."""
    name, zero, rest = data.partition(b"\0")
    packed = kind in (b"iCCP", b"zTXt")
    if kind == b"iTXt":
        packed, (_, _, rest) = rest[:1] == b"\1", rest[2:].partition(b"\0")
        _, zero, rest = rest.partition(b"\0")
    elif packed:
        rest = rest[1:]
    if not zero:
        return None
    if not packed:
        return name.decode("latin-1"), rest[: most + 1]
    try:
        return name.decode("latin-1"), zlib.decompressobj().decompress(rest, most + 1)
    except zlib.error:
        return None
