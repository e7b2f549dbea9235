"""The work behind ``stillyou edit``: check everything, load the model once, edit, tell."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.console import console
from stillyou.editing.crop import Crop, parse_crop
from stillyou.editing.jobs import Job, Jobs, plan_jobs
from stillyou.editing.known import check_effect
from stillyou.editing.options import check_options
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.files import together
from stillyou.images import Picture, check_writable, is_lossless, read_mask, read_picture, write_mask, write_picture
from stillyou.images.picture import Pixels

if TYPE_CHECKING:
    from stillyou.editing.editor import Editor, EditResult
    from stillyou.editing.sheet import Row

_LONGEST_TABLE = 40


@dataclass(frozen=True)
class Request:
    """The options of the command, as they were typed."""

    source: str
    output: str
    effect: str
    mask_out: str | None = None
    sheet: str | None = None
    mask: str | None = None
    strength: float = 1.0
    seed: int = 0
    steps: int = 20
    guidance: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    crop: str | None = None
    mask_strategy: str | None = None
    model: str = "embedded"
    device: str = "auto"


@dataclass(frozen=True)
class _Options:
    """What `Editor.edit` takes, checked."""

    guidance: GuidanceScales | None
    crop: Crop | None


@dataclass
class _Outcome:
    """What happened to the pictures so far."""

    edits: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


def run(request: Request, *, as_json: bool) -> bool:
    """Edit one picture or a folder of them.

    Returns:
        Whether all of them were edited.

    Raises:
        UsageError: A wrong option, before anything is loaded or written.
        StillYouError: The one picture cannot be edited (pictures of a folder are told and counted instead).
    """
    options = _check(request)
    plan = plan_jobs(request.source, request.output, request.mask_out, reads=request.mask, writes=request.sheet)
    if plan.folder:
        return _run_folder(request, options, plan, as_json)
    _run_single(request, options, plan.jobs[0], as_json)
    return True


def _check(request: Request) -> _Options:
    """Refuse wrong options in the second before the model's libraries are imported."""
    check_options(request.strength, request.seed, request.steps)
    strategies = get_args(MaskSettings.model_fields["strategy"].annotation)
    if request.mask_strategy is not None and request.mask_strategy not in strategies:
        raise UsageError(f"unknown mask strategy '{request.mask_strategy}'", nearest(request.mask_strategy, strategies))
    if request.sheet is not None:
        check_writable(request.sheet)
    if Path(request.source).is_dir():
        for name, value in (("--mask", request.mask), ("--crop", request.crop)):
            if value is not None:
                raise UsageError(f"{name} is for one picture, {request.source} is a folder", "Edit the picture alone.")
    check_effect(request.effect, request.model, request.variables)
    return _Options(
        guidance=None if request.guidance is None else GuidanceScales.parse(request.guidance),
        crop=None if request.crop is None else parse_crop(request.crop),
    )


def _run_single(request: Request, options: _Options, job: Job, as_json: bool) -> None:
    picture = read_picture(job.source)
    check_writable(job.output, picture.size)
    mask = None if request.mask is None else read_mask(request.mask, picture.size)
    outcome = _Outcome()
    editor = _load(request)
    with _progress(disable=as_json) as bar:
        task = bar.add_task(job.source.name, total=request.steps)
        _edit_one(
            request,
            options,
            editor,
            job,
            picture,
            mask,
            outcome,
            lambda done, _: bar.update(task, completed=done),
            True,
        )
    (edit,) = outcome.edits
    for note in edit["notes"]:
        console.print(f"note: {note}", markup=False)
    print(json.dumps({**edit, "sheet": request.sheet}, indent=2) if as_json else job.output)


def _run_folder(request: Request, options: _Options, plan: Jobs, as_json: bool) -> bool:
    started, outcome = time.perf_counter(), _Outcome()
    editor = _load(request)
    with _progress(disable=as_json) as bar:
        task = bar.add_task(request.effect, total=len(plan.jobs))
        for job in plan.jobs:
            try:
                picture = read_picture(job.source)
                check_writable(job.output, picture.size)
                _edit_one(request, options, editor, job, picture, None, outcome, None)
            except StillYouError as error:
                outcome.failures.append({"input": str(job.source), "error": str(error)})
            except Exception as error:  # what nobody foresaw about one picture must not stop the rest
                outcome.failures.append({"input": str(job.source), "error": f"{type(error).__name__}: {error}"})
            bar.advance(task)
    _write_sheet(request, outcome)
    _summarise(outcome, plan, time.perf_counter() - started)
    if as_json:
        whole = {
            "effect": request.effect,
            "edited": len(outcome.edits),
            "failed": len(outcome.failures),
            "edits": outcome.edits,
            "failures": outcome.failures,
            "skipped": [str(path) for path in plan.skipped],
            "sheet": request.sheet if outcome.rows else None,
        }
        print(json.dumps(whole, indent=2))
    else:
        for edit in outcome.edits:
            print(edit["output"])
    return not outcome.failures


def _load(request: Request) -> Editor:
    with console.status(f"loading the model '{request.model}'"):
        from diffusers.utils import logging as diffusers_log
        from transformers.utils import logging as transformers_log

        from stillyou.editing.editor import Editor

        diffusers_log.disable_progress_bar()
        transformers_log.disable_progress_bar()
        return Editor.from_pretrained(request.model, request.device)


def _edit_one(
    request: Request,
    options: _Options,
    editor: Editor,
    job: Job,
    picture: Picture,
    mask: Pixels | None,
    outcome: _Outcome,
    progress: Any,
    alone: bool = False,
) -> None:
    """Edit one picture, write its files (all or none; the sheet too if it is alone), and add it to the outcome."""
    result = editor.edit(
        picture,
        request.effect,
        strength=request.strength,
        seed=request.seed,
        steps=request.steps,
        guidance=options.guidance,
        mask=mask,
        variables=request.variables,
        crop=options.crop,
        mask_strategy=request.mask_strategy,
        progress=progress,
    )
    row = _row(job, picture, result) if request.sheet is not None and _has_room(outcome) else None
    with together() as place:
        notes = [*result.report.notes, *write_picture(job.output, result.picture, place)]
        if job.mask_out is not None:
            write_mask(job.mask_out, _pixels(result), place)
        if alone and row is not None and request.sheet is not None:
            write_picture(request.sheet, _sheet([row]), place)
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


def _pixels(result: EditResult) -> Pixels:
    import numpy as np

    return np.asarray(result.mask)


def _has_room(outcome: _Outcome) -> bool:
    from stillyou.editing.sheet import MOST_ROWS

    return len(outcome.rows) < MOST_ROWS


def _row(job: Job, picture: Picture, result: EditResult) -> Row:
    from stillyou.editing.sheet import make_row

    report = result.report
    captions = (job.source.name, f"mask {report.mask_area:.0%}", f"{report.effect}, seed {report.seed}")
    return make_row(picture, _pixels(result), result.picture, captions)


def _write_sheet(request: Request, outcome: _Outcome) -> None:
    if request.sheet is None or not outcome.rows:
        return
    if len(outcome.rows) < len(outcome.edits):
        console.print(f"note: the sheet shows the first {len(outcome.rows)} pictures")
    write_picture(request.sheet, _sheet(outcome.rows))


def _sheet(rows: list[Row]) -> Picture:
    from stillyou.editing.sheet import draw_sheet

    return draw_sheet(rows)


@contextmanager
def _progress(*, disable: bool) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=disable or not console.is_terminal) as bar:
        yield bar


def _summarise(outcome: _Outcome, plan: Jobs, seconds: float) -> None:
    """Tell on standard error what was edited and what was not, and why."""
    table = Table("picture", "result", "edited area", "seconds")
    if len(outcome.edits) <= _LONGEST_TABLE:
        for edit in outcome.edits:
            name = Path(edit["input"]).name
            table.add_row(
                name, "; ".join(["done", *edit["notes"]]), f"{edit['mask_area']:.1%}", f"{edit['seconds']:.1f}"
            )
    for failure in outcome.failures:
        table.add_row(Path(failure["input"]).name, f"failed: {failure['error']}", "", "")
    if table.row_count:
        console.print(table)
    skipped = f", skipped {len(plan.skipped)} that are no pictures" if plan.skipped else ""
    console.print(f"edited {len(outcome.edits)} of {len(plan.jobs)} pictures in {seconds:.0f} s{skipped}")
