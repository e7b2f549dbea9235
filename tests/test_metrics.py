"""The figures against values worked out by hand and against a pixel-by-pixel reference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stillyou import metrics


def picture(*rows):
    """A (2, 2, 3) picture from four grey levels; every channel the same."""
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


SOURCE = picture([10, 20], [30, 40])
EDIT = picture([10, 24], [28, 255])
TRUE = np.array([[0, 0], [255, 255]], np.uint8)
EVERYWHERE = np.ones((2, 2), bool)
NOWHERE = np.zeros((2, 2), bool)


def test_mean_absolute_error_by_hand():
    assert metrics.mean_absolute_error(EDIT, SOURCE, TRUE > 0) == (2 + 215) / 2
    assert metrics.mean_absolute_error(EDIT, SOURCE, EVERYWHERE) == (0 + 4 + 2 + 215) / 4
    assert metrics.mean_absolute_error(EDIT, SOURCE, NOWHERE) is None


def test_channels_count_equally():
    edit = SOURCE.copy()
    edit[0, 0] = (13, 10, 7)
    assert metrics.mean_absolute_error(edit, SOURCE, EVERYWHERE) == (3 + 0 + 3) / 12


def test_psnr_by_hand():
    assert metrics.psnr(EDIT, SOURCE, TRUE == 0) == pytest.approx(10 * math.log10(255**2 / 8))
    assert metrics.psnr(picture([0, 0], [0, 0]), picture([255, 255], [255, 255]), EVERYWHERE) == 0.0
    assert metrics.psnr(SOURCE, SOURCE, EVERYWHERE) == metrics.IDENTICAL_PSNR
    assert metrics.psnr(SOURCE, SOURCE, NOWHERE) is None


def test_mask_figures_by_hand():
    predicted = np.array([[0, 128], [127, 255]], np.uint8)
    assert metrics.mask_recall(predicted, TRUE) == 1 / 2
    assert metrics.mask_precision(predicted, TRUE) == 1 / 2
    assert metrics.marked_area(predicted) == 2


def test_empty_masks_have_no_recall_or_precision():
    empty = np.zeros((2, 2), np.uint8)
    assert metrics.mask_recall(TRUE, empty) is None
    assert metrics.mask_precision(empty, TRUE) is None
    assert metrics.mask_recall(empty, TRUE) == 0
    assert metrics.mask_precision(TRUE, empty) == 0


def test_outside_change_looks_only_where_the_mask_is_exactly_zero():
    assert metrics.outside_change(EDIT, SOURCE, np.array([[0, 1], [1, 1]], np.uint8)) == 0
    assert metrics.outside_change(EDIT, SOURCE, np.array([[0, 0], [1, 1]], np.uint8)) == 4
    assert metrics.outside_change(EDIT, SOURCE, np.zeros((2, 2), np.uint8)) == 215
    assert metrics.outside_change(EDIT, SOURCE, np.full((2, 2), 255, np.uint8)) == 0


def test_outside_true_error_by_hand():
    assert metrics.outside_true_error(EDIT, SOURCE, TRUE) == (0 + 4) / 2
    assert metrics.outside_true_error(EDIT, SOURCE, np.full((2, 2), 255, np.uint8)) is None


shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))


@st.composite
def answers(draw):
    shape = draw(shapes)
    a, b = (draw(hnp.arrays(np.uint8, (*shape, 3))) for _ in range(2))
    predicted, true = (draw(hnp.arrays(np.uint8, shape)) for _ in range(2))
    return a, b, predicted, true


@given(answers())
def test_against_a_reference_that_walks_the_pixels(case):
    a, b, predicted, true = case
    height, width = true.shape
    pixels = [(y, x) for y in range(height) for x in range(width)]
    inside = [p for p in pixels if true[p] >= 128]
    found = [p for p in pixels if predicted[p] >= 128]
    both = [p for p in inside if p in found]
    gaps = {p: [abs(int(u) - int(v)) for u, v in zip(a[p], b[p], strict=True)] for p in pixels}

    def mean(values):
        return sum(values) / len(values) if values else None

    levels = [gap for p in inside for gap in gaps[p]]
    assert metrics.mean_absolute_error(a, b, true >= 128) == pytest.approx(mean(levels))
    outside = [gap for p in pixels if p not in inside for gap in gaps[p]]
    assert metrics.outside_true_error(a, b, true) == pytest.approx(mean(outside))
    squared = mean([gap**2 for gap in levels])
    expected = None if squared is None else 10 * math.log10(255**2 / squared) if squared else metrics.IDENTICAL_PSNR
    assert metrics.psnr(a, b, true >= 128) == pytest.approx(expected)
    assert metrics.mask_recall(predicted, true) == (len(both) / len(inside) if inside else None)
    assert metrics.mask_precision(predicted, true) == (len(both) / len(found) if found else None)
    untouched = [max(gaps[p]) for p in pixels if predicted[p] == 0]
    assert metrics.outside_change(a, b, predicted) == max(untouched, default=0)
