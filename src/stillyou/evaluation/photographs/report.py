"""The report on a folder of photographs: figures as JSON and as tables, a plot and a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stillyou.evaluation.known_truth.settings import start_told, steps_told
from stillyou.evaluation.photographs.edits import PhotoEvaluation, Photograph
from stillyou.evaluation.report.folder import IDENTITY_COLUMNS, cells
from stillyou.evaluation.report.plots import plot_success
from stillyou.evaluation.report.sheet import VERDICTS
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import atomic_path, write_json, write_text

COLUMNS = {
    "edit_success": ("success", "{:.1%}"),
    "judge_score": ("judge score", "{:.2f}"),
    **IDENTITY_COLUMNS,
    "face_change": ("face change", "{:.2f}"),
    "mask_area": ("mask", "{:.1%}"),
    "outside_change": ("change where mask is 0", "{}"),
}
"""Figures of the tables: their heading and how they are written."""
BRIEF = ("edit_success", "judge_score", "identity_similarity", "face_change", "mask_area", "outside_change")
"""Figures that fit a terminal of 80 columns."""
TILE = 120
"""Side of a picture on the sheet, in pixels."""
MOST_SHOWN = 24
"""Photographs on the sheet: more would make an enormous picture."""
_GAP, _HEADER = 4, 24
_PAPER, _INK = "#ffffff", "#222222"


def write_photo_report(folder: Path, evaluation: PhotoEvaluation) -> list[Path]:
    """Write evaluation.json, evaluation.md, success.png and sheet.jpg; each file appears whole or not at all."""
    document = evaluation.document
    plot_success(document, folder / "success.png")
    save_photo_sheet(evaluation.photographs, folder / "sheet.jpg")
    write_text(folder / "evaluation.md", photo_markdown(document))
    write_json(folder / "evaluation.json", document)  # last: where it is, the report is complete
    return [folder / name for name in ("success.png", "sheet.jpg", "evaluation.md", "evaluation.json")]


def photo_rows(
    document: Mapping[str, Any], kind: str = "effects", figures: Sequence[str] = tuple(COLUMNS)
) -> list[list[str]]:
    """Return a table's cells: a heading row, all edits, lazy, then each of the `effects` or of the `photographs`.

    Args:
        document: What `measure_photographs` found.
        kind: Which of the two.
        figures: The figures wanted, of `COLUMNS`; those that were not measured are left out.
    """
    known = [name for name in figures if name in document]
    head = ["", "edits", *(COLUMNS[name][0] for name in known)]
    tables = {"all edits": document, "lazy": document["lazy"], **document[kind]}
    return [head, *([name, str(table["edits"]), *cells(table, known, COLUMNS)] for name, table in tables.items())]


def photo_markdown(document: Mapping[str, Any]) -> str:
    """Return the report's text: how the figures were made, the tables, and what was left out."""
    return "\n".join(
        [
            "# Evaluation: photographs",
            "",
            f"Model `{document.get('model', '')}`, {counted(document['n'])} of `{document['folder']}`,"
            f" {steps_told(document['steps'])}, strength {document['strength']:g}, seed {document['seed']},"
            f" {document['seconds']:.0f} s in all; {start_told(document)}.",
            "",
            "`lazy` answers with the source. Face change: mean absolute difference in the circle of the face, in 8-bit"
            " levels; expressions belong there, costumes do not. Mask: share of the square around the face.",
            *alike(document),
            "",
            *table_lines(photo_rows(document)),
            "",
            *table_lines(photo_rows(document, "photographs")),
            "",
            *(f"- {name}: {'; '.join(notes)}" for name, notes in document["notes"].items()),
            "",
            *_left_out(document),
        ]
    )


def counted(n: int) -> str:
    """Return `1 photograph` or `N photographs`."""
    return f"{n} photograph{'s' if n != 1 else ''}"


def alike(document: Mapping[str, Any]) -> list[str]:
    """Return a line on how similar different photographs are, if faces were compared."""
    if "between_photographs" not in document:
        return []
    found = document["between_photographs"]
    if found is None:
        return ["", "Fewer than two photographs show a face that can be compared."]
    return [
        "",
        f"Similarity between different photographs (they may show one person): {found['mean']:.2f} on average,"
        f" {found['highest']:.2f} at most, among {found['people']}.",
    ]


def _left_out(document: Mapping[str, Any]) -> list[str]:
    lines = [f"- {each['file']}: {each['reason']}" for each in document["left_out"]]
    more = (
        [f"{document['not_reached']} more pictures of the folder were not reached."] if document["not_reached"] else []
    )
    return [*(["Left out:", "", *lines, ""] if lines else []), *more, *([""] if more else [])]


def save_photo_sheet(photographs: Sequence[Photograph], path: Path) -> None:
    """Draw the sheet as JPEG: two rows a photograph, its square beside its edits, and their masks under them.

    An edit's frame is green where the judge sees the effect in it, and red where not. The first `MOST_SHOWN`
    photographs are shown.
    """
    chosen = photographs[:MOST_SHOWN]
    effects = list(chosen[0].shown)
    width = (len(effects) + 1) * (TILE + _GAP) + _GAP
    sheet = Image.new("RGB", (width, _HEADER + len(chosen) * 2 * (TILE + _GAP)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, name in enumerate(("source", *effects)):
        draw.text((_GAP + column * (TILE + _GAP), 4), name, _INK, font)
    for row, photograph in enumerate(chosen):
        top = _HEADER + row * 2 * (TILE + _GAP)
        _paste(sheet, photograph.square, 0, top)
        name = photograph.name.encode("latin-1", "replace").decode("latin-1")
        draw.text((_GAP, top + TILE + _GAP), name[:18], _INK, font)
        for column, effect in enumerate(effects):
            shown = photograph.shown[effect]
            left = _paste(sheet, shown.edit, column + 1, top)
            frame = (left - 2, top - 2, left + TILE + 1, top + TILE + 1)
            draw.rectangle(frame, outline=VERDICTS[shown.success], width=2)
            _paste(sheet, np.repeat(shown.mask[..., None], 3, axis=2), column + 1, top + TILE + _GAP)
    with atomic_path(path) as part:
        sheet.save(part, "JPEG", quality=88)


def _paste(sheet: Image.Image, picture: Any, column: int, top: int) -> int:
    left = _GAP + column * (TILE + _GAP)
    sheet.paste(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), (left, top))
    return left
