"""``stillyou edit``: one portrait, or a folder of them: options become one request, which the editor carries out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from stillyou.cli.edit_check import Command, check
from stillyou.cli.options import parse_variables
from stillyou.console import console
from stillyou.files import clear_dead_parts

if TYPE_CHECKING:  # what is imported inside functions would slow down every other command
    from stillyou.cli.edit_output import Outcome
    from stillyou.editing.editor import Editor
    from stillyou.editing.jobs import Job, Jobs
    from stillyou.images import Picture


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("edit")(_edit)


def _edit(
    context: typer.Context,
    source: str = typer.Argument(..., metavar="PICTURE|FOLDER", help="A portrait, or a folder of portraits."),
    effect: str = typer.Option(..., "-e", "--effect", metavar="NAME|FILE.yaml|FOLDER/", help="What to change."),
    output: str = typer.Option(..., "-o", "--output", metavar="FILE|FOLDER", help="The extension is the format."),
    mask_out: str | None = typer.Option(None, metavar="FILE.png|FOLDER", help="Write the editing mask too."),
    mask: str | None = typer.Option(None, metavar="FILE", help="Edit where this picture is white, at its size."),
    strength: float | None = typer.Option(None, help="From 0 (the input) to 1, the effect's default. (default: 1)"),
    seed: int | None = typer.Option(None, help="The same seed gives the same edit. (default: 0; --official: 3407)"),
    steps: int | None = typer.Option(
        None, help="Steps of the sampler. (default: 20; from a draft: 8, embedded: 2; embedded expressions: 4)"
    ),
    guidance: str | None = typer.Option(None, metavar="IMAGE,SOURCE,TEXT", help="Scales. (default: the effect's)"),
    variables: list[str] = typer.Option([], "--var", metavar="NAME=VALUE", help="Fill a placeholder; may be repeated."),
    crop: str | None = typer.Option(
        None, metavar="X,Y,SIZE", help="Square to work on. (default: around the character or the face)"
    ),
    face: str | None = typer.Option(
        None, metavar="largest|all|N|X,Y", help="Which face of a photograph; N counts from the left. (default: largest)"
    ),
    faces_out: str | None = typer.Option(None, metavar="FILE", help="Write the picture with its faces numbered."),
    domain: str = typer.Option("auto", metavar="auto|cartoon|people", help="Take it for a drawing or a photograph."),
    mask_strategy: str | None = typer.Option(None, metavar="noise|latent|none", help="How the mask guides sampling."),
    resolution: int | None = typer.Option(
        None, metavar="N", help="Side of the square that the model works on, a multiple of 64. (default: the model's)"
    ),
    design: str | None = typer.Option(None, metavar="NAME", help="A look of the effect; see stillyou effects NAME."),
    wear: str | None = typer.Option(None, metavar="hat|coat|both", help="What of a costume to wear. (default: both)"),
    nudge: str | None = typer.Option(
        None, metavar="hat:DX,DY,SCALE,TURN", help="Move the hat; in pixels and degrees; /coat:... moves the coat too."
    ),
    draft: str | None = typer.Option(
        None, metavar="auto|none|FILE.png", help="Start from the effect's own art, from noise, or from your drawing."
    ),
    draft_out: str | None = typer.Option(None, metavar="FILE.png", help="Write the draft, RGBA at the picture's size."),
    refine: float | None = typer.Option(None, help="From 0 (the draft as it is) to 1 (from noise)."),
    close_up: bool | None = typer.Option(
        None, "--close-up/--no-close-up", help="Draw the edit in a square of its own, around the face or the mask."
    ),
    retry: bool | None = typer.Option(
        None, "--retry/--no-retry", help="Try once more where the edit's figures are unusual. (default: no)"
    ),
    official: bool = typer.Option(False, "--official", help="What the released demo does, whole picture, squashed."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    lora: str | None = typer.Option(
        None, metavar="FOLDER[:SCALE]", help="A trained LoRA, on --model or on the base it was trained on."
    ),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    sheet: str | None = typer.Option(None, metavar="FILE", help="Write source, mask and result side by side."),
    batch: int = typer.Option(1, metavar="N", help="Pictures of a folder that are edited at a time."),
    precision: str = typer.Option("auto", metavar="auto|bf16|fp16|fp32", help="Of the denoiser."),
    scheduler: str | None = typer.Option(
        None, metavar="unipc|ddim|dpm++|euler|ddpm|sde-dpm++", help="The sampler. (default: the model's)"
    ),
    compile_unet: bool = typer.Option(False, "--compile", help="Compile the UNet first: for many edits on a GPU."),
    offload: bool = typer.Option(False, "--offload", help="Keep only the working network on the GPU."),
    tile_vae: bool = typer.Option(False, "--tile-vae", help="Encode and decode in tiles: less memory."),
    guidance_share: float = typer.Option(1.0, help="Share of the steps with full guidance; later ones cost a quarter."),
    feature_interval: int = typer.Option(1, metavar="N", help="Compute the UNet's deep levels every N steps only."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object: the report and the paths."),
) -> None:
    """Edit a portrait; everything outside the editing mask stays as it is, bit for bit."""
    from stillyou.cli.speed import speed_settings
    from stillyou.editing.request import EditOptions, EditRequest

    options = {name: context.params[name] for name in EditOptions.__annotations__}
    request = EditRequest.read(effect, **{**options, "variables": parse_variables(variables)})
    speed = speed_settings(
        batch=batch,
        precision=precision,
        scheduler=scheduler,
        compile=compile_unet,
        offload=offload,
        tile_vae=tile_vae,
        guidance_share=guidance_share,
        feature_interval=feature_interval,
    )
    command = Command(request, source, output, mask_out, sheet, faces_out, draft_out, model, lora, device, speed)
    if not _run(command, as_json=as_json):
        raise typer.Exit(1)


def _run(command: Command, *, as_json: bool) -> bool:
    """Edit one picture or a folder of them.

    Returns:
        Whether all of them were edited.

    Raises:
        UsageError: A wrong option, before anything is loaded or written.
        StillYouError: The one picture cannot be edited (pictures of a folder are told and counted instead).
    """
    from stillyou.editing.jobs import plan_jobs

    check(command)
    mask = command.request.mask
    writes = [path for path in (command.sheet, command.faces_out, command.draft_out) if path is not None]
    plan = plan_jobs(
        command.source, command.output, command.mask_out, reads=None if mask is None else str(mask), writes=writes
    )
    clear_dead_parts(*{path.parent for path in (*plan.written, *map(Path, writes))})
    if plan.folder:
        return _run_folder(command, plan, as_json)
    _run_single(command, plan.jobs[0], as_json)
    return True


def _run_single(command: Command, job: Job, as_json: bool) -> None:
    from stillyou.cli.edit_output import Extras, Outcome, progress_bar, save
    from stillyou.editing.drafting import open_draft
    from stillyou.editing.supplied_mask import read_supplied

    request, picture = command.request, _read(job)
    if request.mask is not None:
        request = replace(request, mask=read_supplied(request.mask, picture.size))
    if request.own_draft is not None:
        open_draft(request.own_draft, picture)
    outcome, editor = Outcome(), _load(command)
    with progress_bar(disable=as_json) as bar:
        task = bar.add_task(job.source.name, total=editor.plan(request).steps)
        result = editor.run(request, picture, lambda done, steps: bar.update(task, completed=done, total=steps))
    more = Extras(command.sheet, command.faces_out, command.draft_out)
    save(job, picture, result, outcome, more, alone=True)
    (edit,) = outcome.edits
    for note in edit["notes"]:
        console.print(f"note: {note}", markup=False)
    print(json.dumps({**edit, "sheet": command.sheet}, indent=2) if as_json else job.output)


def _run_folder(command: Command, plan: Jobs, as_json: bool) -> bool:
    from stillyou.cli.edit_output import Outcome, progress_bar, summarise, tell_folder, write_sheet

    started, outcome = time.perf_counter(), Outcome()
    editor = _load(command)
    with progress_bar(disable=as_json) as bar:
        task = bar.add_task(str(command.request.effect), total=len(plan.jobs))
        for first in range(0, len(plan.jobs), command.speed.batch):
            jobs = plan.jobs[first : first + command.speed.batch]
            _edit_jobs(command, editor, jobs, outcome)
            bar.advance(task, len(jobs))
    write_sheet(command.sheet, outcome)
    summarise(outcome, plan, time.perf_counter() - started)
    if as_json:
        tell_folder(command.request.effect, outcome, plan, command.sheet)
    else:
        for edit in outcome.edits:
            print(edit["output"])
    return not outcome.failures


def _edit_jobs(command: Command, editor: Editor, jobs: Sequence[Job], outcome: Outcome) -> None:
    """Edit some pictures of a folder together; what goes wrong with one is noted, and the others go on."""
    from stillyou.cli.edit_output import Extras, save

    pictures: list[tuple[Job, Picture]] = []
    for job in jobs:
        with outcome.noting(job):
            pictures.append((job, _read(job)))
    results = editor.run_all([command.request] * len(pictures), [picture for _, picture in pictures])
    for (job, picture), result in zip(pictures, results, strict=True):
        with outcome.noting(job):
            if isinstance(result, Exception):
                raise result
            save(job, picture, result, outcome, Extras(command.sheet), alone=False)


def _read(job: Job) -> Picture:
    """Open a job's picture, if its edit can be written."""
    from stillyou.images import check_writable, read_picture

    picture = read_picture(job.source)
    check_writable(job.output, picture.size)
    return picture


def _load(command: Command) -> Editor:
    from stillyou.cli.speed import compile_now

    with console.status(Text(f"loading the model '{command.model}'")):
        import torch

        from stillyou.editing.editor import Editor
        from stillyou.machine import quiet_libraries
        from stillyou.models.lora_choice import LoraChoice

        quiet_libraries()
        # The released numerics are compared with others' in fp32.
        dtype = torch.float32 if command.request.official and command.speed.precision == "auto" else None
        lora = None if command.lora is None else LoraChoice.parse(command.lora)
        editor = Editor.from_pretrained(command.model, command.device, dtype, command.speed, lora)
    compile_now(editor, command.speed)
    return editor
