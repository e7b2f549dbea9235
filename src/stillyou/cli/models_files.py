"""``stillyou models verify`` and ``pull``: are the files what they should be, and how they get here."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from stillyou.console import console
from stillyou.errors import StillYouError, UsageError


def verify(
    model: str = typer.Argument("embedded", help="Name, folder or hub id."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Read every file of a model: checksums, shapes, numbers that are not finite, pickles, unfinished downloads."""
    from stillyou.models.find import find_model
    from stillyou.models.verify import verify_model

    folder = Path(model) if Path(model).is_dir() else find_model(model)
    with console.status("reading") as status:
        found = verify_model(folder, lambda name: status.update(f"reading {name}"))
    told = f"{found.files} weight files, {found.tensors} tensors, {found.bytes / 1e6:,.1f} MB"
    if as_json:
        about = {"files": found.files, "tensors": found.tensors, "bytes": found.bytes, "checksums": found.checksums}
        typer.echo(
            json.dumps({"folder": str(folder), "whole": not found.problems, **about, "problems": found.problems})
        )
    else:
        for problem in found.problems:
            typer.echo(problem)
        if not found.problems:
            against = "checksums agree" if found.checksums else "the folder has no checksums"
            typer.echo(f"{folder} is whole: {told}; {against}")
    if found.problems:
        count = len(found.problems)
        raise StillYouError(f"{folder} has {count} problem{'s' * (count > 1)}", "Copy or download the model again.")


def pull_model(
    model: str = typer.Argument(..., metavar="HUB-ID|FOLDER", help="What to get."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder to write; must be new or empty."),
) -> None:
    """Get a model into a folder, verified: its safetensors, JSON and text files, and nothing else."""
    from stillyou.models.hub import is_hub_id
    from stillyou.models.pull import pull

    if not Path(model).is_dir() and not is_hub_id(model):
        raise UsageError(f"'{model}' is neither a folder nor a hub id", "Write OWNER/NAME.")
    with console.status(f"getting {model}"):
        found = pull(model, output)
    console.print(f"{found.files} weight files, {found.bytes / 1e6:,.1f} MB, verified", markup=False)
    typer.echo(output)
