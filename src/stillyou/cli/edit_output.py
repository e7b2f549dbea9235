"""What ``stillyou edit`` writes and tells: pictures, masks, sheets, overlays, progress and the summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from stillyou.console import console
from stillyou.editing.jobs import Job, Jobs
from stillyou.errors import StillYouError
from stillyou.files import together
from stillyou.images import Picture, is_lossless, picture_from_image, write_mask, write_picture
from stillyou.images.picture import Pixels

if TYPE_CHECKING:
    from stillyou.editing.editor import EditResult
    from stillyou.editing.sheet import Row

_LONGEST_TABLE = 40


@dataclass
class Outcome:
    """What happened to the pictures so far."""

    edits: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @contextmanager
    def noting(self, job: Job) -> Iterator[None]:
        """Note what goes wrong with a picture of a folder, instead of raising it."""
        try:
            yield
        except StillYouError as error:
            self.failures.append({"input": str(job.source), "error": str(error)})
        except Exception as error:  # what nobody foresaw about one picture must not stop the rest
            self.failures.append({"input": str(job.source), "error": f"{type(error).__name__}: {error}"})


@dataclass(frozen=True)
class Extras:
    """What is wanted besides the result and its mask.

    Attributes:
        sheet: Where a sheet goes.
        faces_out: Where the picture with its numbered faces goes.
        draft_out: Where the draft goes.
    """

    sheet: str | None = None
    faces_out: str | None = None
    draft_out: str | None = None

    def paths(self, *, alone: bool) -> list[Path]:
        """Return the files that are written with a picture; sheets of a folder are written at its end."""
        wanted = (self.sheet if alone else None, self.faces_out, self.draft_out)
        return [Path(path) for path in wanted if path is not None]


def save(job: Job, picture: Picture, result: EditResult, outcome: Outcome, extras: Extras, *, alone: bool) -> None:
    """Write a picture's files, all or none, and add it to the outcome.

    Args:
        job: Where they go.
        picture: The picture before the edit.
        result: The edit.
        outcome: Gets the report, and a row of the sheet.
        extras: What else is wanted; a sheet is written with the other files if the picture is `alone`.
        alone: Whether it is the only picture.

    Raises:
        StillYouError: A file that cannot be written, or a draft that there is not.
    """
    sheet = extras.sheet
    row = _row(job, picture, result) if sheet is not None and _has_room(outcome) else None
    with together() as place:
        notes = [*result.report.notes, *write_picture(job.output, result.picture, place)]
        if job.mask_out is not None:
            write_mask(job.mask_out, _pixels(result), place)
        if alone and row is not None and sheet is not None:
            write_picture(sheet, _sheet([row]), place)
        if extras.faces_out is not None:
            write_picture(extras.faces_out, _faces(picture, result), place)
        if extras.draft_out is not None:
            write_picture(extras.draft_out, _draft(result), place)
        job.check_apart(*extras.paths(alone=alone))
    if not is_lossless(job.output):
        notes.append("JPEG stores every pixel anew; write .png to keep the rest bit-identical")
    if row is not None:
        outcome.rows.append(row)
    outcome.edits.append(
        {
            "input": str(job.source),
            "output": str(job.output),
            "mask_out": None if job.mask_out is None else str(job.mask_out),
            **result.report.model_dump(mode="json"),
            "notes": notes,
        }
    )


def _faces(picture: Picture, result: EditResult) -> Picture:
    from stillyou.editing.scene.overlay import draw_faces

    return draw_faces(picture, result.report.faces)


def _draft(result: EditResult) -> Picture:
    """Return the draft of an edit as a picture.

    Raises:
        StillYouError: The edit started from noise.
    """
    if result.draft is None:
        why = "; ".join(result.report.notes) or f"'{result.report.effect}' has no art"
        raise StillYouError(f"the edit has no draft to write: {why}", "Leave --draft-out out.")
    return picture_from_image(result.draft)


def _pixels(result: EditResult) -> Pixels:
    import numpy as np

    return np.asarray(result.mask)


def _has_room(outcome: Outcome) -> bool:
    from stillyou.editing.sheet import MOST_ROWS

    return len(outcome.rows) < MOST_ROWS


def _row(job: Job, picture: Picture, result: EditResult) -> Row:
    from stillyou.editing.sheet import make_row

    report = result.report
    captions = (job.source.name, f"mask {report.mask_area:.0%}", f"{report.effect}, seed {report.seed}")
    return make_row(picture, _pixels(result), result.picture, captions)


def write_sheet(sheet: str | None, outcome: Outcome) -> None:
    """Write the sheet of a folder's edits, if it is wanted and there are any."""
    if sheet is None or not outcome.rows:
        return
    if len(outcome.rows) < len(outcome.edits):
        console.print(f"note: the sheet shows the first {len(outcome.rows)} pictures")
    write_picture(sheet, _sheet(outcome.rows))


def _sheet(rows: list[Row]) -> Picture:
    from stillyou.editing.sheet import draw_sheet

    return draw_sheet(rows)


@contextmanager
def progress_bar(*, disable: bool) -> Iterator[Progress]:
    """Yield a progress bar on standard error, shown on a terminal alone."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=disable or not console.is_terminal) as bar:
        yield bar


def summarise(outcome: Outcome, plan: Jobs, seconds: float) -> None:
    """Tell on standard error what was edited and what was not, and why."""
    table = Table("picture", "result", "edited area", "seconds")
    if len(outcome.edits) <= _LONGEST_TABLE:
        for edit in outcome.edits:
            name = Path(edit["input"]).name
            done = Text("; ".join(["done", *edit["notes"]]))
            table.add_row(Text(name), done, f"{edit['mask_area']:.1%}", f"{edit['seconds']:.1f}")
    for failure in outcome.failures:
        table.add_row(Text(Path(failure["input"]).name), Text(f"failed: {failure['error']}"), "", "")
    if table.row_count:
        console.print(table)
    skipped = f", skipped {len(plan.skipped)} that are no pictures" if plan.skipped else ""
    console.print(f"edited {len(outcome.edits)} of {len(plan.jobs)} pictures in {seconds:.0f} s{skipped}")


def tell_folder(effect: object, outcome: Outcome, plan: Jobs, sheet: str | None) -> None:
    """Print one JSON object about the edits of a folder on standard output."""
    whole = {
        "effect": str(effect),
        "edited": len(outcome.edits),
        "failed": len(outcome.failures),
        "edits": outcome.edits,
        "failures": outcome.failures,
        "skipped": [str(path) for path in plan.skipped],
        "sheet": sheet if outcome.rows else None,
    }
    print(json.dumps(whole, indent=2))
