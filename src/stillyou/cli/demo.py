"""`stillyou demo`: the shipped model's effects on the sample portraits, as one picture to look at."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import typer

from stillyou.console import console


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("demo")(demo)


def demo(
    output: Path = typer.Option(Path("demo"), "-o", "--output", help="Folder for the edits and demo.png."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
) -> None:
    """Edit the sample portraits, three drawings and a photograph, with every effect; no network, no GPU."""
    from rich.progress import track

    from stillyou.editing.editor import Editor
    from stillyou.editing.sheet import draw_grid
    from stillyou.effects.lookup import catalogue
    from stillyou.images import read_picture, write_picture

    editor = Editor.from_pretrained(model, device=device)
    portraits = _portraits(editor.pipeline.card.domains)
    effects = [spec for spec in catalogue().values() if spec.id in editor.pipeline.card.effect_ids]
    rows = []
    for portrait in track(portraits, description="portraits", console=console):
        source = read_picture(portrait)
        row = [(portrait.stem, source)]
        for spec in effects:
            result = editor.edit(source, spec.id)
            result.save(output / f"{portrait.stem}-{spec.id}.png")
            row.append((spec.id, result.picture))
        rows.append(row)
    write_picture(output / "demo.png", draw_grid(rows))
    typer.echo(f"Look at {output / 'demo.png'}")


def _portraits(domains: tuple[str, ...]) -> list[Path]:
    """Return the samples of the kinds that a model was trained on, drawings first."""
    samples = Path(str(files("stillyou") / "samples"))
    drawings = sorted(samples.glob("*.png")) if "cartoon" in domains else []
    return drawings + (sorted(samples.glob("*.jpg")) if "people" in domains else [])
