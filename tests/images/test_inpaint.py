"""Filling holes: known pixels stay, a plain surrounding is continued exactly, a gradient roughly."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.images.backdrop import plain_background, smooth_background
from stillyou.images.inpaint import fill


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_known_pixels_stay_and_a_plain_picture_is_whole_again(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((height, width)) > 0.5
    picture = rng.random((height, width, 3)).astype(np.float32) * 255
    assert np.array_equal(fill(picture, known)[known], picture[known])
    plain = np.where(known[..., None], np.float32(80), picture).astype(np.float32)
    if known.any():
        np.testing.assert_allclose(fill(plain, known), 80, atol=1e-3)


def test_a_gradient_goes_on_through_a_hole_and_is_background() -> None:
    ramp = np.repeat(np.linspace(0, 255, 128, dtype=np.float32)[:, None], 128, axis=1)
    picture = np.stack([ramp, 255 - ramp, 0 * ramp + 90], axis=-1)
    known = np.ones((128, 128), bool)
    known[50:70, 50:70] = False
    assert np.abs(fill(picture, known) - picture).max() < 25
    pixels = picture.astype(np.uint8)
    pixels[40:80, 40:80] = (10, 10, 10)
    found = smooth_background(pixels)
    assert found[:36].all() and not found[42:78, 42:78].any()
    assert plain_background(np.full((32, 32, 3), 200, np.uint8)).all()


def test_a_hole_in_a_slope_goes_on_with_it() -> None:
    """A plane solves Laplace's equation, so a hole in it should be that plane: pull-push alone is 13 levels off."""
    y, x = np.mgrid[0:64, 0:64].astype(np.float32)
    plane = np.stack([2 * x + y, 190 - 3 * y, 0 * x + 7], -1)
    known = np.hypot(x - 30, y - 35) > 18
    filled = fill(np.where(known[..., None], plane, 0), known)
    assert np.abs(filled - plane).max() < 4
    assert np.array_equal(filled[known], plane[known])
