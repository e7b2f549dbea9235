"""What an edit's own figures say about it, without truth, and the second try of one that is out of band.

    mask_share    marked pixels / pixels of the squares that were edited
    mask_ratio    mask_share / the effect's usual one (`effects.usual`)
    identity      1 - |d_before - d_after|, dlib's descriptors of the edited face (people, extra `identity`)
    shows         p(effect | edited square) - p(effect | source's), by the curation scorer (`editing.showing`)

The last two are told only where a second try is wanted, since they cost time.

A figure out of its band does not make an edit bad, nor one inside it good: docs/results/retry.md has how often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from stillyou.config import GuidanceScales
from stillyou.draws import stable_seed
from stillyou.editing import showing
from stillyou.editing.likeness import likeness
from stillyou.editing.plan import EditPlan
from stillyou.editing.request import EditRequest
from stillyou.editing.result import EditReport, EditResult, EditScores
from stillyou.editing.showing import edited_squares
from stillyou.effects.bands import Band
from stillyou.effects.domains import parse_domain
from stillyou.effects.usual import USUAL, Usual
from stillyou.images import Picture

_WORDS: Final = {
    "mask_ratio": "the mask in usual ones",
    "change_inside": "the change",
    "identity": "the likeness",
    "shows": "how much more the effect shows",
}
_TOO_LITTLE: Final = (_WORDS["change_inside"], _WORDS["shows"])
MORE_TEXT, MOST_TEXT = 1.5, 30.0
"""What the text scale of a second try is multiplied by where too little has changed or shows; the greatest there is."""


def scores(
    report: EditReport, plan: EditPlan, identity: float | None = None, shows: float | None = None
) -> EditScores | None:
    """Return the scores of an edit; None where nothing was drawn by the model, or in official mode.

    Args:
        report: Of the edit.
        plan: How it was made.
        identity: Similarity of the faces, if somebody has compared them.
        shows: By how much more probably the edit shows the effect than the source, if the scorer has been asked.
    """
    if plan.request.official or report.evaluations == 0:
        return None
    share = report.mask_area * report.width * report.height / sum(crop.size**2 for crop in edited_squares(report))
    usual = usual_of(plan, report)
    mask = None if usual is None or report.effect not in usual.masks else share / usual.masks[report.effect]
    own = {"mask_ratio": mask, "change_inside": report.change_inside, "identity": identity, "shows": shows}
    out = () if usual is None else out_of_band(own, usual.bands(report.effect))
    return EditScores(mask_share=round(share, 4), mask_ratio=mask, identity=identity, shows=shows, out_of_band=out)


def usual_of(plan: EditPlan, report: EditReport) -> Usual | None:
    """Return the bands that hold for an edit: at full strength, from noise, with a mask of its own."""
    if plan.asked_strength < 1 or report.mask is None or report.refine is not None:
        return None
    return USUAL.get((plan.effect.group, parse_domain(report.domain)))


def out_of_band(own: Mapping[str, float | None], bands: Mapping[str, Band]) -> tuple[str, ...]:
    """Return in words which scores are out of their band."""
    told = []
    for name, value in own.items():
        band = bands[name]
        if value is None or band.holds(value):
            continue
        low = band.least is not None and value < band.least
        told.append(f"{_WORDS[name]} {value:.3g} is {'below' if low else 'above'} {band.least if low else band.most:g}")
    return tuple(told)


def compared(plan: EditPlan, picture: Picture, result: EditResult) -> EditResult:
    """Return a result that is compared with its source, where a second try is wanted; otherwise nobody waits for that.

    Faces of people are compared, and the scorer is asked whether the effect shows.
    """
    report = result.report
    if not plan.request.retry or report.scores is None:
        return result
    identity = likeness(picture.rgb, result) if report.domain == "people" else None
    found = scores(report, plan, identity, showing.shows(plan.effect, picture, result))
    return replace(result, report=report.model_copy(update={"scores": found}))


def second_try(plan: EditPlan, result: EditResult) -> EditRequest | None:
    """Return what is asked the second time; None where the edit is not out of band, or nobody wants one."""
    request, found = plan.request, result.report.scores
    if not request.retry or found is None or not found.out_of_band:
        return None
    again = replace(request, seed=stable_seed("second try", plan.seed))
    if any(each.startswith(_TOO_LITTLE) and " below " in each for each in found.out_of_band):
        return replace(again, guidance=_more_text(result.report.guidance))
    return again


def better(first: EditResult, second: EditResult | Exception) -> EditResult:
    """Return the try with fewer scores out of band, of equals the one that shows more; its report counts both.

    Where nobody knows what shows more, the first of equals is kept.
    """
    one = first.report.scores
    assert one is not None
    why = " and ".join(one.out_of_band)
    if isinstance(second, Exception):
        return _kept(first, (first,), f"out of band ({why}); a second try failed: {second}")
    other = second.report.scores
    if other is None or not _is_better(other, one):
        return _kept(first, (first, second), f"out of band ({why}); a second try was no better, so the first is kept")
    dial = f"seed {second.report.seed}"
    if first.report.guidance != second.report.guidance:
        dial += f" and text scale {second.report.guidance.text:g}"
    return _kept(second, (first, second), f"a first try was out of band ({why}); this is the second, of {dial}")


def _is_better(other: EditScores, one: EditScores) -> bool:
    """Tell whether a second try's scores are better than the first's."""
    if len(other.out_of_band) != len(one.out_of_band):
        return len(other.out_of_band) < len(one.out_of_band)
    return other.shows is not None and one.shows is not None and other.shows > one.shows


def _kept(result: EditResult, tries: Sequence[EditResult], note: str) -> EditResult:
    """Return a result whose report says that there were two tries, and what they took together."""
    changed = {
        "tries": 2,
        "evaluations": sum(each.report.evaluations for each in tries),
        "seconds": round(sum(each.report.seconds for each in tries), 3),
        "notes": (*result.report.notes, note),
    }
    return replace(result, report=result.report.model_copy(update=changed))


def _more_text(guidance: GuidanceScales) -> GuidanceScales:
    return guidance.model_copy(update={"text": min(MOST_TEXT, MORE_TEXT * guidance.text)})
