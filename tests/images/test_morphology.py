"""Morphology against the definition: a window of 3, 5 ... pixels around each, clipped at the border."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stillyou.images.morphology import closed, dilate, erode, opened, without_specks

FLAGS = arrays.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def windows(flags, radius, decide):
    """Decide for each pixel from the flags in its window."""
    height, width = flags.shape
    return np.array(
        [
            [
                decide(flags[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1])
                for x in range(width)
            ]
            for y in range(height)
        ]
    )


@settings(max_examples=60, deadline=None)
@given(FLAGS, st.integers(0, 4))
def test_windows_decide(flags, radius):
    assert np.array_equal(dilate(flags, radius), windows(flags, radius, np.any))
    assert np.array_equal(erode(flags, radius), windows(flags, radius, np.all))
    assert np.array_equal(dilate(flags.T, radius), dilate(flags, radius).T)


@settings(max_examples=60, deadline=None)
@given(FLAGS, st.integers(0, 4))
def test_opening_only_drops_and_closing_only_fills(flags, radius):
    small, large = opened(flags, radius), closed(flags, radius)
    assert not (small & ~flags).any() and not (flags & ~large).any()
    assert np.array_equal(opened(small, radius), small)


def test_specks_go_and_lines_of_two_pixels_stay():
    flags = np.zeros((9, 9), bool)
    flags[4, 4] = True
    assert not without_specks(flags).any()
    flags[4:6] = True
    assert np.array_equal(without_specks(flags), flags)


def test_gaps_close_up_to_twice_the_radius():
    flags = np.ones((1, 20), bool)
    flags[0, 5:9] = False
    assert closed(flags, 2).all() and not closed(flags, 1).all()
