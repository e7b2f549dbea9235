"""``stillyou bench``: speed and memory here, side by side with the method as released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from stillyou.console import console
from stillyou.errors import StillYouError, UsageError, nearest

_QUICK_MINUTES, _FULL_MINUTES = 1.5, 5.0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("bench")(bench)


def bench(
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FOLDER", help="Gets bench.json and bench.png."),
    quick: bool = typer.Option(False, "--quick", help="The embedded model; about a minute on a CPU."),
    only: str | None = typer.Option(None, metavar="edit|train", help="One half."),
    runs: int | None = typer.Option(
        None, help="Timed runs of each path, in turn.", show_default="5, or 3 with --quick"
    ),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    budget_minutes: float | None = typer.Option(
        None, help="No measurement begins after this.", show_default="5, or 1.5 with --quick"
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure edits, training and memory at Stable Diffusion 1.5's size (random weights), beside the released path."""
    from stillyou.bench.run import PARTS, make_bench, run
    from stillyou.machine import pick_device, quiet_libraries

    if only is not None and only not in PARTS:
        raise UsageError(f"unknown part '{only}'", nearest(only, PARTS))
    runs = runs if runs is not None else 3 if quick else 5
    minutes = budget_minutes if budget_minutes is not None else _QUICK_MINUTES if quick else _FULL_MINUTES
    if not 1 <= runs <= 100 or not 0 < minutes <= 600:
        raise UsageError("--runs is from 1 to 100, --budget-minutes above 0 and up to 600", "Change the number.")
    chosen = pick_device(device)
    if chosen.type == "cpu" and not quick:
        raise UsageError("the full size takes hours on a CPU", "Use --quick, or a GPU.")
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file", "Give a folder.")
    quiet_libraries()
    setup = make_bench(
        chosen, quick=quick, runs=runs, minutes=minutes, say=lambda line: console.print(line, markup=False)
    )
    document = run(setup, [part for part in PARTS if only in (None, part)], output)
    if as_json:
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        _print(document)
    if output is not None:
        console.print(f"wrote {output / 'bench.json'} and its plot", markup=False)
    if not any(row["value"] for row in document["rows"]):
        raise StillYouError("nothing could be measured", document["rows"][0]["error"] if document["rows"] else "")


def _print(document: dict[str, Any]) -> None:
    """Print the rows as a table on standard output, and the goals' figures below."""
    from rich.console import Console
    from rich.table import Table

    out = Console()
    table = Table("task", "path", "median", "unit", "memory", "compile", title=document["machine"]["device"])
    for row in document["rows"]:
        value = row["error"] if row["value"] is None else f"{row['value']:.3g}"
        memory = "" if row["peak_memory_gb"] is None else f"{row['peak_memory_gb']:.2f} GB"
        seconds = "" if row["compile_seconds"] is None else f"{row['compile_seconds']:.0f} s"
        table.add_row(row["task"], row["path"], value, row["unit"], memory, seconds)
    out.print(table)
    for name, value in document["figures"].items():
        out.print(f"{name}: {value:g} (goal on one H100 at full size: {document['goals'][name]})", highlight=False)
