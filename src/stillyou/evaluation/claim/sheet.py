"""The sheet of the claim: a row a test picture, a column an editor, framed as the judge sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.evaluation.claim.measured import Measured
from stillyou.evaluation.comparison.pictures import FOLDER
from stillyou.evaluation.report.sheet import VERDICTS
from stillyou.files import atomic_path

_TILE, _GAP, _HEADER = 112, 6, 34
_PAPER, _INK = "#ffffff", "#222222"
_TRUTH = ("source", "target")


def save_sheet(measured: Mapping[str, Measured], effects: Sequence[str], tests: int, root: Path, path: Path) -> None:
    """Draw the first pictures of each effect as JPEG.

    Args:
        measured: The editors.
        effects: Ids of the effects, in the order of the figures' rows.
        tests: Pictures an effect that were measured.
        root: Folder of the run, with its pictures.
        path: Where the JPEG goes.
    """
    shown = min(tests, 6)
    names = [name for name in measured if name not in ("lazy", "oracle")]
    columns = [*_TRUTH, *names]
    size = (len(columns) * (_TILE + _GAP) + _GAP, _HEADER + len(effects) * shown * (_TILE + _GAP))
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for column, name in enumerate(columns):
        _write(draw, name, _GAP + column * (_TILE + _GAP), font)
    for line, (effect, number) in enumerate((e, n) for e in range(len(effects)) for n in range(shown)):
        top = _HEADER + line * (_TILE + _GAP)
        folder = root / FOLDER / effects[effect] / f"{number:04d}"
        for column, name in enumerate(columns):
            left = _GAP + column * (_TILE + _GAP)
            success = None
            if name in measured:
                success = bool(measured[name].default.rows[effect * tests + number]["edit_success"])
            _paste(sheet, draw, folder / f"{name}.png", (left, top), success)
    with atomic_path(path) as part:
        sheet.save(part, "JPEG", quality=88)


def _write(draw: ImageDraw.ImageDraw, name: str, left: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    """Write a column's name, on two lines where it is long."""
    first, _, rest = name.partition("-")
    draw.multiline_text((left + 2, 3), f"{first}-\n{rest}" if rest else first, _INK, font, spacing=1)


def _paste(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, file: Path, at: tuple[int, int], success: bool | None
) -> None:
    if not file.is_file():  # an edit that failed
        return
    with Image.open(file) as picture:
        small = picture.convert("RGB").resize((_TILE, _TILE), Image.Resampling.LANCZOS)
    sheet.paste(Image.fromarray(np.asarray(small)), at)
    if success is not None:
        left, top = at
        draw.rectangle((left - 2, top - 2, left + _TILE + 1, top + _TILE + 1), outline=VERDICTS[success], width=2)
