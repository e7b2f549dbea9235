"""Contact sheets of pair datasets: source, target and mask side by side, with prompts and status beneath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair

_MARGIN = 8
_LINE = 15
_LINES = 3
_INK, _PAPER, _ALARM = (32, 32, 36), (255, 255, 255), (176, 32, 32)


def contact_sheet(dataset: PairDataset, n: int = 24, *, columns: int = 3, side: int = 144) -> Image.Image:
    """Draw a sheet of pairs spread evenly over the dataset.

    Args:
        dataset: What to show.
        n: How many pairs; fewer if the dataset has fewer.
        columns: Pairs a row of the sheet.
        side: Side of a picture on the sheet, in pixels.

    Raises:
        StillYouError: The dataset is empty, or a shard is damaged.
    """
    if not len(dataset):
        raise StillYouError(f"{dataset.path} has no such pairs to show", "Choose another effect or status.")
    chosen = [int(index) for index in np.unique(np.linspace(0, len(dataset) - 1, num=n).round())]
    columns = min(columns, len(chosen))
    width, height = 3 * side + 2 * _MARGIN, side + _LINES * _LINE + 2 * _MARGIN
    rows = -(-len(chosen) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), _PAPER)
    for place, index in enumerate(chosen):
        cell = _cell(dataset.load(index), dataset.row(index), side, (width, height))
        sheet.paste(cell, (place % columns * width, place // columns * height))
    return sheet


def _cell(pair: Pair, row: Mapping[str, Any], side: int, size: tuple[int, int]) -> Image.Image:
    cell = Image.new("RGB", size, _PAPER)
    for place, pixels in enumerate((pair.source, pair.target, pair.mask)):
        picture = Image.fromarray(pixels).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        cell.paste(picture, (_MARGIN + place * side, _MARGIN))
    draw, font = ImageDraw.Draw(cell), ImageFont.load_default(11)
    rejected = row["status"] == "rejected"
    status = f"rejected: {row['reason']}" if rejected else "accepted"
    captions = (
        (f"{row['effect']} - {status} - mask {row['scores'].get('mask_share', 0):.1%}", _ALARM if rejected else _INK),
        (f"before: {pair.source_prompt}", _INK),
        (f"after: {pair.target_prompt}", _INK),
    )
    for line, (text, ink) in enumerate(captions):
        shown = _fitted(draw, text, font, size[0] - 2 * _MARGIN)
        draw.text((_MARGIN, _MARGIN + side + 2 + line * _LINE), shown, fill=ink, font=font)
    return cell


_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


def _fitted(draw: ImageDraw.ImageDraw, text: str, font: _Font, width: int) -> str:
    """Shorten a caption until it fits the cell; characters that the font lacks become '?'."""
    text = text.encode("latin-1", "replace").decode("latin-1")
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(text + "...", font) > width:
        text = text[:-1]
    return text + "..."
