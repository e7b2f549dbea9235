"""A picture bent so that some of its points move: a smooth map through them, and bicubic samples of it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional

from stillyou.drafts.draft import Plane
from stillyou.drafts.people.warp import spline

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of a square."""
_CELLS = 112
"""Cells a side in which the map is found; between them it is interpolated."""
_SMOOTH = 0.7
"""Cells over which it is smoothed, lest it folds where points lie close."""


def box_around(points: Array, margin: int, side: int) -> Box:
    """Return the box of points (n, 2) and a margin, within a square of a side."""
    low, high = np.floor(points.min(0)) - margin, np.ceil(points.max(0)) + margin
    left, top = (int(value) for value in np.clip(low, 0, side - 1))
    right, bottom = (int(value) for value in np.clip(high, 1, side))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def centres(box: Box) -> Array:
    """Return x and y of the middles of a box's pixels, (h, w, 2)."""
    left, top, right, bottom = box
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    return np.stack([x, y], axis=-1)


def back_map(targets: Array, sources: Array, box: Box) -> Plane:
    """Return where the pixels of a box come from: a thin-plate spline through points.

    Args:
        targets: (n, 2) x and y where points are to lie, in pixels.
        sources: (n, 2) where they lie.
        box: Of the pixels.

    Returns:
        (h, w, 2): x and y by which each pixel's source lies off.
    """
    left, top, right, bottom = box
    x, y = np.linspace(left + 0.5, right - 0.5, _CELLS), np.linspace(top + 0.5, bottom - 0.5, _CELLS)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    bent = spline(targets, sources)(grid.reshape(-1, 2)).reshape(grid.shape)
    off = ndimage.gaussian_filter(bent - grid, (_SMOOTH, _SMOOTH, 0)).astype(np.float32)
    planes = torch.from_numpy(off).permute(2, 0, 1)[None]
    whole = functional.interpolate(planes, (bottom - top, right - left), mode="bicubic", align_corners=True)
    return np.asarray(whole[0].permute(1, 2, 0).numpy())


def sample(plane: Plane, off: Plane, box: Box) -> Plane:
    """Return the pixels of a box (h, w, C), each from as far off on a plane (H, W, C) as the map (h, w, 2) says."""
    height, width = plane.shape[:2]
    places = 2 * (centres(box).astype(np.float32) + off) / np.array([width, height], np.float32) - 1
    found = functional.grid_sample(
        torch.from_numpy(np.ascontiguousarray(plane.transpose(2, 0, 1)))[None],
        torch.from_numpy(np.ascontiguousarray(places))[None],
        mode="bicubic",
        padding_mode="border",
        align_corners=False,
    )
    return np.asarray(found[0].permute(1, 2, 0).numpy())
