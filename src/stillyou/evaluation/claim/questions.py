"""The claim's questions as numbers with 95% intervals, pictures resampled (`comparison.statistics`).

At equal success. Of two curves with the points (S_i, P_i), the success that both reach is q = min(max S, max S'), and
what the first keeps more there is P(q) - P'(q), with P(q) the best preservation at a success of q or more (as in
`comparison.curves`). q is found anew in every resample; where it is 0, nothing was compared and the difference is 0.

Cost of a part. What training with it took more, of the seconds that training without it took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou.evaluation.claim.measured import Measured
from stillyou.evaluation.comparison.curves import Curve, difference, means
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.statistics import Interval, PairedTest, draws, paired, percentiles


@dataclass(frozen=True)
class EqualSuccess:
    """Two editors at the success that both reach.

    Attributes:
        success: q.
        first: What the first preserves there.
        second: What the second does.
        apart: First minus second, with its interval.
    """

    success: float
    first: float
    second: float
    apart: Interval


@dataclass(frozen=True)
class Against:
    """An editor against another one.

    Attributes:
        name: The other's.
        equal: At equal success.
        area: Difference of the areas under their curves.
        success: Paired difference of success at the defaults.
        preservation: Paired difference of preservation at the defaults; None where no picture has both.
    """

    name: str
    equal: EqualSuccess
    area: Interval
    success: PairedTest | None
    preservation: PairedTest | None


def against(first: Measured, other: Measured) -> Against:
    """Compare two editors on the same pictures."""
    return Against(
        other.name,
        equal_success(first.curve, other.curve),
        difference(first.curve, other.curve),
        paired(first.default.column("edit_success"), other.default.column("edit_success")),
        paired(first.default.column(PRESERVATION), other.default.column(PRESERVATION)),
    )


def equal_success(first: Curve, second: Curve, seed: int = 0, *, same_pictures: bool = True) -> EqualSuccess:
    """Compare what two curves keep at the success that both reach.

    Args:
        first: A curve.
        second: Another.
        seed: Of the resamples.
        same_pictures: Whether both are over the same pictures, which are then resampled together.
    """
    chosen = draws(first.success.shape[1], seed)
    others = chosen if same_pictures else draws(second.success.shape[1], seed + 1)
    q, a, b = _at_equal(first.points(), second.points())
    differences = []
    for own, theirs in zip(chosen, others, strict=True):
        _, one, other = _at_equal(_resampled(first, own), _resampled(second, theirs))
        differences.append(one - other)
    return EqualSuccess(q, a, b, Interval(a - b, *percentiles(np.array(differences))))


def against_pairs(first: Measured, pairs: Sequence[Mapping[str, Any]]) -> EqualSuccess:
    """Compare an editor with the pairs that it learned from, by their own figures: other pictures of the same kind."""
    success, kept = (
        np.array([[row[figure] for row in pairs]], np.float64) for figure in ("edit_success", PRESERVATION)
    )
    return equal_success(first.curve, Curve([None], success, kept), same_pictures=False)


def apart(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Interval:
    """Return the difference of two means over other pictures, first minus second, each resampled by itself."""
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    means = one[draws(len(one), seed)].mean(axis=1) - other[draws(len(other), seed + 1)].mean(axis=1)
    return Interval(float(one.mean() - other.mean()), *percentiles(means))


def _resampled(curve: Curve, chosen: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    return means(curve.success[:, chosen]), means(curve.preservation[:, chosen])


Points = tuple[Sequence[float], Sequence[float]]


def _at_equal(first: Points, second: Points) -> tuple[float, float, float]:
    """Return q and what each keeps there; nothing is kept, and nothing lost, where one of them never succeeds."""
    q = min(max(first[0]), max(second[0]))
    if q == 0:
        return 0.0, 0.0, 0.0
    return q, kept_at(q, first), kept_at(q, second)


def kept_at(q: float, points: Points) -> float:
    """Return P(q): the best preservation among points of a success of q or more, 0 if there is none."""
    return max((p for s, p in zip(*points, strict=True) if s >= q), default=0.0)


def verdict(interval: Interval) -> str:
    """Say in a word what an interval says of a difference."""
    if interval.low > 0:
        return "more"
    return "less" if interval.high < 0 else "not told apart"
