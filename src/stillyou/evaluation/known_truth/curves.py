"""Curves: success beside preservation over the text scale and over strength.

One point flatters whoever chose it (docs/reference/model.md, Beware of lazy editing): a model is compared by what it
preserves at equal success, so both figures are measured along the scales that trade one for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stillyou.evaluation.known_truth.benchmark import PictureEditor, PictureJudge, evaluate
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.evaluation.known_truth.splits import PairSample

TEXT_SCALES = (1.5, 2.0, 3.0, 4.5, 6.0)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
POINT = ("edit_success", "judge_score", "outside_true_error", "inside_target_error", "mask_recall", "mask_area_ratio")
"""Figures kept of each point."""


def curve_edits(effects: int, n: int) -> int:
    """Return how many edits the curves take."""
    return (len(TEXT_SCALES) + len(STRENGTHS)) * effects * n


def measure_curves(
    editor: PictureEditor,
    judge: PictureJudge,
    sample: PairSample,
    *,
    settings: Settings,
    batch: int = 8,
    progress: Callable[[int], None] = lambda edits: None,
) -> dict[str, Any]:
    """Evaluate along the text scale at full strength, and along strength at the given scales.

    Args:
        editor: What answers.
        judge: What says whether an answer shows the effect.
        sample: The pairs of each point; the same pairs and noise at all of them.
        settings: Steps and base scales.
        batch: Pictures edited at a time.
        progress: Called with the number of edits just done.

    Returns:
        `text` and `strength`: lists of points with the axis value, the figures of `POINT` and those of each of
        `effects`; `lazy` and `oracle`: the figures of the same pairs' source and target; `n`.
    """

    def point(axis: str, value: float, chosen: Settings) -> dict[str, Any]:
        found = evaluate(editor, judge, made, settings=chosen, batch=batch, progress=progress).document
        references.update({name: _pick(found[name]) for name in ("lazy", "oracle")})
        return {axis: value, **_pick(found), "effects": {name: _pick(t) for name, t in found["effects"].items()}}

    made = sample.made(editor.resolution)
    references: dict[str, Any] = {}
    text = [point("text", value, replace(settings, text_scale=value, strength=1.0)) for value in TEXT_SCALES]
    strength = [point("strength", value, replace(settings, strength=value)) for value in STRENGTHS]
    return {"n": sample.n, "text": text, "strength": strength, **references}


def _pick(table: dict[str, Any]) -> dict[str, Any]:
    return {name: table[name] for name in POINT}
