"""`stillyou models import-official`: the released checkpoints become a model folder."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import typer

from stillyou.console import console
from stillyou.errors import UsageError, nearest

_TASKS = ("outfit", "cartoon")


def import_official(
    source: str = typer.Argument(
        ..., metavar="FOLDER|HUB-ID", help="Folder with unet.pth and adapter.pth, the release's folder, or its hub id."
    ),
    output: Path = typer.Option(..., "-o", "--output", help="Folder to write; must be new or empty."),
    task: str | None = typer.Option(None, metavar="outfit|cartoon", help="Which checkpoint. (default: what is there)"),
    base: str = typer.Option(
        "stablediffusionapi/realistic-vision-v13",
        metavar="FOLDER|HUB-ID",
        help="Stable Diffusion 1.5 that gives autoencoder, text encoder and schedule.",
    ),
    image_encoder: str = typer.Option("openai/clip-vit-base-patch32", metavar="FOLDER|HUB-ID", help="CLIP ViT-B/32."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object: the folder and the card."),
) -> None:
    """Convert the released weights (unet.pth, adapter.pth) to a model folder with safetensors only."""
    if task is not None and task not in _TASKS:
        raise UsageError(f"unknown task '{task}'", nearest(task, _TASKS))
    from stillyou.models.official.importer import import_official as convert
    from stillyou.models.official.shapes import WrongCheckpoint

    try:
        card = convert(
            source,
            output,
            task=task,  # type: ignore[arg-type]  # checked above
            base=base,
            image_encoder=image_encoder,
            say=lambda line: console.print(line, style="dim", markup=False),
        )
    except WrongCheckpoint as error:
        for line in error.kinds[1:]:  # the first is in the error itself
            console.print(f"also: {line}", markup=False)
        raise
    if as_json:
        typer.echo(json.dumps({"folder": str(output), **card.model_dump(mode="json")}))
        return
    console.print(f"licence: {card.licence}", markup=False)
    model = shlex.quote(str(output))
    console.print(f"next: stillyou edit me.jpg -e {card.effect_ids[0]} --model {model} -o out.png", markup=False)
    typer.echo(str(output))
