"""The contact sheet of `bench.drafts`: source, every way's edit and the target of the first pairs of each effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from stillyou.evaluation.known_truth.benchmark import Example
from stillyou.evaluation.report.sheet import VERDICTS
from stillyou.files import atomic_path

TILE, _GAP, _HEADER = 240, 4, 22


def save_sheet(examples: Mapping[str, Sequence[Example]], path: Path) -> None:
    """Draw the sheet as PNG, a row a pair; frames are green where the judge sees the effect in an edit, else red.

    Args:
        examples: By way, the same pairs in the same order.
        path: Where the PNG goes, atomically.
    """
    ways = list(examples)
    rows = list(zip(*examples.values(), strict=True))
    names = ("source", *ways, "target")
    size = (len(names) * (TILE + _GAP), _HEADER + len(rows) * (TILE + _GAP))
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, name in enumerate(names):
        draw.text((column * (TILE + _GAP) + 4, 3), name, "black", font)
    for y, row in enumerate(rows):
        pair = row[0].pair
        pictures = [pair.source, *(example.answer.edit for example in row), pair.target]
        for x, picture in enumerate(pictures):
            place = x * (TILE + _GAP), _HEADER + y * (TILE + _GAP)
            sheet.paste(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), place)
            if 0 < x <= len(row):
                box = (*place, place[0] + TILE - 1, place[1] + TILE - 1)
                draw.rectangle(box, outline=VERDICTS[row[x - 1].success], width=2)
        said = f"{pair.effect} {pair.attributes.get('design', '')} {pair.attributes.get('style', '')}"
        draw.text(
            (6, _HEADER + y * (TILE + _GAP) + TILE - 18), said, "black", font, stroke_width=2, stroke_fill="white"
        )
    with atomic_path(path) as part:
        sheet.save(part, "PNG")
