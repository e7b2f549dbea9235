"""Where an editor's output lies over its source: such editors scale, shift and crop pictures a little.

A similarity without turn takes a point x of the source to a point of the output, both in shares of the side:

    y = c + s (x - c) + t        c = (1/2, 1/2), s the scale, t the shift

A rough scale and shift come from the phase correlation of gradients at a few scales, the exact ones from least squares
on the brightness of whatever did not change: Gauss-Newton on

    r(x) = output(y(x)) - source(x),    with Tukey's weights (1 - (r / k)^2)^2 for |r| < k, else 0,

whose tuning constant k follows the spread of the smaller residuals, so that the edit itself has no say. The residual is
the median of |r| over the calmer half of the picture, in levels of 255.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from stillyou.pairs.pair import Pixels

Plane = NDArray[np.float64]
_SIDE = 192
"""Pixels a side at which pictures are compared."""
_SCALES = np.linspace(0.84, 1.19, 15)
_ROUNDS = 25
_CALM = 0.5
"""Share of the picture that must be unchanged."""
MOST_RESIDUAL = 6.0
"""Levels of 255 from which on an output is not registered."""
MOST_SCALE, MOST_SHIFT = 0.2, 0.15
"""By how much an output may be scaled and shifted (share of the side)."""


@dataclass(frozen=True)
class Registration:
    """How an output lies over its source.

    Attributes:
        scale: Above 1 where the output shows things larger.
        right: How far it shows them to the right of where they belong, as a share of the side.
        down: Likewise.
        residual: What is left of difference in the calmer half, in levels of 255.
    """

    scale: float
    right: float
    down: float
    residual: float

    @property
    def registered(self) -> bool:
        """Whether the output can be laid over its source."""
        moved = max(abs(self.right), abs(self.down))
        return self.residual <= MOST_RESIDUAL and abs(self.scale - 1) <= MOST_SCALE and moved <= MOST_SHIFT


def register(source: Pixels, output: Pixels) -> Registration:
    """Find how an output (S', S', 3) lies over its source (S, S, 3)."""
    one, other = _grey(source), _grey(output)
    best = min((_refined(one, other, *start) for start in _starts(one, other)), key=lambda each: each.residual)
    return best


def laid(output: Pixels, found: Registration, size: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """Return an output as it lies over its source (size, size, 3), and where it shows anything (size, size)."""
    side = len(output)
    scale = found.scale * side / size
    corner = [side * (0.5 - 0.5 * found.scale + moved) for moved in (found.right, found.down)]
    matrix = (scale, 0.0, corner[0], 0.0, scale, corner[1])
    image = Image.fromarray(output)
    if scale > 1:
        small = max(1, round(side / scale))
        image = image.resize((small, small), Image.Resampling.LANCZOS)
        ratio = small / side
        matrix = (scale * ratio, 0.0, corner[0] * ratio, 0.0, scale * ratio, corner[1] * ratio)
    drawn = image.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    middles = (np.arange(size) + 0.5) / size
    x, y = (0.5 + found.scale * (middles - 0.5) + moved for moved in (found.right, found.down))
    edge = 1 / side
    there = ((y > edge) & (y < 1 - edge))[:, None] & ((x > edge) & (x < 1 - edge))[None]
    return np.asarray(drawn), there


def _grey(pixels: Pixels) -> Plane:
    image = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return ndimage.gaussian_filter(np.asarray(image, np.float64), 1.0)


def _starts(one: Plane, other: Plane) -> list[tuple[float, float, float]]:
    """Return a few rough scales and shifts, the best by phase correlation, and none at all."""
    found = []
    for scale in _SCALES:
        moved, there = _warped(other, float(scale), 0.0, 0.0)
        peak, right, down = _phase(_edges(one), _edges(np.where(there, moved, moved[there].mean())))
        found.append((peak, float(scale), float(scale) * right, float(scale) * down))
    best = sorted(found, reverse=True)[:2]
    return [(1.0, 0.0, 0.0), *((scale, right, down) for _, scale, right, down in best)]


def _edges(plane: Plane) -> Plane:
    window = np.hanning(_SIDE)
    return np.hypot(ndimage.sobel(plane, 0), ndimage.sobel(plane, 1)) * window[:, None] * window[None]


def _phase(one: Plane, other: Plane) -> tuple[float, float, float]:
    """Return the peak of the phase correlation and the shift of `other`, to the right and down, in shares."""
    cross = np.fft.rfft2(other) * np.conj(np.fft.rfft2(one))
    plane = np.fft.irfft2(cross / (np.abs(cross) + 1e-3 * np.abs(cross).mean()), s=one.shape)
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    down, right = (((int(place) + _SIDE // 2) % _SIDE - _SIDE // 2) / _SIDE for place in (row, column))
    return float(plane.max()), right, down


def _warped(plane: Plane, scale: float, right: float, down: float) -> tuple[Plane, NDArray[np.bool_]]:
    """Return an output as it lies over its source, and where it shows anything."""
    x = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5
    across, along = (_SIDE * (0.5 + scale * x + moved) - 0.5 for moved in (right, down))
    drawn = ndimage.map_coordinates(plane, np.meshgrid(along, across, indexing="ij"), order=1, mode="nearest")
    inside = [(ends >= 1) & (ends <= _SIDE - 2) for ends in (along, across)]
    return drawn, inside[0][:, None] & inside[1][None]


def _refined(one: Plane, other: Plane, scale: float, right: float, down: float) -> Registration:
    """Refine a rough start by reweighted least squares; brightness and contrast are free as well."""
    values = np.array([scale, right, down])
    x = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5
    gain = np.array([1.0, 0.0])
    residual = np.full(one.shape, np.inf)
    for _ in range(_ROUNDS):
        warped, there = _warped(other, *values)
        if there.mean() < _CALM:
            return Registration(float(values[0]), float(values[1]), float(values[2]), 255.0)
        gain = _matched(warped[there], one[there], residual[there])
        level = gain[0] * warped + gain[1]
        residual = np.where(there, level - one, np.inf)
        slopes = [np.gradient(level, axis=axis) * _SIDE for axis in (1, 0)]
        rows = np.stack([slopes[0] * x[None] + slopes[1] * x[:, None], slopes[0], slopes[1]], -1)[there]
        weight = np.sqrt(_weights(residual[there]))
        change = np.linalg.lstsq(rows * weight[:, None], -residual[there] * weight, rcond=None)[0]
        step = np.clip(change, -0.02, 0.02)
        values = values + step
        if np.abs(step).max() < 1e-5:
            break
    finite = np.sort(np.abs(residual[np.isfinite(residual)]))
    left = float(finite[int(_CALM / 2 * len(finite))])
    return Registration(float(values[0]), float(values[1]), float(values[2]), left)


def _matched(values: Plane, aims: Plane, residual: Plane) -> Plane:
    """Return the gain and offset of brightness, from what differs least."""
    calm = (
        np.abs(residual) <= np.median(np.abs(residual)) if np.isfinite(residual).all() else np.ones(len(values), bool)
    )
    rows = np.stack([values[calm], np.ones(int(calm.sum()))], 1)
    gain, offset = np.linalg.lstsq(rows, aims[calm], rcond=None)[0]
    return np.array([float(np.clip(gain, 0.6, 1.6)), float(offset)])


def _weights(residual: Plane) -> Plane:
    """Return Tukey's weights; the spread is told from the smaller half of the residuals."""
    k = 4.7 * max(1.0, 1.48 * float(np.quantile(np.abs(residual), 0.4)))
    return np.clip(1 - (residual / k) ** 2, 0, None) ** 2
