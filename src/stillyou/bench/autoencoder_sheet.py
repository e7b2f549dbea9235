"""The contact sheet of `bench.autoencoder`: what edits draw, enlarged, beside every autoencoder's copy of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.files import atomic_path
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

TILE, _GAP, _HEADER = 256, 4, 22


def save_sheet(pairs: Sequence[Pair], copies: Mapping[str, Sequence[Picture]], path: Path) -> None:
    """Draw the sheet as PNG, a row a pair: the target around its mask, then every copy of it.

    Args:
        pairs: What was copied.
        copies: Copies of the targets by the autoencoder's name, in the order of the pairs.
        path: Where the PNG goes, atomically.
    """
    names = ("target", *copies)
    sheet = Image.new("RGB", (len(names) * (TILE + _GAP), _HEADER + len(pairs) * (TILE + _GAP)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, name in enumerate(names):
        draw.text((column * (TILE + _GAP) + 4, 3), name, "black", font)
    for row, pair in enumerate(pairs):
        window, top = _window(pair), _HEADER + row * (TILE + _GAP)
        for column, picture in enumerate((pair.target, *(own[row] for own in copies.values()))):
            cut = Image.fromarray(np.ascontiguousarray(picture[window]))
            sheet.paste(cut.resize((TILE, TILE), Image.Resampling.NEAREST), (column * (TILE + _GAP), top))
        said = f"{pair.effect} {pair.attributes.get('style', pair.domain or '')}"
        draw.text((6, top + TILE - 18), said, "black", font, stroke_width=2, stroke_fill="white")
    with atomic_path(path) as part:
        sheet.save(part, "PNG")


def _window(pair: Pair) -> tuple[slice, slice]:
    """Return the square of half the picture's side around the middle of its mask."""
    size = len(pair.mask)
    half, (rows, columns) = size // 4, np.nonzero(pair.mask)
    middle = [int(np.median(values)) if len(values) else size // 2 for values in (rows, columns)]
    starts = [min(max(value - half, 0), size - 2 * half) for value in middle]
    return slice(starts[0], starts[0] + 2 * half), slice(starts[1], starts[1] + 2 * half)
