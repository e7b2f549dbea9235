"""The guided filter against its definition, and against what it is for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.editing.composite.guided_filter import box_mean, coefficients, slope

RNG = np.random.default_rng(3)


def windows(values, radius):
    """All windows, cut off at the borders, one after the other."""
    height, width = values.shape[:2]
    for y in range(height):
        for x in range(width):
            yield values[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 9**9))
@settings(max_examples=50, deadline=None)
def test_box_means_are_means_of_windows(height, width, radius, seed):
    values = np.random.default_rng(seed).random((height, width, 2))
    expected = np.array([part.mean(axis=(0, 1)) for part in windows(values, radius)]).reshape(values.shape)
    assert np.allclose(box_mean(values, radius), expected)


def test_coefficients_are_the_ridge_regression_of_every_window():
    guide, plane = RNG.random((7, 6, 3)).astype(np.float32), RNG.random((7, 6)).astype(np.float32)
    radius, epsilon, fits = 2, 0.01, []
    for colours, levels in zip(windows(guide, radius), windows(plane, radius), strict=True):
        x, y = colours.reshape(-1, 3).astype(float), levels.ravel().astype(float)
        centred = x - x.mean(axis=0)
        a = np.linalg.solve(centred.T @ centred / len(x) + epsilon * np.eye(3), centred.T @ (y - y.mean()) / len(x))
        fits.append([*a, y.mean() - a @ x.mean(axis=0)])
    expected = box_mean(np.array(fits).reshape(7, 6, 4), radius)
    assert np.allclose(coefficients(guide, plane, radius, epsilon), expected, atol=1e-4)


def test_a_rough_border_moves_to_the_edge_of_the_guide():
    guide = np.full((60, 60, 3), 0.2, np.float32)
    guide[:, 30:] = (0.9, 0.5, 0.4)
    rough = np.clip((np.arange(60) - 20) / 20, 0, 1).astype(np.float32) * np.ones((60, 1), np.float32)
    fit = coefficients(guide, rough, 8, 1e-4)
    fitted = (fit[..., :3] * guide).sum(axis=-1) + fit[..., 3]
    assert fitted[30, 31] - fitted[30, 28] > 0.4 > 4 * (rough[30, 31] - rough[30, 28]) / 2


def test_slopes_tell_how_much_of_the_detail_is_left():
    by = RNG.uniform(0, 255, (40, 40, 3)).astype(np.float32)
    for kept in (1.0, 0.6):
        assert np.allclose(slope(kept * by + 20, by, 2, 1e-3), kept, atol=0.01)
    assert slope(RNG.uniform(0, 255, by.shape).astype(np.float32), by, 3, 40).mean() < 0.05
    assert slope(np.full_like(by, 9), by, 2, 40).max() < 1e-6
    assert slope(255 - by, by, 2, 40).max() == 0
    assert slope(by, np.full_like(by, 9), 2, 40).max() < 1e-6
    assert slope(3 * by, by, 2, 40).max() <= 1 + 1e-6
