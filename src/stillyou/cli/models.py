"""`stillyou models`: what is on disk, what it can do, and the two storage forms."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from stillyou.cli.models_import import import_official
from stillyou.console import console
from stillyou.errors import StillYouError, UsageError

commands = typer.Typer(help="List models, show what they can do, convert between the plain and the shipped form.")
commands.command("import-official")(import_official)


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    app.add_typer(commands, name="models", no_args_is_help=True)


@commands.command("list")
def list_models(as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """List the models that come with the package."""
    from stillyou.diffusion.card import read_card
    from stillyou.diffusion.models import shipped_models

    cards = {name: read_card(folder) for name, folder in shipped_models().items()}
    if as_json:
        typer.echo(json.dumps({"models": {n: c.model_dump(mode="json") for n, c in cards.items() if c}}))
        return
    for name, card in cards.items():
        if card is not None:
            typer.echo(f"{name}  {card.resolution} px  {card.licence}  effects: {', '.join(card.effect_ids)}")


@commands.command("info")
def show_model(
    model: str = typer.Argument("embedded", help="Name, folder or hub id."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Show a model's card: effects, resolution, licence, training."""
    from stillyou.diffusion.card import ModelCard, read_card
    from stillyou.diffusion.models import find_model

    folder = find_model(model)
    card = read_card(folder) or ModelCard(name=model)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **card.model_dump(mode="json")}))
        return
    typer.echo(f"{card.name} ({folder})\n  resolution  {card.resolution} px\n  storage     {card.storage}")
    typer.echo(f"  licence     {card.licence}")
    for key, value in card.training.items():
        typer.echo(f"  {key:<11} {value}")
    for effect in card.effects:
        typer.echo(f"  effect      {effect.id:<10} '{effect.target_prompt}'")


@commands.command("export")
def export(
    model: str = typer.Argument("embedded", help="Name, folder or hub id."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder to write; must be new or empty."),
    compact: bool = typer.Option(False, "--compact", help="Write the int8 form instead of the plain diffusers folder."),
) -> None:
    """Write a model as a plain diffusers folder (fp32 safetensors), loadable with `from_pretrained`."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} exists and is not an empty folder", "Name a new folder.")
    import torch
    from safetensors import SafetensorError

    from stillyou.diffusion.compact import save_compact
    from stillyou.diffusion.models import load_pipeline
    from stillyou.files import atomic_folder

    pipeline = load_pipeline(model, device="cpu", dtype=torch.float32)
    try:
        with atomic_folder(output) as part:
            if compact:
                save_compact(pipeline, part)
            else:
                pipeline.save_pretrained(part)
    except (OSError, SafetensorError) as error:
        raise StillYouError(f"cannot write {output}: {error}", "Check space and permissions.") from error
    console.print(f"wrote {output}", markup=False)
