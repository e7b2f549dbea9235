"""Preservation beside success over an editor's own dial, and the area under that curve.

At a setting i of its dial an editor has, over the same pictures, a success S_i in [0, 1] and a preservation P_i in
[0, 1] (`regions.PRESERVATION`). What it preserves at a success of at least q:

    P(q) = max of P_i over S_i >= q,  0 if there is none
    A    = integral of P(q) over q from 0 to 1

This is the area that the points dominate (the hypervolume of Zitzler and Thiele 1998 from the point 0, 0). Nothing is
interpolated between settings that were not run. The lazy answer has A = its success, the oracle A = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillyou.evaluation.comparison.statistics import Interval, draws, percentiles

Table = NDArray[np.float64]


def area(success: Sequence[float], preservation: Sequence[float]) -> float:
    """Return A of the points of a curve, in any order."""
    total, reached = 0.0, 0.0
    best = sorted(zip(preservation, success, strict=True), reverse=True)
    for p, s in best:  # the best preserved first: each adds the successes that nothing before it reached
        if s > reached:
            total += max(0.0, p) * (s - reached)
            reached = s
    return total


@dataclass(frozen=True)
class Curve:
    """An editor's points on the same pictures.

    Attributes:
        dials: Of each point, (K,); NaN where there is no dial.
        success: Of each point and picture, (K, n) of 0 and 1.
        preservation: Of each point and picture, (K, n); NaN where an edit failed.
    """

    dials: Sequence[float | None]
    success: Table
    preservation: Table

    def points(self) -> tuple[list[float], list[float]]:
        """Return S_i and P_i."""
        return means(self.success), means(self.preservation)

    def area(self) -> float:
        """Return A."""
        return area(*self.points())

    def resampled(self, seed: int = 0) -> Table:
        """Return A of every resample of the pictures, (resamples,); equal seeds draw equal pictures."""
        chosen = draws(self.success.shape[1], seed)
        return np.array([area(means(self.success[:, c]), means(self.preservation[:, c])) for c in chosen])

    def interval(self, seed: int = 0) -> Interval:
        """Return A with its bootstrap interval by picture."""
        return Interval(self.area(), *percentiles(self.resampled(seed)))


def difference(first: Curve, second: Curve, seed: int = 0) -> Interval:
    """Return A of one curve minus that of another, its interval from the same resamples of the same pictures."""
    apart = first.resampled(seed) - second.resampled(seed)
    return Interval(first.area() - second.area(), *percentiles(apart))


def means(table: Table) -> list[float]:
    """Return the mean of each row over what has a value; 0 where nothing has."""
    there = ~np.isnan(table)
    counts = there.sum(axis=1)
    sums = np.where(there, table, 0).sum(axis=1)
    return [float(s / c) if c else 0.0 for s, c in zip(sums, counts, strict=True)]
