"""The contact sheet of a report: source, edit, target and editing mask of a few pairs of each effect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.evaluation.known_truth.benchmark import EXAMPLES, Example
from stillyou.files import atomic_path

TILE = 120
"""Side of a picture on the sheet, in pixels."""
_GAP, _GUTTER, _LABEL, _HEADER = 4, 18, 84, 24
_COLUMNS = ("source", "edit", "target", "mask")
_PAPER, _INK = "#ffffff", "#222222"
VERDICTS = {True: "#2e9e4f", False: "#d03a3a"}
"""Frames of edits in which the judge sees the effect, or not."""


def save_sheet(examples: Sequence[Example], path: Path) -> None:
    """Draw the sheet as JPEG: a row an effect, up to `EXAMPLES` pairs beside each other.

    The edit's frame is green where the judge sees the effect in it, and red where not.

    Args:
        examples: Measured edits.
        path: Where the JPEG goes, atomically.
    """
    effects = list(dict.fromkeys(example.pair.effect for example in examples))
    width = _LABEL + EXAMPLES * (len(_COLUMNS) * (TILE + _GAP) + _GUTTER)
    sheet = Image.new("RGB", (width, _HEADER + len(effects) * (TILE + 2 * _GAP)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for row, effect in enumerate(effects):
        top = _HEADER + row * (TILE + 2 * _GAP)
        draw.text((6, top + TILE // 2 - 8), effect, _INK, font)
        chosen = [example for example in examples if example.pair.effect == effect][:EXAMPLES]
        for place, example in enumerate(chosen):
            _draw_example(sheet, example, _LABEL + place * (len(_COLUMNS) * (TILE + _GAP) + _GUTTER), top)
    for place in range(EXAMPLES):
        for column, name in enumerate(_COLUMNS):
            left = _LABEL + place * (len(_COLUMNS) * (TILE + _GAP) + _GUTTER) + column * (TILE + _GAP)
            draw.text((left + 2, 4), name, _INK, font)
    with atomic_path(path) as part:
        sheet.save(part, "JPEG", quality=88)


def _draw_example(sheet: Image.Image, example: Example, left: int, top: int) -> None:
    mask = np.repeat(example.answer.mask[..., None], 3, axis=2)
    pictures = (example.pair.source, example.answer.edit, example.pair.target, mask)
    for column, picture in enumerate(pictures):
        x = left + column * (TILE + _GAP)
        sheet.paste(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), (x, top))
        if _COLUMNS[column] == "edit":
            box = (x - 2, top - 2, x + TILE + 1, top + TILE + 1)
            ImageDraw.Draw(sheet).rectangle(box, outline=VERDICTS[example.success], width=2)
