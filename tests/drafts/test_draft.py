"""Layers of a draft: laid over a picture and put together exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillyou.drafts.draft import Draft, nothing, stack


def layer(seed: int, side: int = 8) -> Draft:
    rng = np.random.default_rng(seed)
    alpha = rng.random((side, side)).astype(np.float32) * (rng.random((side, side)) > 0.4)
    return Draft((255 * rng.random((side, side, 3))).astype(np.float32), alpha.astype(np.float32))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_stack_looks_like_its_layers_one_after_the_other(one: int, other: int) -> None:
    picture = np.random.default_rng(one ^ other).integers(0, 256, (8, 8, 3)).astype(np.float64)
    step = picture
    for each in (layer(one), layer(other)):
        step = step + each.alpha[..., None] * (each.rgb - step)
    whole = stack([layer(one), layer(other)])
    at_once = picture + whole.alpha[..., None] * (whole.rgb - picture)
    np.testing.assert_allclose(at_once, step, atol=1e-2)


@given(st.integers(0, 10_000))
def test_pixels_without_alpha_are_untouched(seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    draft = layer(seed)
    result = draft.over(picture)
    assert np.array_equal(result[draft.alpha == 0], picture[draft.alpha == 0])
    assert np.array_equal(nothing(8, 8).over(picture), picture)
    opaque = Draft(draft.rgb, np.ones_like(draft.alpha))
    assert np.abs(opaque.over(picture) - draft.rgb).max() < 0.51
