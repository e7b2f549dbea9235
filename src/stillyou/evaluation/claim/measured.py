"""Every editor along its dial on the test pictures, by the benchmark that users run; each point kept on disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.baselines.candidates import Candidate, fixed, trained_candidate
from stillyou.evaluation.baselines.pix2pix.editor import Pix2PixEditor
from stillyou.evaluation.baselines.truth import FromTruth, Truth, lazy, oracle
from stillyou.evaluation.claim import editors
from stillyou.evaluation.claim.record import once
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.claim.teacher import teacher_at
from stillyou.evaluation.claim.truth import unseen_sample
from stillyou.evaluation.claim.variants import IP2P, PIX2PIX
from stillyou.evaluation.comparison.curves import Curve
from stillyou.evaluation.comparison.pictures import PictureFolder
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.run import Ground, measure
from stillyou.evaluation.known_truth.benchmark import PictureEditor
from stillyou.evaluation.known_truth.settings import Settings

TEACHER, UNMASKED, DRAFTED = "teacher", "no-mask", "drafts"
KEPT = (
    *("edit_success", "judge_score", PRESERVATION, "inside_error", "outside_error", "around_error"),
    *("outside_structure_distance", "mask_recall", "mask_precision"),
)
"""Figures that are kept of every picture."""
_STRENGTHS = (0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Point:
    """An editor at one setting of its dial.

    Attributes:
        dial: The setting; None for an editor without a dial, or at its default.
        rows: The figures of every picture.
        evaluations: Mean evaluations of the UNet an edit.
        seconds: An edit.
        failures: What went wrong, and how often.
    """

    dial: float | None
    rows: Sequence[Mapping[str, float | None]]
    evaluations: float | None
    seconds: float
    failures: Mapping[str, int]

    def column(self, figure: str) -> list[float | None]:
        """Return a figure of every picture."""
        return [row[figure] for row in self.rows]


@dataclass(frozen=True)
class Measured:
    """An editor at its default, and along its dial.

    Attributes:
        name: How tables call it.
        default: At its default.
        points: Along its dial; the default alone where there is none.
        dial: What the dial is, in words.
    """

    name: str
    default: Point
    points: Sequence[Point]
    dial: str

    @property
    def curve(self) -> Curve:
        """Success and preservation of every picture at every point."""
        success, kept = (np.array([_numbers(p.column(f)) for p in self.points]) for f in ("edit_success", PRESERVATION))
        return Curve([point.dial for point in self.points], success, kept)


@dataclass(frozen=True)
class Contest:
    """What all editors of a run are measured on.

    Attributes:
        settings: The run's.
        root: Its folder.
        ground: Pictures and judge.
        device: `auto`, `cpu` or `cuda`.
    """

    settings: ClaimSettings
    root: Path
    ground: Ground
    device: str

    @property
    def shown(self) -> Sequence[EffectSpec]:
        """The effects."""
        return self.ground.sample.shown()

    def measure(self, candidate: Callable[[], Candidate], name: str) -> Measured:
        """Measure an editor, or find what was measured; it is loaded only if something is missing."""
        made: list[Candidate] = []

        def loaded() -> Candidate:
            if not made:
                made.append(candidate())
            return made[0]

        folder = self.root / "measured" / name
        about = once(folder / "dial.json", lambda: {"dials": list(loaded().dials), "dial": loaded().dial})
        pictures = PictureFolder(self.root, Truth(self.ground.sample))
        default = self._point(folder / "default.json", loaded, None, pictures)
        points = [self._point(folder / f"{dial:g}.json", loaded, dial, None) for dial in about["dials"]]
        return Measured(name, default, points or [default], about["dial"])

    def _point(
        self, path: Path, candidate: Callable[[], Candidate], dial: float | None, pictures: PictureFolder | None
    ) -> Point:
        def measured() -> dict[str, Any]:
            found = measure(candidate(), dial, self.ground, pictures)
            return {
                "rows": [{figure: row[figure] for figure in KEPT} for row in found.rows],
                "evaluations": found.evaluations,
                "seconds": found.evaluation.document["seconds_per_edit"],
                "failures": found.failures,
            }

        return Point(dial, **once(path, measured))


def everyone(contest: Contest) -> dict[str, Callable[[], Candidate]]:
    """Return how to load each editor, by name; the first is the whole method."""
    settings, side = contest.settings, contest.settings.side
    truth = Truth(contest.ground.sample)
    found: dict[str, Callable[[], Candidate]] = {}
    for name in settings.variants:
        if name != IP2P:
            found[name] = partial(_editor, contest, name)
    found[UNMASKED] = partial(_editor, contest, "editor", UNMASKED, masked=False)
    found[DRAFTED] = partial(_drafted, contest)
    found[TEACHER] = partial(_teacher, contest)
    if IP2P in settings.variants:
        found[IP2P] = partial(_ip2p, contest)
    found[PIX2PIX] = partial(_gan, contest)
    found["lazy"] = lambda: fixed("lazy", FromTruth(truth, side, lazy))
    found["oracle"] = lambda: fixed("oracle", FromTruth(truth, side, oracle))
    return found


def _editor(contest: Contest, variant: str, name: str = "", *, masked: bool = True) -> Candidate:
    """Return a trained variant from noise, with the text scale as its dial."""
    subject = editors.subject(contest.settings, variant, contest.root, contest.device)

    def at(dial: float | None, settings: Settings) -> tuple[PictureEditor, Settings]:
        return subject, replace(settings, draft="none", masked=masked, text_scale=dial)

    return Candidate(name or variant, at, contest.settings.text_scales, "text scale")


def _drafted(contest: Contest) -> Candidate:
    """Return the editor from drafts, with the strength as its dial."""
    subject = editors.subject(contest.settings, "editor", contest.root, contest.device)

    def at(dial: float | None, settings: Settings) -> tuple[PictureEditor, Settings]:
        return subject, replace(settings, draft="auto", strength=1.0 if dial is None else dial)

    return Candidate(DRAFTED, at, _STRENGTHS, "strength")


def _teacher(contest: Contest) -> Candidate:
    settings = contest.settings
    if settings.drift is not None:
        drifting = Truth(unseen_sample(settings, settings.drift))
        return fixed(TEACHER, FromTruth(drifting, settings.side, oracle))
    made = teacher_at(settings, contest.device)
    return Candidate(TEACHER, lambda dial, asked: (made(dial), asked), settings.teacher_guidance, "text scale")


def _ip2p(contest: Contest) -> Candidate:
    return trained_candidate(
        editors.load(contest.settings, IP2P, contest.root, contest.device), contest.settings.budget
    )


def _gan(contest: Contest) -> Candidate:
    return fixed(PIX2PIX, Pix2PixEditor.from_folder(contest.root / "editors" / PIX2PIX))


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
