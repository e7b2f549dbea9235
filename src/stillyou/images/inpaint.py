"""Filling a hole in a picture smoothly from around it (pull-push, Gortler et al. 1996, The Lumigraph, section 3.4.2).

Pull: halve the picture, averaging known pixels alone, until nothing is unknown. Push: go back up, and take the coarser
level's values, enlarged, where a level has none of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]


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
    return np.where(weight[..., None] > 0, rgb, enlarged).astype(np.float32)


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
