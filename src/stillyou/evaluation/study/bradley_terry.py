"""Strengths from pairwise choices (Bradley and Terry 1952).

    P(i is chosen over j) = 1 / (1 + exp(t_j - t_i)),  sum of t = 0

Strengths t maximise the likelihood by Newton's method. With a prior of c, every pair counts as if it had been judged
2c more times with one half each: that keeps strengths finite where somebody never won.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillyou.draws import generator

Table = NDArray[np.float64]
PRIOR, RESAMPLES, STEPS = 0.1, 1000, 100


@dataclass(frozen=True)
class Strength:
    """An editor's strength with its 95% interval, and the share of choices it would win against an average one."""

    strength: float
    low: float
    high: float
    share: float


def fit(wins: Table, prior: float = PRIOR) -> Table:
    """Return the strengths t, (..., C).

    Args:
        wins: How often row was chosen over column, (..., C, C); leading axes are studies of their own.
        prior: c.
    """
    c = wins.shape[-1]
    counted = wins + prior * (1 - np.eye(c))
    games = counted + np.swapaxes(counted, -1, -2)
    t = np.zeros(wins.shape[:-1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(t[..., None, :] - t[..., :, None]))
        gradient = (counted - games * p).sum(axis=-1)
        weight = games * p * (1 - p)
        # The likelihood does not see the sum of t: ones all over fix it at 0 and let the matrix be inverted.
        hessian = np.eye(c) * weight.sum(axis=-1)[..., None] - weight + 1.0
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        t = t + np.clip(step, -1, 1)  # far from the maximum a whole step may overshoot
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(t - t.mean(axis=-1, keepdims=True))


def strengths(tables: Sequence[Table], editors: Sequence[str], seed: int = 0) -> Mapping[str, Strength]:
    """Return every editor's strength; intervals are percentiles over resamples of the participants.

    Args:
        tables: The wins of each participant, (C, C) each.
        editors: Their names, (C,).
        seed: Of the resamples.
    """
    stacked = np.stack(tables) if tables else np.zeros((1, len(editors), len(editors)))
    t = fit(stacked.sum(axis=0))
    chosen = generator("study participants", seed, len(stacked)).integers(0, len(stacked), (RESAMPLES, len(stacked)))
    resampled = fit(np.array([stacked[rows].sum(axis=0) for rows in chosen]))
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    share = 1 / (1 + np.exp(-t))
    return {
        name: Strength(float(t[i]), float(low[i]), float(high[i]), float(share[i])) for i, name in enumerate(editors)
    }
