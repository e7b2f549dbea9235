"""The guided filter: a plane that is rough becomes one that follows the edges of a picture.

He, Sun, Tang: Guided Image Filtering (2013), with a colour picture as the guide, and its fast form (He, Sun 2015): the
coefficients are computed small, enlarged, and applied to the picture at its own size.

    q = a . I + b          I: guide (3 channels), p: the rough plane, q: what follows I's edges
    a = (Cov(I) + eps)^-1 cov(I, p),  b = mean(p) - a . mean(I)      in every window, then averaged over windows
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def box_mean(values: NDArray[np.floating], radius: int) -> NDArray[np.float64]:
    """Average (H, W, ...) over squares of side 2 radius + 1, cut off at the borders."""
    return _row_mean(_row_mean(values.astype(np.float64), radius).swapaxes(0, 1), radius).swapaxes(0, 1)


def coefficients(guide: Plane, plane: Plane, radius: int, epsilon: float) -> Plane:
    """Return a and b.

    Args:
        guide: I (H, W, 3) in [0, 1].
        plane: p (H, W).
        radius: Of the windows, in pixels.
        epsilon: Variance of the guide below which it has no edges to follow.

    Returns:
        (H, W, 4): the three of a, then b.
    """
    mean, level = box_mean(guide, radius), box_mean(plane, radius)
    products = guide[..., :, None].astype(np.float64) * guide[..., None, :]
    covariance = box_mean(products, radius) - mean[..., :, None] * mean[..., None, :]
    with_plane = box_mean(guide * plane[..., None].astype(np.float64), radius) - mean * level[..., None]
    a = np.linalg.solve(covariance + epsilon * np.eye(3), with_plane[..., None])[..., 0]
    b = level - (a * mean).sum(axis=-1)
    smooth: Plane = box_mean(np.concatenate([a, b[..., None]], axis=-1), radius).astype(np.float32)
    return smooth


def slope(values: Plane, by: Plane, radius: int, epsilon: float) -> Plane:
    """Return how much of one picture's detail is left in another, in [0, 1].

    It is the slope of the regression of `values` on `by` over each window, all channels together, times the square of
    their correlation: 1 where they differ by a colour, 0 where they have nothing in common.

    Args:
        values: (H, W, C).
        by: (H, W, C).
        radius: Of the windows, in pixels.
        epsilon: Variance below which nothing counts as detail.

    Returns:
        (H, W).
    """
    mean_v, mean_b = box_mean(values, radius), box_mean(by, radius)
    common = (box_mean(values.astype(np.float64) * by, radius) - mean_v * mean_b).sum(axis=-1)
    own = (box_mean(np.square(by, dtype=np.float64), radius) - mean_b**2).sum(axis=-1)
    other = (box_mean(np.square(values, dtype=np.float64), radius) - mean_v**2).sum(axis=-1)
    likeness = common * np.abs(common) / ((own + epsilon) * (np.maximum(other, 0) + epsilon))
    left = np.clip(common / (own + epsilon), 0, 1) * np.clip(likeness, 0, 1)
    smooth: Plane = box_mean(left, radius).astype(np.float32)
    return smooth


def _row_mean(values: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """Average along the first axis."""
    count = len(values)
    sums = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    first, last = np.maximum(np.arange(count) - radius, 0), np.minimum(np.arange(count) + radius + 1, count)
    widths = (last - first).reshape(-1, *[1] * (values.ndim - 1))
    mean: NDArray[np.float64] = (sums[last] - sums[first]) / widths
    return mean
