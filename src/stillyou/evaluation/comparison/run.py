"""The comparison: every candidate through the one benchmark (`known_truth.benchmark.evaluate`), on the same pairs.

The first candidate is the one that the others are tested against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from stillyou.evaluation.baselines.candidates import Candidate
from stillyou.evaluation.baselines.guard import Guarded
from stillyou.evaluation.baselines.truth import Truth
from stillyou.evaluation.comparison.curves import Curve, difference
from stillyou.evaluation.comparison.hair import Hair
from stillyou.evaluation.comparison.pictures import PictureFolder
from stillyou.evaluation.comparison.regions import NAMES, PRESERVATION, by_region
from stillyou.evaluation.comparison.statistics import composites, holm, interval, paired
from stillyou.evaluation.comparison.whole import OF_WHOLE, of_whole
from stillyou.evaluation.features import Features
from stillyou.evaluation.figures import Answer, Figures, mean
from stillyou.evaluation.identity import FaceReader
from stillyou.evaluation.known_truth.benchmark import Evaluation, PictureJudge, evaluate
from stillyou.evaluation.known_truth.settings import Batch, Settings
from stillyou.evaluation.known_truth.splits import PairSample
from stillyou.evaluation.looks import FIGURES as LOOKS
from stillyou.evaluation.looks import Looks
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

TESTED = ("edit_success", "judge_score", PRESERVATION, "inside_error", "outside_error", "outside_structure_distance")
"""Figures with an interval and a paired test."""
BETTER = {"edit_success": 1, PRESERVATION: 1, "inside_error": -1, "outside_structure_distance": -1}
"""Figures of the composite, and which way is better."""
AREA = "curve_area"
MOVED = "landmark_displacement"
_ELSEWHERE = ("effects", "styles", "groups", "lazy", "oracle", "guidance", "looks")
"""What of an evaluation is not repeated for every candidate."""


class _LooksAlone:
    """Looks of a candidate's own answers, with nothing beside them."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def add(self, batch: Batch, pairs: Sequence[Pair], edits: Sequence[Picture]) -> None:
        self._looks.add(pairs, {"edit": edits}, batch.effect.group)

    def document(self) -> dict[str, Any]:
        return self._looks.document()


@dataclass(frozen=True)
class Ground:
    """What all candidates stand on.

    Attributes:
        judge: Says whether an answer shows the effect.
        sample: The pairs, made.
        settings: How edits are made.
        batch: Pictures edited at a time.
        faces: Compares faces; None leaves identity out.
        landmarks: Measures how far faces move (`evaluation.landmarks`); None leaves that out.
        pictures: Gets every answer at the default dial; None keeps none.
        progress: Called with the number of edits just done.
        hair: Measures what is lost of hair (`comparison.hair`).
        features: Describes pictures, for kernel distances at the default dial; None leaves these out.
    """

    judge: PictureJudge
    sample: PairSample
    settings: Settings
    batch: int = 8
    faces: FaceReader | None = None
    landmarks: Callable[[Picture, Picture], float | None] | None = None
    pictures: PictureFolder | None = None
    progress: Callable[[int], None] = lambda edits: None
    hair: Hair = field(default_factory=Hair)
    features: Features | None = None


@dataclass
class Measured:
    """One candidate at one setting of its dial.

    Attributes:
        evaluation: What the benchmark found.
        rows: The figures of every picture, those by region included.
        failures: What went wrong, and how often.
        evaluations: Mean evaluations of the UNet an edit, None where nobody counts.
    """

    evaluation: Evaluation
    rows: list[Figures]
    failures: dict[str, int]
    evaluations: float | None

    def column(self, figure: str) -> list[float | None]:
        """Return a figure of every picture."""
        return [row[figure] for row in self.rows]


@dataclass
class Comparison:
    """What a comparison found.

    Attributes:
        document: The figures, ready for JSON.
        first: The evaluation of the first candidate.
    """

    document: dict[str, Any]
    first: Evaluation
    curves: dict[str, Curve] = field(default_factory=dict)


def edits(candidates: Sequence[Candidate], sample: PairSample, with_curves: bool) -> int:
    """Return how many edits a comparison takes."""
    points = sum(1 + (len(c.dials) if with_curves else 0) for c in candidates)
    return points * sample.n * len(sample.shown())


def compare(candidates: Sequence[Candidate], ground: Ground, with_curves: bool = False) -> Comparison:
    """Measure candidates on the same pairs, pictures, seeds and effects.

    Args:
        candidates: At least one; the first is tested against each other one.
        ground: What they stand on.
        with_curves: Whether each is also measured along its dial.

    Returns:
        The document has `candidates`: by name the summary, `intervals` of `TESTED`, `failures`, `evaluations`,
        `seconds_per_edit` and the `composite`; `tests`: by name of the other and by figure; with curves `curves`:
        points, `area` with interval, and `against`, the first one's area minus it.
    """
    measured = {candidate.name: measure(candidate, None, ground, ground.pictures) for candidate in candidates}
    curves = {c.name: curve(c, measured[c.name], ground) for c in candidates} if with_curves else {}
    first = candidates[0].name
    document = {
        "first": first,
        "candidates": tables(measured),
        "tests": {name: tests(measured[first], other) for name, other in measured.items() if name != first},
    }
    if curves:
        dials = {candidate.name: candidate.dial for candidate in candidates}
        document["curves"] = {name: curve_table(c, curves[first], dials[name]) for name, c in curves.items()}
    return Comparison(document, measured[first].evaluation, curves)


def measure(candidate: Candidate, dial: float | None, ground: Ground, pictures: PictureFolder | None) -> Measured:
    """Measure a candidate at one setting of its dial."""
    truth = Truth(ground.sample)
    regional: list[Figures] = []

    def seen(effect: Any, source: Any, answer: Any) -> None:
        moved = ground.landmarks(source, answer.edit) if ground.landmarks and isinstance(answer, Answer) else None
        pair = truth.find(effect, source)[1]
        regional.append({**by_region(answer, pair), **of_whole(answer, pair, ground.hair), MOVED: moved})
        if pictures is not None:
            pictures.answer(candidate.name, effect, source, answer)

    editor, settings = candidate.at(dial, ground.settings)
    guarded = Guarded(editor, seen)
    options: dict[str, Any] = {"batch": ground.batch, "faces": ground.faces, "progress": ground.progress}
    options["looks"] = _LooksAlone(Looks(ground.features)) if dial is None else None
    found = evaluate(guarded, ground.judge, ground.sample, settings=settings, **options)
    rows: list[Figures] = [{**row.figures["edit"], **more} for row, more in zip(found.rows, regional, strict=True)]
    counted = guarded.evaluations
    return Measured(found, rows, dict(guarded.failures), sum(counted) / len(counted) if counted else None)


def tables(measured: dict[str, Measured]) -> dict[str, dict[str, Any]]:
    """Return the figures of every candidate."""
    means = {name: {figure: mean(each.column(figure)) for figure in BETTER} for name, each in measured.items()}
    composite = composites(means, BETTER)
    return {name: {**table(each), "composite": composite[name]} for name, each in measured.items()}


def table(measured: Measured) -> dict[str, Any]:
    """Return the figures of one candidate."""
    document = measured.evaluation.document
    kept = [key for key in document if key not in _ELSEWHERE]
    there = {figure: [v for v in measured.column(figure) if v is not None] for figure in TESTED}
    found = {figure: interval(values) for figure, values in there.items()}
    looked = document.get("looks", {}).get("edit", {})
    return {
        **{key: document[key] for key in kept},
        **{figure: mean(measured.column(figure)) for figure in (*NAMES, PRESERVATION, *OF_WHOLE, MOVED)},
        "intervals": {figure: None if i is None else asdict(i) for figure, i in found.items()},
        **{figure: looked.get(figure) for figure in LOOKS},
        "failures": measured.failures,
        "evaluations": measured.evaluations,
    }


def tests(first: Measured, other: Measured) -> dict[str, Any]:
    """Return the paired tests of `TESTED`; `adjusted` is Holm's p over these figures."""
    found = {figure: paired(first.column(figure), other.column(figure)) for figure in TESTED}
    adjusted = holm({figure: test.p for figure, test in found.items() if test is not None})
    return {
        figure: None if test is None else {**asdict(test), "adjusted": adjusted[figure]}
        for figure, test in found.items()
    }


def curve(candidate: Candidate, at_default: Measured, ground: Ground) -> Curve:
    """Measure a candidate along its dial; one without a dial is the point that is there already."""
    points: list[tuple[float | None, Measured]] = [(d, measure(candidate, d, ground, None)) for d in candidate.dials]
    points = points or [(None, at_default)]
    return Curve(
        [dial for dial, _ in points],
        np.array([_numbers(each.column("edit_success")) for _, each in points]),
        np.array([_numbers(each.column(PRESERVATION)) for _, each in points]),
    )


def curve_table(found: Curve, first: Curve, dial: str) -> dict[str, Any]:
    """Return a curve as JSON holds it."""
    success, preservation = found.points()
    return {
        "dial": dial,
        "points": [
            {"dial": d, "edit_success": s, PRESERVATION: p}
            for d, s, p in zip(found.dials, success, preservation, strict=True)
        ],
        AREA: asdict(found.interval()),
        "against": None if found is first else asdict(difference(first, found)),
    }


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
