"""Warps: a sprite onto a square of any size, so that its points land on the fit's.

A warp maps points of the square to points of the sprite: p -> A p + t, and for garments a thin-plate spline on top of
it. Drawing samples the sprite through a mesh of quadrilaterals, so its cost grows with the square alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.interpolate import RBFInterpolator

from stillyou.drafts.draft import Draft

Points = NDArray[np.float64]
Map = Callable[[Points], Points]
CELLS = 24
"""Quadrilaterals along a side of what is drawn: finer than any bend of a garment."""


def affine(sources: Points, targets: Points, weights: Points | None = None) -> Points:
    """Return the (3, 2) matrix M of the affine map [x, y, 1] M that takes sources (N, 2) nearest to targets."""
    root = np.sqrt(np.ones(len(sources)) if weights is None else weights)[:, None]
    rows = np.concatenate([sources, np.ones((len(sources), 1))], 1)
    return cast(Points, np.linalg.lstsq(rows * root, targets * root, rcond=None)[0])


def similarity(sources: Points, targets: Points, weights: Points | None = None) -> Points:
    """Return the (3, 2) matrix of the turn, scale and shift that takes sources (N, 2) nearest to targets."""
    weight = np.ones(len(sources)) if weights is None else weights
    weight = weight / weight.sum()
    middle, aim = weight @ sources, weight @ targets
    x, y = (sources - middle).T
    u, v = (targets - aim).T
    norm = weight @ (x * x + y * y)
    a, b = weight @ (x * u + y * v) / norm, weight @ (x * v - y * u) / norm
    linear = np.array([[a, b], [-b, a]])
    return np.concatenate([linear, (aim - middle @ linear)[None]])


def apply(matrix: Points, points: Points) -> Points:
    """Return points (N, 2) moved by a (3, 2) matrix."""
    return points @ matrix[:2] + matrix[2]


def inverse(matrix: Points) -> Points:
    """Return the (3, 2) matrix that undoes another."""
    back = np.linalg.inv(matrix[:2])
    return np.concatenate([back, (-matrix[2] @ back)[None]])


def spline(sources: Points, targets: Points, stiffness: float = 0.0) -> Map:
    """Return the thin-plate spline through sources (N, 2) -> targets; a stiff one bends less and misses a little."""
    bend = RBFInterpolator(sources, targets, kernel="thin_plate_spline", smoothing=stiffness, degree=1)
    return lambda points: cast(Points, bend(points))


def draw(sprite: NDArray[np.uint8], back: Map, box: tuple[float, float, float, float], size: tuple[int, int]) -> Draft:
    """Draw a sprite on an empty square.

    Args:
        sprite: (H, W, 4) uint8.
        back: From the square's pixels to the sprite's.
        box: (left, top, right, bottom) pixels of the square that the sprite can reach.
        size: Width and height of the square.
    """
    left, top = (max(0, int(np.floor(value))) for value in box[:2])
    right, bottom = min(size[0], int(np.ceil(box[2]))), min(size[1], int(np.ceil(box[3])))
    rgb, alpha = np.zeros((size[1], size[0], 3), np.float32), np.zeros((size[1], size[0]), np.float32)
    if right > left and bottom > top:
        window = slice(top, bottom), slice(left, right)
        rgb[window], alpha[window] = _sampled(sprite, back, left, top, right, bottom)
    return Draft(rgb, alpha)


def _sampled(
    sprite: NDArray[np.uint8], back: Map, left: int, top: int, right: int, bottom: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours and alpha of a window of the square."""
    xs, ys = (np.unique(np.linspace(0, end, CELLS + 1).round().astype(int)) for end in (right - left, bottom - top))
    grid = np.stack(np.meshgrid(xs + left, ys + top), -1).astype(np.float64)
    there = back(grid.reshape(-1, 2)).reshape(grid.shape)
    shrink = max(1.0, float(np.median(np.linalg.norm(np.diff(there, axis=1), axis=-1) / np.diff(xs)[None])))
    picture, ratio = _premultiplied(sprite, shrink)
    there = there * ratio + _BORDER
    mesh = []
    for j in range(len(ys) - 1):
        for i in range(len(xs) - 1):
            corners = there[j, i], there[j + 1, i], there[j + 1, i + 1], there[j, i + 1]
            mesh.append(((int(xs[i]), int(ys[j]), int(xs[i + 1]), int(ys[j + 1])), tuple(np.concatenate(corners))))
    drawn = picture.transform(
        (right - left, bottom - top), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC, fill=0
    )
    values = np.asarray(drawn, np.float32)
    alpha = values[..., 3] / 255
    return np.minimum(values[..., :3] / np.maximum(alpha, 1 / 255)[..., None], 255), np.where(alpha < 0.01, 0, alpha)


_BORDER = 2
"""Empty pixels around a sprite, so that its last row fades like any edge."""


def _premultiplied(sprite: NDArray[np.uint8], shrink: float) -> tuple[Image.Image, NDArray[np.float64]]:
    """Return a sprite multiplied by its alpha, shrunk where it will be drawn smaller, and by how much (2,)."""
    values = sprite.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    height, width = sprite.shape[:2]
    wide, high = max(1, round(width / shrink)), max(1, round(height / shrink))
    picture = Image.frombytes("RGBa", (width, height), np.rint(values).astype(np.uint8).tobytes())
    if shrink > 1:
        picture = picture.resize((wide, high), Image.Resampling.LANCZOS)
    framed = Image.new("RGBa", (wide + 2 * _BORDER, high + 2 * _BORDER))
    framed.paste(picture, (_BORDER, _BORDER))
    return framed, np.array([wide / width, high / height])
