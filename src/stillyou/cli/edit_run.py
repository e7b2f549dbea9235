"""The work behind ``stillyou edit``: check everything, load the model once, edit, tell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from stillyou.cli.edit_output import Outcome, progress_bar, save, summarise, write_sheet
from stillyou.cli.speed import compile_now
from stillyou.config import GuidanceScales, MaskSettings
from stillyou.console import console
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.editing.effect_lookup import check_effect
from stillyou.editing.jobs import Job, Jobs, plan_jobs
from stillyou.editing.options import check_official, check_options, check_resolution
from stillyou.editing.scene.crop import parse_crop
from stillyou.editing.scene.domain import parse_domain
from stillyou.editing.scene.face_choice import parse_face
from stillyou.editing.scene.look import Wish
from stillyou.errors import StillYouError, UsageError, nearest, requires
from stillyou.images import Picture, check_writable, read_mask, read_picture
from stillyou.images.picture import Pixels
from stillyou.models.lora_choice import LoraChoice

if TYPE_CHECKING:
    from stillyou.editing.editor import Editor, EditResult


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
    seed: int | None = None
    steps: int = 20
    guidance: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    crop: str | None = None
    face: str | None = None
    faces_out: str | None = None
    domain: str = "auto"
    mask_strategy: str | None = None
    resolution: int | None = None
    official: bool = False
    model: str = "embedded"
    lora: str | None = None
    device: str = "auto"
    speed: SpeedSettings = SpeedSettings()


@dataclass(frozen=True)
class _Options:
    """What `Editor.edit` takes, checked."""

    guidance: GuidanceScales | None
    wish: Wish


def run(request: Request, *, as_json: bool) -> bool:
    """Edit one picture or a folder of them.

    Returns:
        Whether all of them were edited.

    Raises:
        UsageError: A wrong option, before anything is loaded or written.
        StillYouError: The one picture cannot be edited (pictures of a folder are told and counted instead).
    """
    options = _check(request)
    writes = [path for path in (request.sheet, request.faces_out) if path is not None]
    plan = plan_jobs(request.source, request.output, request.mask_out, reads=request.mask, writes=writes)
    if plan.folder:
        return _run_folder(request, options, plan, as_json)
    _run_single(request, options, plan.jobs[0], as_json)
    return True


def _check(request: Request) -> _Options:
    """Refuse wrong options in the second before the model's libraries are imported."""
    check_options(request.strength, request.seed or 0, request.steps)
    check_resolution(request.resolution)
    if request.official:
        _check_official(request)
    strategies = get_args(MaskSettings.model_fields["strategy"].annotation)
    if request.mask_strategy is not None and request.mask_strategy not in strategies:
        raise UsageError(f"unknown mask strategy '{request.mask_strategy}'", nearest(request.mask_strategy, strategies))
    for picture in (request.sheet, request.faces_out):
        if picture is not None:
            check_writable(picture)
    if Path(request.source).is_dir():
        point = request.face if "," in (request.face or "") else None
        options = {"mask": request.mask, "crop": request.crop, "faces-out": request.faces_out, "face X,Y": point}
        for name, value in options.items():
            if value is not None:
                raise UsageError(
                    f"--{name} is for one picture, {request.source} is a folder", "Edit the picture alone."
                )
    lora = None if request.lora is None else LoraChoice.parse(request.lora)
    # What a LoRA was trained for stands in its own card.
    check_effect(request.effect, request.model if lora is None else str(lora.folder), request.variables)
    return _Options(
        guidance=None if request.guidance is None else GuidanceScales.parse(request.guidance),
        wish=_wish(request),
    )


def _check_official(request: Request) -> None:
    """Refuse what the released demo does not have, and what would change its numbers."""
    speed, plain = request.speed, SpeedSettings()
    lossy = ("scheduler", "guidance_share", "feature_interval")
    changed = {
        name.replace("_", "-"): getattr(speed, name) for name in lossy if getattr(speed, name) != getattr(plain, name)
    }
    check_official(
        request.strength,
        request.mask_strategy,
        mask=request.mask,
        crop=request.crop,
        face=request.face,
        domain=None if request.domain == "auto" else request.domain,
        resolution=request.resolution,
        **{"faces-out": request.faces_out, **changed},
    )


def _wish(request: Request) -> Wish:
    """Read where the edit is wanted."""
    if request.face is not None:
        requires("faces", "dlib")
    return Wish(
        domain=parse_domain(request.domain),
        choice=None if request.face is None else parse_face(request.face),
        crop=None if request.crop is None else parse_crop(request.crop),
    )


def _run_single(request: Request, options: _Options, job: Job, as_json: bool) -> None:
    picture = read_picture(job.source)
    check_writable(job.output, picture.size)
    mask = None if request.mask is None else read_mask(request.mask, picture.size)
    outcome = Outcome()
    editor = _load(request)
    with progress_bar(disable=as_json) as bar:
        task = bar.add_task(job.source.name, total=request.steps)
        result = _edit(
            request, options, editor, picture, mask, lambda done, steps: bar.update(task, completed=done, total=steps)
        )
    save(job, picture, result, outcome, sheet=request.sheet, alone=True, faces_out=request.faces_out)
    (edit,) = outcome.edits
    for note in edit["notes"]:
        console.print(f"note: {note}", markup=False)
    print(json.dumps({**edit, "sheet": request.sheet}, indent=2) if as_json else job.output)


def _run_folder(request: Request, options: _Options, plan: Jobs, as_json: bool) -> bool:
    started, outcome = time.perf_counter(), Outcome()
    editor = _load(request)
    with progress_bar(disable=as_json) as bar:
        task = bar.add_task(request.effect, total=len(plan.jobs))
        for first in range(0, len(plan.jobs), request.speed.batch):
            jobs = plan.jobs[first : first + request.speed.batch]
            tasks = [partial(_read_and_edit, request, options, job) for job in jobs]
            for job, answer in zip(jobs, _run_tasks(request, editor, tasks), strict=True):
                _keep(request, job, answer, outcome)
                bar.advance(task)
    write_sheet(request.sheet, outcome)
    summarise(outcome, plan, time.perf_counter() - started)
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
        import torch
        from diffusers.utils import logging as diffusers_log
        from transformers.utils import logging as transformers_log

        from stillyou.editing.editor import Editor

        diffusers_log.disable_progress_bar()
        transformers_log.disable_progress_bar()
        # The released numerics are compared with others' in fp32.
        dtype = torch.float32 if request.official and request.speed.precision == "auto" else None
        lora = None if request.lora is None else LoraChoice.parse(request.lora)
        editor = Editor.from_pretrained(request.model, request.device, dtype, request.speed, lora)
    compile_now(editor, request.speed)
    return editor


def _read_and_edit(request: Request, options: _Options, job: Job, editor: Editor) -> tuple[Picture, EditResult]:
    picture = read_picture(job.source)
    check_writable(job.output, picture.size)
    return picture, _edit(request, options, editor, picture, None, None)


def _run_tasks(
    request: Request, editor: Editor, tasks: Sequence[Callable[[Editor], tuple[Picture, EditResult]]]
) -> list[tuple[Picture, EditResult] | Exception]:
    """Run tasks one by one, or together where they share batches; what one raises is its result."""
    if len(tasks) > 1 and not request.official:
        from stillyou.editing.batching import edit_together

        return edit_together(editor, tasks)
    results: list[tuple[Picture, EditResult] | Exception] = []
    for task in tasks:
        try:
            results.append(task(editor))
        except Exception as error:  # what nobody foresaw about one picture must not stop the rest
            results.append(error)
    return results


def _keep(request: Request, job: Job, answer: tuple[Picture, EditResult] | Exception, outcome: Outcome) -> None:
    """Write a picture of a folder, or note why there is none."""
    try:
        if isinstance(answer, Exception):
            raise answer
        save(job, *answer, outcome, sheet=request.sheet, alone=False, faces_out=None)
    except StillYouError as error:
        outcome.failures.append({"input": str(job.source), "error": str(error)})
    except Exception as error:  # see `_run_tasks`
        outcome.failures.append({"input": str(job.source), "error": f"{type(error).__name__}: {error}"})


def _edit(
    request: Request, options: _Options, editor: Editor, picture: Picture, mask: Pixels | None, progress: Any
) -> EditResult:
    return editor.edit(
        picture,
        request.effect,
        strength=request.strength,
        seed=request.seed,
        steps=request.steps,
        guidance=options.guidance,
        mask=mask,
        variables=request.variables,
        crop=options.wish.crop,
        face=options.wish.choice,
        domain=options.wish.domain,
        mask_strategy=request.mask_strategy,
        resolution=request.resolution,
        official=request.official,
        progress=progress,
    )
