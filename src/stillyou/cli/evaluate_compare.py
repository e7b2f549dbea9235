"""``stillyou evaluate`` with other editors beside the model: ``--against``, ``--editor``, ``--answers``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stillyou.cli.evaluate_output import print_files, print_table
from stillyou.console import console
from stillyou.errors import UsageError

if TYPE_CHECKING:
    from stillyou.effects.spec import EffectSpec
    from stillyou.evaluation.baselines.candidates import Candidate
    from stillyou.evaluation.baselines.foreign import ForeignEditor
    from stillyou.evaluation.comparison.run import Comparison
    from stillyou.evaluation.judge.classifier import Judge
    from stillyou.evaluation.known_truth.splits import PairSample
    from stillyou.evaluation.known_truth.subject import ModelSubject

PRINTED = 3
"""Columns of the report's main table that are left to the file."""


@dataclass(frozen=True)
class Others:
    """Who is compared.

    Attributes:
        against: Names of baselines.
        editor: MODULE:NAME of an editor that takes the model's place; empty for none.
        answers: A folder of ready pictures that take the model's place.
        budget: Evaluations of the UNet an edit that baselines may use.
    """

    against: tuple[str, ...]
    editor: str
    answers: Path | None
    budget: int

    @property
    def asked(self) -> bool:
        """Whether anything is compared."""
        return bool(self.against or self.editor or self.answers)

    @property
    def needs_model(self) -> bool:
        """Whether the model has to be loaded."""
        from stillyou.evaluation.baselines.candidates import NEED_MODEL

        return not (self.editor or self.answers) or any(name in NEED_MODEL for name in self.against)


def parse_others(against: str, editor: str, answers: Path | None, budget: int, split: str) -> Others:
    """Check the options; raises UsageError for what does not go together."""
    if not (against or editor or answers):
        return Others((), "", None, budget)
    from stillyou.evaluation.baselines.candidates import parse_names

    if split == "photos":
        raise UsageError("--against, --editor and --answers need known truth", "Choose another --split than photos.")
    if editor and answers:
        raise UsageError("--editor and --answers both take the model's place", "Give one of them.")
    if answers is not None and not answers.is_dir():
        raise UsageError(f"{answers} is not a folder", "It has one folder an effect, with 0000.png and so on.")
    return Others(tuple(parse_names(against)), editor, answers, budget)


def run_comparison(request: Any, others: Others, output: Path, judge: Path | None, device: str, as_json: bool) -> None:
    """Compare, write the report and print its main table."""
    from stillyou.evaluation.baselines.foreign import load_editor
    from stillyou.evaluation.comparison.report import rows, write_comparison
    from stillyou.evaluation.judge.classifier import SHIPPED, Judge
    from stillyou.evaluation.known_truth.splits import domain_of
    from stillyou.evaluation.known_truth.subject import ModelSubject
    from stillyou.evaluation.report.folder import prepare_folder, write_report

    foreign = load_editor(others.editor) if others.editor else None
    examiner = Judge.from_folder(judge or SHIPPED)
    subject = None
    if others.needs_model:
        subject = ModelSubject.from_pretrained(request.model, device, domain_of(request.split))
    folder = prepare_folder(output)
    found = _compared(request, others, subject, foreign, examiner, folder, device)
    found.first.document = {"model": _shown_name(request, others), **found.first.document}
    files = [*write_report(folder, found.first), *write_comparison(folder, found)]
    if as_json:
        typer.echo(json.dumps(found.document, allow_nan=False))
    else:
        print_table(f"on {request.split}", [row[:-PRINTED] + row[-1:] for row in rows(found.document)])
    print_files(files)


def _shown_name(request: Any, others: Others) -> str:
    return others.editor or (str(others.answers) if others.answers else str(request.model))


def _compared(
    request: Any,
    others: Others,
    subject: ModelSubject | None,
    foreign: ForeignEditor | None,
    judge: Judge,
    folder: Path,
    device: str,
) -> Comparison:
    from stillyou.cli.evaluate import described_looks, face_reader, progress_bar
    from stillyou.evaluation.baselines.truth import Truth
    from stillyou.evaluation.comparison.pictures import PictureFolder
    from stillyou.evaluation.comparison.run import Ground, compare, edits

    side = _side(request, subject, foreign)
    sample = _sample(request, subject, side)
    truth = Truth(sample)
    pictures = PictureFolder(folder, truth)
    for effect in sample.shown():
        pictures.pairs(effect, sample.of(effect, side))
    candidates = _candidates(request, others, subject, foreign, truth, side)
    candidates += _trained(others, device)
    faces = face_reader() if request.split == "people" else None
    moved = None
    if faces is not None:
        from stillyou.evaluation.landmarks import FaceLandmarks

        moved = FaceLandmarks()
    with progress_bar() as bar:
        task = bar.add_task(f"comparing on {request.split}", total=edits(candidates, sample, request.with_curves))
        about = (judge, sample, request.settings, request.batch, faces, moved, pictures)
        ground = Ground(*about, lambda done: bar.advance(task, done), features=described_looks())
        found = compare(candidates, ground, request.with_curves)
    pictures.index(request.split, [candidate.name for candidate in candidates], sample.shown(), request.n)
    for name, each in found.document["candidates"].items():
        for reason, count in each["failures"].items():
            console.print(f"Note: {name} {reason}: {count} times; these count as no success.", markup=False)
    return found


def _side(request: Any, subject: ModelSubject | None, foreign: ForeignEditor | None) -> int:
    """Return the side of the pictures: as said, or else as the first candidate wants it."""
    from stillyou.evaluation.baselines.foreign import RESOLUTION

    if request.size is not None:
        return int(request.size)
    own = foreign or subject
    return RESOLUTION if own is None else int(own.resolution)


def _sample(request: Any, subject: ModelSubject | None, side: int) -> PairSample:
    from stillyou.evaluation.known_truth.splits import PairSample

    effects = subject.effects() if subject is not None else _catalogue(request.split)
    return PairSample(request.split, request.n, request.seed, effects, side, request.designs).made(side)


def _catalogue(split: str) -> list[EffectSpec]:
    """Return the effects of the catalogue with the words of a split's domain."""
    from stillyou.effects.lookup import catalogue
    from stillyou.evaluation.known_truth.splits import in_domain

    return [in_domain(effect, split) for effect in catalogue().values()]


def _candidates(
    request: Any,
    others: Others,
    subject: ModelSubject | None,
    foreign: ForeignEditor | None,
    truth: Any,
    side: int,
) -> list[Candidate]:
    from stillyou.evaluation.baselines.candidates import baseline, fixed, model_candidate
    from stillyou.evaluation.baselines.foreign import FolderAnswers

    if foreign is not None:
        foreign.resolution = side
        first = fixed("editor", foreign)
    elif others.answers is not None:
        first = fixed("answers", FolderAnswers(others.answers, truth, side))
    else:
        assert subject is not None
        first = model_candidate(subject, request.settings)
    options: dict[str, Any] = {"subject": subject, "truth": truth, "resolution": side, "budget": others.budget}
    return [first, *(baseline(name, **options) for name in others.against if ":" not in name)]


def _trained(others: Others, device: str) -> list[Candidate]:
    """Return the baselines that come with a model of their own."""
    from stillyou.evaluation.baselines.candidates import GAN, fixed, trained_candidate
    from stillyou.evaluation.baselines.pix2pix.editor import Pix2PixEditor
    from stillyou.models.load import load_pipeline

    named = [name.partition(":") for name in others.against if ":" in name]
    return [
        fixed(GAN, Pix2PixEditor.from_folder(Path(folder)))
        if kind == GAN
        else trained_candidate(load_pipeline(folder, device), others.budget)
        for kind, _, folder in named
    ]
