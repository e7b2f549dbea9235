"""The first directory of a TIFF file, read before any decoder: is it a picture or a camera's raw data?"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

Tags = Mapping[int, tuple[int, ...]]
"""Whole numbers by tag."""

NEW_SUBFILE_TYPE, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 254, 258, 259, 262, 277
SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION = 330, 338, 339, 50706
_COLOUR_FILTER = (32803, 34892)
"""Photometric interpretations of raw data: a mosaic of colours, and linear light."""
_WIDTHS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_MOST_ENTRIES, _MOST_VALUES = 4096, 64
_RAW_NAMES = ".3fr .arw .cr2 .dcr .dng .erf .iiq .kdc .mef .mos .nef .nrw .pef .raw .sr2 .srw"
_RAW_STARTS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")


def read_tags(path: Path) -> Tags:
    """Read the whole numbers of a TIFF file's first directory, as far as they make sense."""
    found: dict[int, tuple[int, ...]] = {}
    with suppress(OSError, struct.error, OverflowError, ValueError), path.open("rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        big = head[2:4] in (b"+\0", b"\0+")
        start, count_code, entry_code = (8, "Q", "HHQ8s") if big else (4, "H", "HHI4s")
        file.seek(struct.unpack_from(order + ("Q" if big else "I"), head, start)[0])
        (count,) = struct.unpack(order + count_code, file.read(struct.calcsize(order + count_code)))
        size = struct.calcsize(order + entry_code)
        table = file.read(size * min(count, _MOST_ENTRIES))
        for tag, kind, length, value in struct.iter_unpack(order + entry_code, table[: len(table) // size * size]):
            if kind in _WIDTHS and length:
                code = f"{order}{min(length, _MOST_VALUES)}{_WIDTHS[kind]}"
                if struct.calcsize(code) > len(value):
                    file.seek(struct.unpack(order + ("Q" if big else "I"), value)[0])
                    value = file.read(struct.calcsize(code))
                with suppress(struct.error):
                    found[tag] = struct.unpack_from(code, value)
    return found


def is_camera_raw(path: Path, kind: str | None) -> bool:
    """Tell whether a file is a camera's raw data, of which a TIFF reader would show the thumbnail.

    Args:
        path: The file.
        kind: What `kinds.signature` says of it.
    """
    with suppress(OSError), path.open("rb") as file:
        head = file.read(32)
        if kind is None:
            return head.startswith(_RAW_STARTS) or head[4:12] == b"ftypcrx "
        if kind == "TIFF":
            return head[8:10] == b"CR" or path.suffix.lower() in _RAW_NAMES.split() or _has_raw_tags(read_tags(path))
    return False


def _has_raw_tags(tags: Tags) -> bool:
    reduced = bool(tags.get(NEW_SUBFILE_TYPE, (0,))[:1] == (1,)) and SUB_DIRECTORIES in tags
    return DNG_VERSION in tags or reduced or tags.get(PHOTOMETRIC, (0,))[0] in _COLOUR_FILTER
