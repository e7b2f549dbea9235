"""Figures by region, intervals, tests and curves: against hand-computed values and independent implementations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from skimage.metrics import structural_similarity

from stillyou.evaluation.comparison.curves import Curve, area, difference
from stillyou.evaluation.comparison.regions import NAMES, by_region, regions
from stillyou.evaluation.comparison.similarity import similarity
from stillyou.evaluation.comparison.statistics import composites, holm, interval, paired, rank_correlation, sign_flip
from stillyou.evaluation.figures import Answer, Failed
from tests.evaluation.people import person


@pytest.fixture
def pictures():
    rng = np.random.default_rng(1)
    one = rng.integers(0, 256, (40, 48, 3), np.uint8)
    other = np.clip(one.astype(int) + rng.integers(-40, 41, one.shape), 0, 255).astype(np.uint8)
    return one, other


def test_ssim_is_scikit_images(pictures):
    _, full = structural_similarity(
        *pictures, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    np.testing.assert_allclose(similarity(*pictures).ssim, full.mean(axis=2), atol=1e-10)


def test_structure_is_free_of_brightness_and_is_a_correlation(pictures):
    one = pictures[0] // 2
    assert similarity(one, one + 40).structure.min() > 0.999
    luma = one @ np.array([0.299, 0.587, 0.114]), pictures[1] @ np.array([0.299, 0.587, 0.114])
    y, x, reach = 20, 20, 5  # the window by hand: Gaussian weights cut at 3.5 deviations
    w = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * 1.5**2))
    w = np.outer(w, w) / np.outer(w, w).sum()
    a, b = (v[y - reach : y + reach + 1, x - reach : x + reach + 1] for v in luma)
    m_a, m_b = (w * a).sum(), (w * b).sum()
    c = (w * (a - m_a) * (b - m_b)).sum()
    v_a, v_b = (w * (a - m_a) ** 2).sum(), (w * (b - m_b) ** 2).sum()
    c3 = (0.03 * 255) ** 2 / 2
    assert similarity(one, pictures[1]).structure[y, x] == pytest.approx((c + c3) / (math.sqrt(v_a * v_b) + c3))


def test_regions_part_the_picture():
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 255
    found = regions(mask)
    assert np.array_equal(sum(region.astype(int) for region in found.values()), np.ones((64, 64)))
    assert found["inside"].sum() == 400
    around = {(y, x) for y, x in zip(*np.nonzero(found["around"]), strict=True)}
    assert (30, 41) in around and (30, 42) not in around and (41, 41) not in around  # a band of two pixels, round
    nothing = regions(mask * 0)
    assert not nothing["inside"].any() and not nothing["around"].any() and nothing["outside"].all()


def test_figures_of_an_answer_by_region():
    pair = person("angry", 0)  # the upper half is the edit, the band is one row of 32
    edit = pair.target.copy()
    edit[16] = np.where(edit[16] > 127, edit[16] - 10, edit[16] + 10)
    edit[20, 0, 0] ^= 1
    found = by_region(Answer(edit, pair.mask), pair)
    assert found["inside_error"] == 0 and found["inside_psnr"] == 100
    assert found["around_error"] == 10
    assert found["around_psnr"] == pytest.approx(10 * math.log10(255**2 / 100))
    assert found["outside_error"] == pytest.approx(1 / (15 * 32 * 3))
    perfect = by_region(Answer(pair.target, pair.mask), pair)
    assert perfect["inside_ssim"] == pytest.approx(1) and perfect["inside_structure_distance"] == pytest.approx(0)
    # windows reach over the mask's border: only the true target's own blur there keeps this below 1
    assert 0.8 < perfect["preservation"] < 1
    lazy = by_region(Answer(pair.source, pair.mask), pair)
    assert lazy["preservation"] == pytest.approx(1) and lazy["inside_ssim"] < 0.5
    failed = by_region(Failed("raised"), pair)
    assert set(failed) == set(found) == {*NAMES, "preservation"} and not any(failed.values())


def test_an_interval_is_that_of_scipys_bootstrap():
    values = np.random.default_rng(2).exponential(size=60)
    found = interval(values.tolist())
    other = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=0).confidence_interval
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(other, abs=0.03)
    assert interval([]) is None
    assert interval([2.0] * 5) == interval([2.0] * 5, seed=3)


def test_sign_flips_by_hand_and_by_scipy():
    d = np.array([1.0, 2.0, 3.0, -1.0])
    sums = [abs(sum(s * v for s, v in zip(signs, d, strict=True))) for signs in itertools.product((1, -1), repeat=4)]
    assert sign_flip(d) == sum(value >= 5 for value in sums) / 16
    many = np.random.default_rng(3).normal(0.3, 1, 40)
    reference = stats.permutation_test((many,), np.mean, permutation_type="samples", n_resamples=20_000, rng=0).pvalue
    assert sign_flip(many) == pytest.approx(reference, abs=0.02)
    assert sign_flip(np.zeros(5)) == sign_flip(np.zeros(20)) == 1


def test_paired_tests_leave_out_pictures_that_lack_a_value():
    found = paired([1.0, None, 3.0, 4.0], [0.0, 1.0, None, 2.0])
    assert (found.difference, found.pictures, found.p) == (1.5, 2, 0.5)
    assert paired([None], [1.0]) is None


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=12))
def test_rank_correlation_is_scipys(points):
    x, y = zip(*points, strict=True)
    found = rank_correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(x, y).statistic)


def test_composites_by_hand():
    figures = {"a": {"s": 1.0, "e": 4.0}, "b": {"s": 0.0, "e": 2.0}, "c": {"s": None, "e": 0.0}}
    found = composites(figures, {"s": 1, "e": -1})
    assert found == {"a": 0.0, "b": 0.0, "c": None}
    assert composites({"a": {"s": 1.0}, "b": {"s": 3.0}}, {"s": 1}) == {"a": -1.0, "b": 1.0}
    assert composites({"a": {"s": 1.0}, "b": {"s": 1.0}}, {"s": 1}) == {"a": 0.0, "b": 0.0}


def test_area_by_hand():
    assert area([0.0], [1.0]) == 0 and area([1.0], [1.0]) == 1
    assert area([0.5, 1.0], [0.8, 0.4]) == pytest.approx(0.5 * 0.8 + 0.5 * 0.4)
    assert area([0.5, 1.0, 0.4], [0.8, 0.4, 0.3]) == pytest.approx(0.6)  # a dominated point adds nothing


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=6))
def test_area_is_the_integral_of_what_is_preserved_at_a_success(points):
    s, p = [a / 20 for a, _ in points], [b / 20 for _, b in points]
    steps = [(k + 0.5) / 20 for k in range(20)]
    reference = sum(max((b for a, b in zip(s, p, strict=True) if a >= q), default=0) for q in steps) / 20
    assert area(s, p) == pytest.approx(reference)


def test_curves_are_resampled_by_picture():
    success = np.array([[1.0, 1, 0, 1], [1, 0, 0, 0]])
    kept = np.array([[0.5, 0.5, np.nan, 0.5], [0.9, 0.9, 0.9, 0.9]])
    curve = Curve([1.0, 2.0], success, kept)
    assert curve.points() == ([0.75, 0.25], [0.5, 0.9])
    assert curve.area() == pytest.approx(0.9 * 0.25 + 0.5 * 0.5)
    found = curve.interval()
    assert 0 <= found.low <= found.mean <= found.high <= 0.9
    same = difference(curve, curve)
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_hair_is_the_head_around_the_face(monkeypatch):
    from stillyou.drafts import network
    from stillyou.drafts.fit import POINTS, Fit
    from stillyou.evaluation.comparison.hair import Hair

    points = dict.fromkeys(POINTS, (0.5, 0.5))
    for part, reach in (("hood", 0.4), ("face", 0.2)):
        ends = {"left": (-reach, 0), "right": (reach, 0), "top": (0, -reach), "bottom": (0, reach)}
        points |= {f"{part}_{end}": (0.5 + x, 0.5 + y) for end, (x, y) in ends.items()}
    asked = []

    def predict(squares):
        asked.append(len(squares))
        return [Fit(Fit.of(points).points, doubt=np.full(len(POINTS), squares[0, 0, 0, 0] / 255, np.float32))]

    monkeypatch.setattr(network, "predict", predict)
    source = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    source[0, 0] = 0
    y, x = (np.mgrid[:64, :64] + 0.5) / 64 - 0.5
    ring = (np.hypot(x, y) <= 0.4) & (np.hypot(x, y) > 0.24)
    inside, hair = np.zeros((64, 64), bool), Hair()
    assert hair(source, source, inside) == 0
    face = source.copy()
    face[30:34, 30:34] = 0
    assert hair(source, face, inside) < 1e-3  # far from the ring
    blurred = np.full_like(source, 128)
    luma = source @ np.array([0.299, 0.587, 0.114])
    weights = np.exp(-(np.arange(-2, 3) ** 2) / (2 * 0.25**2))  # a Gaussian of 64/256 pixels, by hand
    weights /= weights.sum()
    rows = sum(w * np.roll(luma, k - 2, axis=0) for k, w in enumerate(weights))
    smooth = sum(w * np.roll(rows, k - 2, axis=1) for k, w in enumerate(weights))
    assert hair(source, blurred, inside) == pytest.approx(np.abs(luma - smooth)[ring].mean(), rel=1e-3)
    assert hair(source, blurred, ~inside) is None  # all of it is edited
    assert asked == [1]
    unsure = source.copy()
    unsure[0, 0] = 255
    assert hair(unsure, unsure, inside) is None
