"""Curves: success beside preservation over the text scale and over strength.

One point flatters whoever chose it (docs/reference/model.md, Beware of lazy editing): a model is compared by what it
preserves at equal success, so both figures are measured along the scales that trade one for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from stillyou.evaluation.comparison.statistics import rank_correlation
from stillyou.evaluation.figures import mean
from stillyou.evaluation.known_truth.benchmark import PictureEditor, PictureJudge, evaluate
from stillyou.evaluation.known_truth.rows import Row
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.evaluation.known_truth.splits import PairSample

TEXT_SCALES = (1.5, 2.0, 3.0, 4.5, 6.0)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
POINT = ("edit_success", "judge_score", "outside_true_error", "inside_target_error", "mask_recall", "mask_area_ratio")
"""Figures kept of each point."""
LINEAR = ("judge_score", "inside_source_error")
"""Figures that should grow with strength: what the judge sees, and how much has changed."""


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
        `effects`; `linearity`: Spearman's rank correlation between strength and `LINEAR`, the mean over pictures;
        `lazy` and `oracle`: the figures of the same pairs' source and target; `n`.
    """

    def point(axis: str, value: float, chosen: Settings) -> dict[str, Any]:
        evaluation = evaluate(editor, judge, made, settings=chosen, batch=batch, progress=progress)
        found, rows[axis, value] = evaluation.document, evaluation.rows
        references.update({name: _pick(found[name]) for name in ("lazy", "oracle")})
        return {axis: value, **_pick(found), "effects": {name: _pick(t) for name, t in found["effects"].items()}}

    made = sample.made(editor.resolution)
    references: dict[str, Any] = {}
    rows: dict[tuple[str, float], list[Row]] = {}
    text = [point("text", value, replace(settings, text_scale=value, strength=1.0)) for value in TEXT_SCALES]
    strength = [point("strength", value, replace(settings, strength=value)) for value in STRENGTHS]
    linear = {figure: linearity([rows["strength", value] for value in STRENGTHS], figure) for figure in LINEAR}
    return {"n": sample.n, "text": text, "strength": strength, "linearity": linear, **references}


def linearity(points: Sequence[Sequence[Row]], figure: str) -> float | None:
    """Return the mean over pictures of the rank correlation between strength and a figure of the edit.

    Args:
        points: Rows of the same pictures at each of `STRENGTHS`.
        figure: Its name. A picture whose figure never changes counts as 0: strength does nothing there.

    Returns:
        In [-1, 1]; None where no picture has the figure at every strength.
    """
    found = []
    for own in zip(*points, strict=True):
        values = [row.figures["edit"][figure] for row in own]
        there = [value for value in values if value is not None]
        if len(there) == len(values):
            found.append(rank_correlation(STRENGTHS[: len(there)], there) or 0.0)
    return mean(found)


def _pick(table: dict[str, Any]) -> dict[str, Any]:
    return {name: table[name] for name in POINT}
