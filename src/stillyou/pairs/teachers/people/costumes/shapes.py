"""Small shapes that costumes are put together from: tubes, beads, plates and copies of one shape at many places."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.costumes.fit import Floats
from stillyou.pairs.teachers.people.geometry import Integers, ellipsoid, floats, grid_triangles, unit

Triangles = Integers
Shape = tuple[Floats, Triangles]
"""Vertices (N, 3) and triangles (M, 3)."""


@lru_cache(maxsize=64)
def grid(rows: int, columns: int) -> Triangles:
    """Return the triangles of a grid of vertices, rows one after the other."""
    return grid_triangles(rows, columns)


def sheet(rows: npt.ArrayLike) -> Shape:
    """Turn a grid of points (R, C, 3) into a shape."""
    points = floats(rows)
    return points.reshape(-1, 3), grid(*points.shape[:2])


@lru_cache(maxsize=8)
def ball(columns: int = 12, rows: int = 8) -> Shape:
    """Return a unit ball."""
    points, triangles = ellipsoid(columns, rows)
    return points, triangles


def tube(line: npt.ArrayLike, radius: float, up: Floats, sides: int = 8) -> Shape:
    """Return a tube around a line of points.

    Args:
        line: (P, 3).
        radius: In decimetres.
        up: (3,) a direction that the line never follows.
        sides: Corners around.
    """
    line = floats(line)
    along = unit(np.gradient(line, axis=0))
    side = unit(np.cross(along, up))
    other = np.cross(side, along)
    turn = np.linspace(0, 2 * np.pi, sides + 1, dtype=np.float32)[:, None, None]
    return sheet(line[None] + (np.cos(turn) * side[None] + np.sin(turn) * other[None]) * radius)


def bases(outward: Floats, up: Floats) -> Floats:
    """Return frames with rows (side, up-ish, outward) for shapes that face outward, (K, 3, 3)."""
    ahead = unit(outward)
    side = unit(np.cross(np.broadcast_to(up, ahead.shape), ahead))
    return floats(np.stack([side, np.cross(ahead, side), ahead], 1))


def spin(frames: Floats, angles: Floats) -> Floats:
    """Turn frames about their third row, (K, 3, 3)."""
    c, s = np.cos(angles)[:, None], np.sin(angles)[:, None]
    first, second = c * frames[:, 0] + s * frames[:, 1], c * frames[:, 1] - s * frames[:, 0]
    return floats(np.stack([first, second, frames[:, 2]], 1))


def copies(shape: Shape, centres: Floats, frames: Floats, size: Floats | float) -> Shape:
    """Return K copies of a shape as one shape.

    Args:
        shape: Vertices (N, 3) in a frame's axes.
        centres: (K, 3).
        frames: (K, 3, 3), rows are the axes.
        size: One number, (K,) or (K, 3).
    """
    points, triangles = shape
    count = len(centres)
    scale = np.asarray(size, np.float32)
    scale = np.broadcast_to(scale[:, None] if scale.ndim == 1 else scale, (count, 3))
    placed = np.matmul(points[None], frames * scale[:, :, None]) + centres[:, None]
    offsets = np.arange(count)[:, None, None] * len(points)
    return floats(placed.reshape(-1, 3)), (triangles[None] + offsets).reshape(-1, 3).astype(np.int32)


def joined(*shapes: Shape) -> Shape:
    """Return several shapes as one."""
    offsets = np.cumsum([0, *(len(points) for points, _ in shapes[:-1])])
    points = np.concatenate([points for points, _ in shapes])
    numbers = [triangles + offset for (_, triangles), offset in zip(shapes, offsets, strict=True)]
    return points, np.concatenate(numbers).astype(np.int32)


def coloured(colours: Floats, vertices: int, extra: float = 0.0) -> Floats:
    """Return aux (K * vertices, 4): a colour a copy and one more number."""
    aux = np.concatenate([colours, np.full((len(colours), 1), extra)], 1)
    return np.repeat(aux, vertices, 0).astype(np.float32)
