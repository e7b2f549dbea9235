"""Intervals, tests and ranks. The picture is the unit throughout: effects of one picture or dials never count twice.

interval       percentile bootstrap of the mean over pictures (Efron 1979), 95%
paired test    mean difference d of two editors on the same pictures; p = share of random sign flips of the
               differences with |mean| >= |d| (Fisher's randomisation), exact up to 2^12 flips
Holm           p values of several tests against one editor, adjusted step-down (Holm 1979)
rank           Spearman's rho, ties at their mean rank
z-score        (value - mean) / deviation over the candidates of one comparison, better = higher
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from stillyou.draws import generator

Values = NDArray[np.float64]
RESAMPLES, FLIPS, EXACT = 2000, 10_000, 12
"""Resamples of a bootstrap, random flips of a test, and the most differences whose flips are all tried."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedTest:
    """One editor against another on the same pictures.

    Attributes:
        difference: Mean of first minus second.
        low: Of its 95% interval.
        high: Of its 95% interval.
        p: Chance of such a difference if the two did not differ.
        pictures: How many had both values.
    """

    difference: float
    low: float
    high: float
    p: float
    pictures: int


def draws(pictures: int, seed: int = 0, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """Return the pictures of each resample, (resamples, pictures); the same for every figure of a comparison."""
    return generator("bootstrap", seed, pictures).integers(0, pictures, (resamples, pictures))


def interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """Return the mean of one value a picture with its bootstrap interval; None without values."""
    if not len(values):
        return None
    table = np.asarray(values, np.float64)
    low, high = percentiles(table[draws(len(table), seed)].mean(axis=1))
    return Interval(float(table.mean()), low, high)


def percentiles(means: Values) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of the figures of resamples."""
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def paired(first: Sequence[float | None], second: Sequence[float | None], seed: int = 0) -> PairedTest | None:
    """Compare two editors by one figure, a value a picture each; pictures that lack either are left out.

    Returns:
        None if no picture has both.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    d = np.array([a - b for a, b in pairs], np.float64)
    found = interval(d.tolist(), seed)
    assert found is not None
    return PairedTest(found.mean, found.low, found.high, sign_flip(d, seed), len(d))


def sign_flip(d: Values, seed: int = 0) -> float:
    """Return p of the mean of differences (n,) by flipping signs; 1 if all are 0."""
    n = len(d)
    if n <= EXACT:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((np.abs(signs @ d) >= abs(d.sum()) - 1e-9).mean())
    signs = 1 - 2 * generator("sign flips", seed, n).integers(0, 2, (FLIPS, n))
    extreme = int((np.abs(signs @ d) >= abs(d.sum()) - 1e-9).sum())
    return (extreme + 1) / (FLIPS + 1)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p values of several tests, by name."""
    adjusted, worst = {}, 0.0
    for rank, name in enumerate(sorted(p, key=lambda key: p[key])):
        worst = max(worst, min(1.0, p[name] * (len(p) - rank)))
        adjusted[name] = worst
    return {name: adjusted[name] for name in p}


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Return Spearman's rho in [-1, 1]; None if either is constant."""
    a, b = stats.rankdata(x), stats.rankdata(y)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def composites(figures: Mapping[str, Mapping[str, float | None]], better: Mapping[str, int]) -> dict[str, float | None]:
    """Put several figures of each candidate together, as their mean z-score within these candidates alone.

    Args:
        figures: By candidate, then by figure.
        better: Of the figures that count: 1 where higher is better, -1 where lower is.

    Returns:
        By candidate; None for one that lacks a figure. Figures that all share count as 0.
    """
    whole = [name for name, own in figures.items() if all(own[figure] is not None for figure in better)]
    totals = dict.fromkeys(whole, 0.0)
    for figure, sign in better.items():
        values = np.array([figures[name][figure] for name in whole], np.float64)
        deviation = values.std() if len(values) else 0.0
        z = sign * (values - values.mean()) / deviation if deviation > 0 else np.zeros(len(values))
        for name, score in zip(whole, z, strict=True):
            totals[name] += float(score) / len(better)
    return {name: totals.get(name) for name in figures}
