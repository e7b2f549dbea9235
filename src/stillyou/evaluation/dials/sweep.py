"""Measures the settings of dials, one dial after the other: what one has chosen stands while the next is turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from stillyou.effects.measured import Figure
from stillyou.effects.settings import Tuning
from stillyou.evaluation.baselines.candidates import Candidate
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.run import Ground, measure
from stillyou.evaluation.dials.choose import Point
from stillyou.evaluation.dials.dials import DIALS, turned
from stillyou.evaluation.figures import mean
from stillyou.evaluation.known_truth.benchmark import PictureEditor

Choose = Callable[[Sequence[Point]], Point]


@dataclass
class Sweep:
    """What was tried and chosen.

    Attributes:
        tuning: What all dials say together.
        figures: Every setting that was measured.
    """

    tuning: Tuning = Tuning()
    figures: list[Figure] = field(default_factory=list)


def sweep(
    editor: PictureEditor,
    ground: Ground,
    dials: Sequence[str],
    choose: Choose,
    progress: Callable[[Figure], None] = lambda figure: None,
) -> Sweep:
    """Choose the settings of dials.

    Args:
        editor: What edits.
        ground: Pairs, judge and settings; its sample says which effects.
        dials: Names in `DIALS`, in the order in which they are turned.
        choose: The rule.
        progress: Called with every setting's figures.
    """
    found = Sweep()
    for name in dials:
        points = []
        for value in DIALS[name].settings:
            point = _measured(editor, ground, DIALS[name].tuning(value).over(found.tuning), value)
            progress(_figure(name, point))
            points.append(point)
        taken = choose(points)
        found.tuning = DIALS[name].tuning(taken.value).over(found.tuning)
        found.figures += [_figure(name, point, point is taken) for point in points]
    return found


def _measured(editor: PictureEditor, ground: Ground, tuning: Tuning, value: float) -> Point:
    """Return what effects give that say a tuning."""
    effects = [turned(effect, tuning) for effect in ground.sample.shown()]
    candidate = Candidate("edit", lambda dial, settings: (editor, settings), (), "")
    found = measure(candidate, None, replace(ground, sample=replace(ground.sample, effects=effects)), None)
    success, preserved = (mean(found.column(figure)) or 0.0 for figure in ("edit_success", PRESERVATION))
    return Point(value, success, preserved, found.evaluations or 0.0)


def _figure(dial: str, point: Point, chosen: bool = False) -> Figure:
    return Figure(
        dial=dial,
        value=point.value,
        edit_success=round(point.success, 4),
        preservation=round(point.preservation, 4),
        evaluations=round(point.evaluations, 1),
        chosen=chosen,
    )
