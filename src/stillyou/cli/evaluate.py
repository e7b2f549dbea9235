"""``stillyou evaluate``: figures of a model on unseen pictures, beside the lazy answer and the oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stillyou.cli.evaluate_compare import parse_others, run_comparison
from stillyou.cli.evaluate_output import print_photographs, print_split
from stillyou.config import GuidanceScales
from stillyou.console import console
from stillyou.errors import UsageError, requires

if TYPE_CHECKING:
    from rich.progress import Progress

    from stillyou.evaluation.features import Features
    from stillyou.evaluation.identity import FaceReader
    from stillyou.evaluation.judge.classifier import Judge
    from stillyou.evaluation.known_truth.benchmark import Evaluation
    from stillyou.evaluation.known_truth.subject import ModelSubject

PAIRS = 32
"""Pairs an effect, or photographs, unless -n says otherwise: 9 to 13 minutes on two cores."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(evaluate)


@dataclass(frozen=True)
class _Request:
    """The options of the command, checked."""

    model: str
    split: str
    n: int
    settings: Any
    seed: int
    batch: int
    with_curves: bool
    size: int | None
    designs: bool


def evaluate(
    photographs: Path | None = typer.Argument(None, metavar="[DIR]", help="Photographs, for --split photos."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FOLDER", help="Folder for the report."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    split: str = typer.Option(
        "unseen-characters", metavar="SPLIT", help="Which pictures: unseen-characters, unseen-styles, people or photos."
    ),
    n: int = typer.Option(PAIRS, "-n", help="Pairs an effect, or photographs at most; below 32 only a glance."),
    steps: int | None = typer.Option(None, help="Sampling steps.", show_default="those of each effect"),
    draft: str = typer.Option(
        "auto", metavar="auto|none", help="Start from the effects' art, on pairs of named designs; or from noise."
    ),
    refine: float | None = typer.Option(None, help="0 = the draft as it is, 1 = from noise."),
    designs: bool | None = typer.Option(None, "--designs/--no-designs", help="Costumes of named designs or not."),
    size: int | None = typer.Option(None, help="Side of the pictures in pixels.", show_default="the model's own"),
    seed: int = typer.Option(0, help="Seed of the pairs and of the noise."),
    guidance: str = typer.Option(
        "", metavar="IMAGE,SOURCE,TEXT", help="Scales for all effects.", show_default="each effect's own"
    ),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    batch: int = typer.Option(8, help="Pictures edited at a time."),
    curves: bool = typer.Option(False, "--curves", help="Also measure curves over the text scale and strength."),
    judge: Path | None = typer.Option(None, metavar="FOLDER", help="Another judge than the shipped one."),
    against: str = typer.Option("", metavar="NAMES", help="Baselines on the same pairs, with commas between."),
    editor: str = typer.Option("", metavar="MODULE:NAME", help="Your own editor in the model's place; runs its code."),
    answers: Path | None = typer.Option(None, metavar="FOLDER", help="Ready pictures in the model's place."),
    budget: int = typer.Option(100, help="Evaluations of the UNet that a baseline's edit may take."),
    as_json: bool = typer.Option(False, "--json", help="Print the figures as one JSON object."),
) -> None:
    """Measure edit success, masks, identity and what stays untouched, on pairs with known truth or on photographs."""
    _check_numbers(n=(n, 1, 100_000), seed=(seed, 0, 2**63 - 1), batch=(batch, 1, 1024), budget=(budget, 1, 100_000))
    if steps is not None:
        _check_numbers(steps=(steps, 1, 1000))
    if size is not None:
        _check_numbers(size=(size, 64, 1024))
    scales = GuidanceScales.parse(guidance) if guidance else None
    requires("evaluate", "matplotlib")
    from stillyou.editing.options import refine as checked_refine
    from stillyou.evaluation.known_truth.settings import Settings, parse_start
    from stillyou.evaluation.known_truth.splits import ALL_SPLITS, check_split

    start = parse_start(draft)
    refined = None if refine is None else checked_refine(refine)
    check_split(split, ALL_SPLITS)
    others = parse_others(against, editor, answers, budget, split)
    _check_needs(split, photographs, curves)
    settings = Settings(steps=steps, guidance=scales, draft=start, refine=refined)
    named = start == "auto" if designs is None else designs
    request = _Request(model, split, n, settings, seed, batch, curves, size, named)
    if others.asked:
        run_comparison(request, others, output, judge, device, as_json)
    elif photographs is not None:
        _run_photographs(request, photographs, output, judge, device, as_json)
    else:
        _run_split(request, output, judge, device, as_json)


def _check_needs(split: str, folder: Path | None, curves: bool) -> None:
    """Refuse what does not go together or is not installed, before anything is loaded.

    Raises:
        UsageError: A folder without its split, the split without a folder, or curves of photographs.
        StillYouError: Libraries are missing, a folder cannot be read, or people cannot be drawn here.
    """
    if (split == "photos") != (folder is not None):
        if folder is None:
            raise UsageError("--split photos needs a folder", "Write: stillyou evaluate --split photos DIR -o report/")
        raise UsageError(f"--split {split} takes no folder such as {folder}", "Photographs go with --split photos.")
    if folder is not None:
        if curves:
            raise UsageError("--curves needs known truth, which photographs do not have", "Leave it out.")
        requires("faces", "dlib")
        from stillyou.evaluation.photographs.edits import pictures_in

        pictures_in(folder)
    elif split == "people":
        from stillyou.pairs.teachers.people.config import PeopleConfig
        from stillyou.pairs.teachers.registry import prepare

        prepare(PeopleConfig())
    else:
        requires("evaluate", "dicebear", "dicebear_styles", "pyvips")


def _run_split(request: _Request, output: Path, judge: Path | None, device: str, as_json: bool) -> None:
    from stillyou.evaluation.known_truth.benchmark import FEWEST
    from stillyou.evaluation.report.folder import prepare_folder, write_report

    examiner, subject = _load(request, judge, device)
    folder = prepare_folder(output)
    if request.n < FEWEST:
        console.print(f"Note: {request.n} pairs an effect are too few for figures; the default is {FEWEST}.")
    found = _measure(subject, examiner, request)
    print_split(found.document, write_report(folder, found), as_json)


def _run_photographs(
    request: _Request, photographs: Path, output: Path, judge: Path | None, device: str, as_json: bool
) -> None:
    from stillyou.evaluation.photographs.edits import Sample, measure_photographs, pictures_in
    from stillyou.evaluation.photographs.report import write_photo_report
    from stillyou.evaluation.report.folder import prepare_folder

    total = min(request.n, len(pictures_in(photographs)[0]))
    examiner, subject = _load(request, judge, device)
    folder = prepare_folder(output)
    with progress_bar() as bar:
        task = bar.add_task(f"evaluating {request.split}", total=total)
        found = measure_photographs(
            subject.editor,
            subject.effects(),
            examiner,
            Sample(photographs, request.n),
            settings=request.settings,
            seed=request.seed,
            faces=face_reader(),
            progress=lambda files: bar.advance(task, files),
        )
    found.document = {"model": request.model, **found.document}
    print_photographs(found.document, write_photo_report(folder, found), as_json)


def face_reader() -> FaceReader | None:
    """Return what compares faces; without its extra a line says how to get it, and there are no such figures."""
    from stillyou.evaluation.identity import DlibReader
    from stillyou.models.dlib_files import INSTALL, available

    if not available():
        console.print(f"Note: identity is left out; it needs: {INSTALL}", markup=False)
        return None
    return DlibReader()


def described_looks() -> Features | None:
    """Return what describes how pictures look; without its extra a line says how to get it."""
    from stillyou.evaluation.features import INSTALL, EfficientNetLite0, available

    if not available():
        console.print(f"Note: kernel distances are left out; they need: {INSTALL}", markup=False)
        return None
    return EfficientNetLite0()


def _check_numbers(**options: tuple[int, int, int]) -> None:
    for name, (value, low, high) in options.items():
        if not low <= value <= high:
            flag = f"-{name}" if len(name) == 1 else f"--{name}"
            raise UsageError(f"{flag} {value} is out of range", f"Give a whole number from {low} to {high}.")


def _load(request: _Request, judge: Path | None, device: str) -> tuple[Judge, ModelSubject]:
    """Load the judge and the model, before anything is written."""
    from stillyou.effects.lookup import catalogue
    from stillyou.evaluation.judge.classifier import SHIPPED, Judge
    from stillyou.evaluation.known_truth.splits import domain_of
    from stillyou.evaluation.known_truth.subject import ModelSubject

    examiner = Judge.from_folder(judge or SHIPPED)
    subject = ModelSubject.from_pretrained(request.model, device, domain_of(request.split))
    effects = subject.effects()  # refuses a model that knows nothing that can be measured
    for note in subject.notes():
        console.print(f"Note: {note}.", markup=False)
    if len(effects) < len(catalogue()):
        console.print(
            f"Note: '{request.model}' knows {len(effects)} of the effects: {', '.join(e.id for e in effects)}."
        )
    return examiner, subject


def _measure(subject: ModelSubject, judge: Judge, request: _Request) -> Evaluation:
    """Evaluate under a progress bar."""
    from stillyou.evaluation.known_truth.benchmark import evaluate
    from stillyou.evaluation.known_truth.curves import curve_edits, measure_curves
    from stillyou.evaluation.known_truth.drawing import Drawing
    from stillyou.evaluation.known_truth.splits import PairSample

    effects = subject.effects()
    # The curves have ten points: an eighth of the pairs at each keeps them in reach of a CPU.
    curve_n = max(1, request.n // 8) if request.with_curves else 0
    sample = PairSample(request.split, request.n, request.seed, effects, request.size, request.designs)
    options: dict[str, Any] = {"settings": request.settings, "batch": request.batch}
    faces = face_reader() if request.split == "people" else None
    looks = Drawing(subject, described_looks())
    with progress_bar() as bar:
        total = len(effects) * request.n + curve_edits(len(effects), curve_n)
        task = bar.add_task(f"evaluating {request.split}", total=total)
        options["progress"] = lambda edits: bar.advance(task, edits)
        found = evaluate(subject, judge, sample, faces=faces, looks=looks, **options)
        if request.with_curves:
            found.document["curves"] = measure_curves(subject, judge, replace(sample, n=curve_n), **options)
    found.document = {"model": request.model, **found.document}
    return found


def progress_bar() -> Progress:
    """Return the bar of an evaluation."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
