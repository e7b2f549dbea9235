"""The editors that can be compared, by name, each with the dial that trades preservation for success.

| name | dial |
|---|---|
| edit (the model) | strength where it starts from drafts, the text scale from noise |
| sdedit | share of the schedule that is undone |
| diffedit | encoding ratio |
| inversion | share of the schedule that is run again |
| ip2p:FOLDER | image scale of a model that was trained for it |
| pix2pix:FOLDER | none: one point |
| draft | strength |
| lazy, oracle, teacher, anybody's | none: one point |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillyou.errors import UsageError, nearest
from stillyou.evaluation.baselines.diffedit import DiffEdit
from stillyou.evaluation.baselines.draft import DraftAlone
from stillyou.evaluation.baselines.instruct import InstructPix2Pix
from stillyou.evaluation.baselines.inversion import Inversion
from stillyou.evaluation.baselines.latent import LatentEditor
from stillyou.evaluation.baselines.sdedit import SDEdit
from stillyou.evaluation.baselines.truth import FromTruth, Truth, lazy, oracle, teacher
from stillyou.evaluation.known_truth.settings import Settings

if TYPE_CHECKING:
    from stillyou.diffusion.pipeline import MultiConditionedPipeline
    from stillyou.evaluation.known_truth.benchmark import PictureEditor
    from stillyou.evaluation.known_truth.subject import ModelSubject

METHODS = {"sdedit": SDEdit, "diffedit": DiffEdit, "inversion": Inversion}
TRAINED, GAN = "ip2p", "pix2pix"
"""Baselines that need a model of their own, named behind a colon."""
_MAKERS = {TRAINED: "a model that the recipe instruct-pix2pix has trained", GAN: "what the claim has trained"}
TRUE_ANSWERS = {"lazy": lazy, "oracle": oracle, "teacher": teacher}
BASELINES = (*METHODS, "draft", *TRUE_ANSWERS)
NEED_MODEL = (*METHODS, "draft")
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
TEXT_SCALES = (1.5, 2.0, 3.0, 4.5, 6.0)

Setting = Callable[["float | None", Settings], tuple["PictureEditor", Settings]]
"""Returns the editor and the settings for a value of the dial, or for its default (None)."""


@dataclass(frozen=True)
class Candidate:
    """One editor of a comparison.

    Attributes:
        name: How tables call it.
        at: Sets its dial.
        dials: Values of the dial, the weakest first; empty if it has none.
        dial: What the dial is, in words.
    """

    name: str
    at: Setting
    dials: tuple[float, ...] = ()
    dial: str = ""


def parse_names(text: str) -> list[str]:
    """Read the names of baselines, with commas between; raises UsageError for one that is not known or said twice."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        kind, _, model = name.partition(":")
        if kind in _MAKERS and not model:
            raise UsageError(f"{kind} needs a model of its own", f"Write {kind}:FOLDER, {_MAKERS[kind]}.")
        if kind not in _MAKERS and name not in BASELINES:
            raise UsageError(f"unknown baseline '{name}'", nearest(name, BASELINES))
        if [other.partition(":")[0] for other in names].count(kind) > 1:
            raise UsageError(f"baseline '{kind}' is named twice", "Name it once.")
    return names


def fixed(name: str, editor: PictureEditor) -> Candidate:
    """Return a candidate without a dial."""
    return Candidate(name, lambda dial, settings: (editor, settings))


def model_candidate(subject: ModelSubject, settings: Settings) -> Candidate:
    """Return the model's own edits."""
    if settings.draft == "none":
        return Candidate("edit", _by_text_scale(subject), TEXT_SCALES, "text scale")
    return Candidate("edit", _by_strength(subject), STRENGTHS, "strength")


def baseline(name: str, *, subject: ModelSubject | None, truth: Truth, resolution: int, budget: int) -> Candidate:
    """Return a baseline by name.

    Args:
        name: One of `BASELINES`.
        subject: The model, for those of `NEED_MODEL`.
        truth: The pairs, for the true answers.
        resolution: Side of the pictures that true answers are for.
        budget: Evaluations of the UNet an image, at most.
    """
    if name in TRUE_ANSWERS:
        return fixed(name, FromTruth(truth, resolution, TRUE_ANSWERS[name]))
    assert subject is not None, f"{name} needs a model"
    if name == "draft":
        return Candidate(name, _by_strength(DraftAlone(subject)), STRENGTHS, "strength")
    pipeline, method = subject.editor.pipeline, METHODS[name](budget=budget)

    def at(dial: float | None, settings: Settings) -> tuple[PictureEditor, Settings]:
        return LatentEditor(pipeline, method if dial is None else replace(method, dial=dial)), settings

    return Candidate(name, at, method.DIALS, "share of the schedule")


def trained_candidate(pipeline: MultiConditionedPipeline, budget: int) -> Candidate:
    """Return InstructPix2Pix by a model that was trained for it."""
    method = InstructPix2Pix(budget=budget)

    def at(dial: float | None, settings: Settings) -> tuple[PictureEditor, Settings]:
        return LatentEditor(pipeline, method if dial is None else replace(method, dial=dial)), settings

    return Candidate(TRAINED, at, method.DIALS, "image scale")


def _by_strength(editor: PictureEditor) -> Setting:
    return lambda dial, settings: (editor, settings if dial is None else replace(settings, strength=dial))


def _by_text_scale(editor: PictureEditor) -> Setting:
    return lambda dial, settings: (editor, settings if dial is None else replace(settings, text_scale=dial))
