"""Strengths, agreement and power against published examples and straight-line versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from stillyou.errors import UsageError
from stillyou.evaluation.study.agreement import krippendorff_alpha
from stillyou.evaluation.study.bradley_terry import fit, strengths
from stillyou.evaluation.study.power import clustered, needed, power

NONE = None
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]
"""Krippendorff 2011, example C: four observers, twelve units, values missing; nominal alpha = 0.743."""


def test_alpha_of_the_published_example():
    units = [[row[i] for row in OBSERVERS if row[i] is not None] for i in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_alpha_by_hand():
    assert krippendorff_alpha([[0, 0], [1, 1]]) == 1
    # o_01 = o_10 = 2, n = 4: alpha = 1 - 3 * 4 / 8
    assert krippendorff_alpha([[0, 1], [1, 0]]) == pytest.approx(-0.5)
    assert krippendorff_alpha([[0], [1]]) is None and krippendorff_alpha([[0, 0]]) is None


def straight_fit(wins, prior):
    """Maximise the log-likelihood by a general minimiser, the first strength fixed."""
    c = len(wins)

    def loss(free):
        t = np.concatenate([[0], free])
        return sum(
            (wins[i][j] + prior) * math.log1p(math.exp(t[j] - t[i])) for i in range(c) for j in range(c) if i != j
        )

    t = np.concatenate([[0], optimize.minimize(loss, np.zeros(c - 1), tol=1e-12).x])
    return t - t.mean()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_strengths_are_those_of_a_straight_line_fit(numbers):
    wins = np.zeros((4, 4))
    wins[~np.eye(4, dtype=bool)] = numbers
    np.testing.assert_allclose(fit(wins, 0.5), straight_fit(wins, 0.5), atol=2e-3)


def test_two_editors_have_a_closed_form():
    t = fit(np.array([[0.0, 30], [10, 0]]), prior=0)
    assert t[0] - t[1] == pytest.approx(math.log(3))
    never = fit(np.array([[0.0, 5], [0, 0]]))
    assert never[0] - never[1] == pytest.approx(math.log(5.1 / 0.1))  # finite, thanks to the prior


def test_intervals_hold_the_strength_and_shrink_with_participants():
    rng = np.random.default_rng(0)

    def tables(people):
        a = rng.binomial(10, 0.7, people)
        return [np.array([[0, k], [10 - k, 0]], float) for k in a]

    few, many = (strengths(tables(n), ["a", "b"])["a"] for n in (5, 80))
    assert few.low <= few.strength <= few.high
    assert many.high - many.low < few.high - few.low
    assert many.low < math.log(7 / 3) / 2 < many.high


def brute_power(n, share):
    """Sum the chances of every count that the exact test of one half refuses."""
    half = [math.comb(n, k) / 2**n for k in range(n + 1)]
    refused = [k for k in range(n + 1) if min(sum(half[: k + 1]), sum(half[k:])) <= 0.025]
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in refused)


@pytest.mark.parametrize(("n", "share"), [(5, 0.9), (20, 0.7), (49, 0.65)])
def test_power_is_the_sum_over_refused_counts(n, share):
    assert power(n, share) == pytest.approx(brute_power(n, share))


def test_answers_needed():
    assert needed(0.75) == next(n for n in range(1, 200) if all(brute_power(m, 0.75) >= 0.8 for m in range(n, n + 30)))
    # by the normal approximation 783; the exact test wants a little more
    assert 783 <= needed(0.55) <= 830 and needed(0.45) == needed(0.55)
    assert clustered(800, 24, 0.0) == 800 and clustered(100, 11, 0.1) == 200
    for share in (0.5, 0.501, 0.0, 1.5):
        with pytest.raises(UsageError):
            needed(share)
