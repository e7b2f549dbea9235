"""``stillyou evaluate``: figures of a model on unseen pictures, beside the lazy answer and the oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stillyou.config import GuidanceScales
from stillyou.console import console
from stillyou.errors import UsageError, requires

if TYPE_CHECKING:
    from rich.progress import Progress

    from stillyou.evaluation.benchmark import Evaluation
    from stillyou.evaluation.judge import Judge
    from stillyou.evaluation.subject import ModelSubject


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(evaluate)


def evaluate(
    output: Path = typer.Option(..., "-o", "--output", metavar="FOLDER", help="Folder for the report."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    split: str = typer.Option("unseen-characters", metavar="unseen-characters|unseen-styles", help="Which pictures."),
    n: int = typer.Option(32, "-n", help="Pairs an effect; below 32 the figures are only a glance."),
    steps: int = typer.Option(20, help="Sampling steps."),
    seed: int = typer.Option(0, help="Seed of the pairs and of the noise."),
    guidance: str = typer.Option(
        "", metavar="IMAGE,SOURCE,TEXT", help="Scales for all effects.", show_default="each effect's own"
    ),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    batch: int = typer.Option(8, help="Pictures edited at a time."),
    curves: bool = typer.Option(False, "--curves", help="Also measure curves over the text scale and strength."),
    judge: Path | None = typer.Option(None, metavar="FOLDER", help="Another judge than the shipped one."),
    as_json: bool = typer.Option(False, "--json", help="Print the figures as one JSON object."),
) -> None:
    """Measure edit success, masks and what stays untouched, on studio pairs with known truth."""
    _check_numbers(n=(n, 1, 100_000), steps=(steps, 1, 1000), seed=(seed, 0, 2**63 - 1), batch=(batch, 1, 1024))
    scales = GuidanceScales.parse(guidance) if guidance else None
    requires("evaluate", "matplotlib", "dicebear", "dicebear_styles", "pyvips")
    from stillyou.evaluation.benchmark import FEWEST, Settings, check_split
    from stillyou.evaluation.report import prepare_folder, write_report

    check_split(split)
    examiner, subject = _load(judge, model, device)
    folder = prepare_folder(output)
    if n < FEWEST:
        console.print(f"Note: {n} pairs an effect are too few for figures; the default is {FEWEST}.")
    settings = Settings(steps=steps, guidance=scales)
    found = _measure(subject, examiner, model, split, n, settings, seed, batch, curves)
    files = write_report(folder, found)
    _print(found.document, files, as_json)


def _check_numbers(**options: tuple[int, int, int]) -> None:
    for name, (value, low, high) in options.items():
        if not low <= value <= high:
            flag = f"-{name}" if len(name) == 1 else f"--{name}"
            raise UsageError(f"{flag} {value} is out of range", f"Give a whole number from {low} to {high}.")


def _load(judge: Path | None, model: str, device: str) -> tuple[Judge, ModelSubject]:
    """Load the judge and the model, before anything is written."""
    from stillyou.evaluation.judge import SHIPPED, Judge
    from stillyou.evaluation.subject import ModelSubject

    examiner, subject = Judge.from_folder(judge or SHIPPED), ModelSubject.from_pretrained(model, device)
    subject.effects()  # refuses a model that knows nothing that can be measured
    return examiner, subject


def _measure(
    subject: ModelSubject,
    judge: Judge,
    model: str,
    split: str,
    n: int,
    settings: Any,
    seed: int,
    batch: int,
    with_curves: bool,
) -> Evaluation:
    """Evaluate under a progress bar."""
    from stillyou.effects.catalogue import catalogue
    from stillyou.evaluation.benchmark import evaluate
    from stillyou.evaluation.curves import curve_edits, measure_curves

    effects = subject.effects()
    if len(effects) < len(catalogue()):
        console.print(f"Note: '{model}' knows {len(effects)} of the effects: {', '.join(e.id for e in effects)}.")
    # The curves have ten points: an eighth of the pairs at each keeps them in reach of a CPU.
    curve_n = max(1, n // 8) if with_curves else 0
    options: dict[str, Any] = {"settings": settings, "seed": seed, "batch": batch, "effects": effects}
    with _progress() as bar:
        task = bar.add_task(f"evaluating {split}", total=len(effects) * n + curve_edits(len(effects), curve_n))
        options["progress"] = lambda edits: bar.advance(task, edits)
        found = evaluate(subject, judge, split, n=n, **options)
        if with_curves:
            found.document["curves"] = measure_curves(subject, judge, split, n=curve_n, **options)
    found.document = {"model": model, **found.document}
    return found


def _progress() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _print(document: dict[str, Any], files: list[Path], as_json: bool) -> None:
    from stillyou.evaluation.report import judge_warning

    if as_json:
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        _print_table(document)
    if not document["judge_fit"]:
        console.print(f"Warning: {judge_warning(document)}", markup=False)
    console.print("Wrote " + ", ".join(str(path) for path in files), markup=False)


def _print_table(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from stillyou.evaluation.report import BRIEF, rows

    head, *body = rows(document, BRIEF)
    table = Table(title=f"{document['model']} on {document['split']}")
    for title in head:
        table.add_column(title, justify="right" if title else "left", no_wrap=not title)
    for row in body:
        table.add_row(*row)
    Console().print(table)
