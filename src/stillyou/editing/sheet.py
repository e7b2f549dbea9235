"""A contact sheet of edits: source, mask, result, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.images import Picture
from stillyou.images.picture import Pixels

_CELL, _GAP, _LINE = 256, 12, 20
_INK, _PAPER = (40, 40, 40), (255, 255, 255)
_OVERLAY = np.array([230, 30, 110], np.float32)
_OVERLAY_STRENGTH = 0.6
MOST_ROWS = 100
"""Rows of one sheet; more would make an enormous picture."""


@dataclass(frozen=True)
class Row:
    """One edit, reduced to the size of a cell.

    Attributes:
        cells: Source, source with the mask laid over it, result.
        captions: A line under each.
    """

    cells: tuple[Image.Image, Image.Image, Image.Image]
    captions: tuple[str, str, str]


def make_row(source: Picture, mask: Pixels, result: Picture, captions: tuple[str, str, str]) -> Row:
    """Reduce an edit to a row of a sheet; the mask (H, W) is shown as a colour over the source."""
    before, after = _thumbnail(source), _thumbnail(result)
    share = np.asarray(Image.fromarray(mask).resize(before.size, Image.Resampling.BOX), np.float32)[..., None] / 255
    pixels = np.asarray(before, np.float32)
    marked = pixels + _OVERLAY_STRENGTH * share * (_OVERLAY - pixels)
    return Row((before, Image.fromarray(np.rint(marked).astype(np.uint8)), after), captions)


def draw_sheet(rows: Sequence[Row]) -> Picture:
    """Draw rows under each other, three cells wide."""
    height = _CELL + _LINE + _GAP
    sheet = Image.new("RGB", (3 * (_CELL + _GAP) + _GAP, len(rows) * height + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for index, row in enumerate(rows):
        top = _GAP + index * height
        for column, (cell, caption) in enumerate(zip(row.cells, row.captions, strict=True)):
            left = _GAP + column * (_CELL + _GAP)
            sheet.paste(cell, (left + (_CELL - cell.width) // 2, top + (_CELL - cell.height) // 2))
            draw.text((left, top + _CELL + 3), _cut(caption, draw, font), fill=_INK, font=font)
    return Picture(np.array(sheet))


def _thumbnail(picture: Picture) -> Image.Image:
    """Return a picture on white, at most a cell large."""
    width, height = picture.size
    scale = min(1.0, _CELL / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = picture.image().resize(size, Image.Resampling.LANCZOS)
    paper = Image.new("RGB", size, _PAPER)
    paper.paste(small, mask=small if small.mode == "RGBA" else None)
    return paper


def _cut(caption: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Shorten a caption to the width of a cell, in characters that the font has."""
    caption = caption.encode("latin-1", "replace").decode("latin-1")
    while caption and draw.textlength(caption, font=font) > _CELL:
        caption = caption[:-4] + "..." if len(caption) > 4 else ""
    return caption


def draw_grid(rows: Sequence[Sequence[tuple[str, Picture]]], cell: int = 176) -> Picture:
    """Draw captioned pictures in rows and columns; the captions are those of the first row's."""
    columns = max(len(row) for row in rows)
    grid = Image.new("RGB", (columns * (cell + _GAP) + _GAP, len(rows) * (cell + _GAP) + _LINE + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(grid), ImageFont.load_default(13)
    for index, row in enumerate(rows):
        for column, (caption, picture) in enumerate(row):
            left, top = _GAP + column * (cell + _GAP), _LINE + _GAP + index * (cell + _GAP)
            if index == 0:
                draw.text((left, _GAP), "source" if column == 0 else caption, fill=_INK, font=font)
            small = _thumbnail(picture).resize((cell, cell), Image.Resampling.LANCZOS)
            grid.paste(small, (left, top))
    return Picture(np.array(grid))
