"""Small geometry: rotations, grids, normals, and points scattered over surfaces.

Points are (N, 3) float32 arrays; triangles (T, 3) int32 corner numbers, anticlockwise seen from outside.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


def floats(values: npt.ArrayLike) -> Floats:
    """Return the values as contiguous float32."""
    return np.ascontiguousarray(values, np.float32)


def unit(vectors: npt.ArrayLike) -> Floats:
    """Return vectors (..., 3) scaled to length one."""
    vectors = floats(vectors)
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return floats(vectors / np.maximum(length, 1e-9)[..., None])


def rotation(axis: npt.ArrayLike, angle: float) -> Floats:
    """Return the matrix (3, 3) of a turn by `angle` radians about `axis` (Rodrigues' formula)."""
    x, y, z = unit(axis).astype(float)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return floats(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def euler(yaw: float, pitch: float, roll: float) -> Floats:
    """Return the turn (3, 3) about y, then x, then z, in the moving frame; radians."""
    turns = rotation([0, 1, 0], yaw), rotation([1, 0, 0], pitch), rotation([0, 0, 1], roll)
    return floats(turns[0] @ turns[1] @ turns[2])


def grid_triangles(rows: int, columns: int) -> Integers:
    """Return the triangles of a grid of points stored row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    across, below, diagonal = corner + 1, corner + columns, corner + columns + 1
    pairs = [np.stack([corner, across, diagonal], 1), np.stack([corner, diagonal, below], 1)]
    return np.concatenate(pairs).astype(np.int32)


def quad_triangles(quads: npt.NDArray[np.integer]) -> Integers:
    """Return two triangles for each quad (Q, 4)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)


def vertex_normals(vertices: Floats, triangles: Integers) -> Floats:
    """Return unit normals (N, 3): the mean of the triangles about a vertex, weighted by area."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    face = np.cross(b - a, c - a)
    corners = triangles.ravel(order="F")
    sums = [np.bincount(corners, np.tile(face[:, axis], 3), len(vertices)) for axis in range(3)]
    return unit(np.stack(sums, 1))


def ellipsoid(around: int = 40, down: int = 24) -> tuple[Floats, Integers]:
    """Return the unit sphere as a grid of points, which are its normals too, and its triangles."""
    longitude, latitude = np.meshgrid(np.linspace(0, 2 * np.pi, around + 1), np.linspace(0, np.pi, down + 1))
    sine = np.sin(latitude)
    points = np.stack([sine * np.sin(longitude), np.cos(latitude), sine * np.cos(longitude)], -1)
    return floats(points.reshape(-1, 3)), grid_triangles(down + 1, around + 1)[:, ::-1]


def tube(path: Floats, radius: float, around: int = 7) -> tuple[Floats, Integers]:
    """Return the points and triangles of a round tube along a path (N, 3)."""
    along = unit(np.gradient(path, axis=0))
    side = unit(np.cross(along, np.array([0.13, 0.97, 0.21], np.float32)))
    above = np.cross(side, along)
    angle = np.linspace(0, 2 * np.pi, around + 1)
    circle = side[:, None] * np.cos(angle)[:, None] + above[:, None] * np.sin(angle)[:, None]
    return floats((path[:, None] + radius * circle).reshape(-1, 3)), grid_triangles(len(path), around + 1)


def sample_surface(
    rng: np.random.Generator, vertices: Floats, triangles: Integers, weight: npt.ArrayLike, count: int
) -> tuple[Integers, Floats]:
    """Scatter points over triangles.

    Args:
        rng: Draws the points.
        vertices: (N, 3).
        triangles: (T, 3).
        weight: (T,) density by triangle, 0 or more; the density over a triangle is uniform.
        count: How many.

    Returns:
        Corner numbers (count, 3) of the triangle of each point and its barycentric coordinates (count, 3).
    """
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * np.asarray(weight)
    total = np.cumsum(area)
    chosen = np.minimum(np.searchsorted(total, rng.random(count) * total[-1]), len(triangles) - 1)
    u, v = rng.random((2, count))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return triangles[chosen], floats(np.stack([1 - u - v, u, v], 1))


def interpolate(values: Floats, corners: Integers, weights: Floats) -> Floats:
    """Return the values (N, C) or (N,) at barycentric points: corners and weights (K, 3)."""
    return np.einsum("kc,kc...->k...", weights, values[corners])


def loop(values: Floats) -> Floats:
    """Close a ring of values (N, ...): the first one again at the end."""
    return np.concatenate([values, values[:1]])
