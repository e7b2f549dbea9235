"""What the claim asks, on curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from stillyou.evaluation.claim.measured import KEPT, Measured, Point
from stillyou.evaluation.claim.questions import against, against_pairs, apart, equal_success, kept_at, verdict
from stillyou.evaluation.comparison.curves import Curve
from stillyou.evaluation.comparison.statistics import Interval


def curve(*points: tuple[float, float], n: int = 10) -> Curve:
    """Return a curve whose points have a share of successes and one preservation for all pictures."""
    success = np.array([[float(i < share * n) for i in range(n)] for share, _ in points])
    return Curve(range(len(points)), success, np.array([[kept] * n for _, kept in points]))


def test_editors_are_compared_at_the_success_that_both_reach() -> None:
    editor, pairs = curve((0.5, 0.99), (0.8, 0.9)), curve((0.2, 0.95), (0.6, 0.85), (1.0, 0.7))
    found = equal_success(editor, pairs)
    # q = 0.8: the editor keeps 0.9 there; of the pairs only the last point reaches it
    assert (found.success, found.first, found.second) == (0.8, 0.9, 0.7)
    assert found.apart.mean == pytest.approx(0.2) and found.apart.low > 0 and verdict(found.apart) == "more"
    turned = equal_success(pairs, editor)
    assert turned.apart.mean == pytest.approx(-0.2) and verdict(turned.apart) == "less"


def test_an_editor_that_never_succeeds_is_compared_at_nothing() -> None:
    found = equal_success(curve((0.0, 1.0)), curve((0.9, 0.5)))
    assert (found.success, found.first, found.second, found.apart) == (0, 0, 0, Interval(0, 0, 0))
    assert verdict(found.apart) == "not told apart"


def test_only_points_of_enough_success_count() -> None:
    assert kept_at(0.5, ([0.4, 0.5, 0.9], [1.0, 0.8, 0.85])) == 0.85
    assert kept_at(0.95, ([0.4, 0.5, 0.9], [1.0, 0.8, 0.85])) == 0.0


def measured(name: str, success: list[float], kept: list[float | None]) -> Measured:
    rows = [{**dict.fromkeys(KEPT), "edit_success": s, "preservation": p} for s, p in zip(success, kept, strict=True)]
    point = Point(None, rows, 4.0, 0.1, {})
    return Measured(name, point, [point], "")


def test_differences_at_the_defaults_are_paired_by_picture() -> None:
    first = measured("editor", [1.0, 1.0, 0.0, 1.0], [0.9, 0.8, 0.7, 0.6])
    other = measured("without", [1.0, 0.0, 0.0, 0.0], [0.8, 0.7, None, 0.5])
    found = against(first, other)
    assert found.success is not None and found.success.difference == 0.5
    assert found.preservation is not None and found.preservation.pictures == 3  # an edit that failed has none
    assert found.preservation.difference == pytest.approx(0.1)
    assert found.area.mean == pytest.approx(0.75 * 0.75 - 0.25 * (2.0 / 3))


def test_an_editor_is_compared_with_pairs_of_other_pictures() -> None:
    """12 pairs and 4 edits: q is the editor's 0.75, where the pairs keep 0.5; both are resampled by themselves."""
    editor = measured("editor", [1.0, 1.0, 0.0, 1.0], [0.9, 0.9, 0.9, 0.9])
    found = against_pairs(editor, [{"edit_success": 1.0, "preservation": 0.5, "status": "accepted"}] * 12)
    assert (found.success, found.first, found.second) == (0.75, pytest.approx(0.9), 0.5)
    assert found.apart.mean == pytest.approx(0.4) and verdict(found.apart) == "more"


def test_curves_of_as_many_but_other_pictures_are_resampled_apart() -> None:
    """Preservation falls alike with the number of the picture: together the difference has no spread, apart it has."""
    one = Curve([None], np.ones((1, 10)), np.linspace(0.1, 1, 10)[None])
    together, apart = (equal_success(one, one, same_pictures=same).apart for same in (True, False))
    assert together == Interval(0, 0, 0)
    assert apart.mean == 0 and apart.low < -0.1 < 0.1 < apart.high


def test_means_over_other_pictures_are_told_apart() -> None:
    found = apart([3.0, 5.0] * 20, [10.0, 12.0, 14.0] * 30)
    assert found.mean == pytest.approx(4 - 12)
    assert -9 < found.low < -8 < found.high < -7  # standard errors 0.16 and 0.17
    assert apart([1.0], [1.0]) == Interval(0, 0, 0)
