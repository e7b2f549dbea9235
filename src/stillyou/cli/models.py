"""`stillyou models`: what is on disk, what it can do, and the two storage forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stillyou.cli.models_files import pull_model, verify
from stillyou.cli.models_import import import_official
from stillyou.console import console
from stillyou.errors import StillYouError, UsageError

if TYPE_CHECKING:
    from stillyou.models.find import ModelFolder

commands = typer.Typer(help="List models, show what they can do, verify, fetch and convert them.")
commands.command("import-official")(import_official)
commands.command("verify")(verify)
commands.command("pull")(pull_model)


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    app.add_typer(commands, name="models", no_args_is_help=True)


@commands.command("list")
def list_models(
    root: list[Path] = typer.Option([], "--root", metavar="FOLDER", help="Look in this folder too; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List models at hand: of the package, of folders, and those that were fetched from the hub before."""
    from stillyou.models.find import cached_folders, describe, find_folders, shipped_models

    for folder in root:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder", "Give a folder that holds model folders.")
    found = [describe(name, folder) for name, folder in shipped_models().items()]
    found += [*find_folders(root), *cached_folders()]
    if as_json:
        typer.echo(json.dumps({"models": {model.name: model.document() for model in found}}))
        return
    for model in found:
        typer.echo("  ".join([model.name, *_brief(model)]))


def _brief(model: ModelFolder) -> list[str]:
    """Say what a model is in a few words."""
    size = f"{model.bytes / 1e6:,.0f} MB"
    if model.kind == "lora":
        about = model.lora or {}
        return ["LoRA", f"rank {about.get('rank', '?')}", size, f"base: {about.get('base', 'unknown')}"]
    if model.card is None:
        return ["base to train on" if model.kind == "base" else "model without a card", size]
    effects = ", ".join(model.card.effect_ids) or "any"
    return [f"{model.card.resolution} px", size, model.card.licence, f"effects: {effects}"]


@commands.command("info")
def show_model(
    model: str = typer.Argument("embedded", help="Name, folder (also of a LoRA) or hub id."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Show what a model is and can do: size, base, licence, effects, training."""
    from stillyou.models.find import describe, find_model
    from stillyou.models.lora_choice import WEIGHTS_NAME

    is_lora = (Path(model) / WEIGHTS_NAME).is_file() and not (Path(model) / "model_index.json").exists()
    about = describe(model, Path(model) if is_lora else find_model(model))
    if as_json:
        typer.echo(json.dumps(about.document()))
        return
    for line in _told(about):
        typer.echo(line)


def _told(model: ModelFolder) -> Iterator[str]:
    """Yield the lines of `info`."""
    card = model.card
    yield f"{card.name if card else model.name} ({model.folder})"
    yield f"  kind        {model.kind}, {model.bytes / 1e6:,.1f} MB of weights"
    for name, count in model.parameters.items():
        yield f"  {name:<15} {count / 1e6:8.2f} M parameters"
    for key, about in (model.lora or {}).items():
        yield f"  {key:<11} {about}"
    if card is None:
        yield "  licence     unknown: the folder has no card"
        return
    yield f"  resolution  {card.resolution} px\n  storage     {card.storage}\n  licence     {card.licence}"
    yield f"  domains     {', '.join(card.domains)}"
    for key, value in card.training.items():
        yield f"  {key:<11} {value}"
    for effect in card.effects:
        yield f"  effect      {effect.id:<10} '{effect.target_prompt}'"


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

    from stillyou.files import atomic_folder
    from stillyou.models.compact import save_compact
    from stillyou.models.load import load_pipeline

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
