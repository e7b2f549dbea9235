"""Filling a hole in a picture smoothly from around it (pull-push, Gortler et al. 1996, The Lumigraph, section 3.4.2).

Pull: halve the picture, averaging known pixels alone, until nothing is unknown. Push: go back up, and take the coarser
level's values, enlarged, where a level has none of its own. There they are relaxed towards the mean of their neighbours
before the next level takes them: the answer is nearly that of Laplace's equation, whose border shows no step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]
_RELAXED = 12
"""Rounds of relaxation a level."""


def fill(rgb: Plane, known: NDArray[np.bool_]) -> Plane:
    """Return a picture (H, W, C) whose unknown pixels are made up from the known ones (H, W), which stay.

    A picture without known pixels stays as it is.
    """
    if known.all() or not known.any():
        return rgb
    return _level(rgb.astype(np.float32), known.astype(np.float32))


def _level(rgb: Plane, weight: Plane) -> Plane:
    height, width = weight.shape
    if max(height, width) <= 1 or weight.min() > 0:
        return rgb
    coarse, coarse_weight = _halved(rgb, weight)
    below = _level(coarse, coarse_weight)
    enlarged = np.stack([_resized(below[..., c], (width, height)) for c in range(rgb.shape[-1])], axis=-1)
    return _relaxed(np.where(weight[..., None] > 0, rgb, enlarged).astype(np.float32), weight > 0)


def _relaxed(rgb: Plane, known: NDArray[np.bool_]) -> Plane:
    """Return the picture with unknown pixels nearer to the mean of their four neighbours; the border is repeated."""
    rows, columns = (np.flatnonzero((~known).any(axis)) for axis in (1, 0))
    window = np.s_[max(rows[0] - 1, 0) : rows[-1] + 2, max(columns[0] - 1, 0) : columns[-1] + 2]
    part, fixed = rgb[window], known[window][..., None]
    for _ in range(_RELAXED):
        around = np.pad(part, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mean = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]) / 4
        part = np.where(fixed, part, mean)
    filled = rgb.copy()
    filled[window] = part
    return filled


def _halved(rgb: Plane, weight: Plane) -> tuple[Plane, Plane]:
    """Average 2 x 2 pixels by their weights; an odd edge is repeated."""
    height, width = weight.shape
    odd = ((0, height % 2), (0, width % 2))
    weight, rgb = np.pad(weight, odd), np.pad(rgb, (*odd, (0, 0)))
    cells = weight.reshape(len(weight) // 2, 2, -1, 2)
    total = cells.sum(axis=(1, 3))
    colours = (rgb * weight[..., None]).reshape(len(weight) // 2, 2, -1, 2, rgb.shape[-1]).sum(axis=(1, 3))
    mean = np.divide(colours, total[..., None], out=np.zeros_like(colours), where=total[..., None] > 0)
    return mean.astype(np.float32), np.minimum(total, 1).astype(np.float32)


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.BILINEAR))
