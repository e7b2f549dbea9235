"""The template head as hair sees it: a grid of signed distances, and the warp to a person's own head.

Strands grow in template coordinates, where the head is the same for everyone. So collisions are look-ups in one
grid, made once, and a style is a small field of directions. The warp then carries what has grown to the person: a
biharmonic spline (kernel |r| plus an affine part) that moves landmarks on the template exactly as the person's
neutral surface does.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from stillyou.pairs.teachers.people.body import Body, load_body
from stillyou.pairs.teachers.people.geometry import Floats, floats, unit

_LOW, _HIGH, _CELL = np.array([-2.0, 3.4, -1.7]), np.array([2.0, 9.3, 2.3]), 0.08
_SKULL, _BELOW = 130, 40
"""Landmarks of the warp on the skull, and below it."""


class HeadField:
    """Distances to the template's skin, without ears and mouth, and the warp.

    Args:
        body: The body whose template it is.
    """

    def __init__(self, body: Body) -> None:
        self.rest = body.rest
        keep = body.outside[body.masks["ears"][body.outside] < 0.3]
        self._distance = _distances(body.rest[keep], body.normals(body.rest)[keep])
        self._slopes = [floats(slope) for slope in np.gradient(self._distance, _CELL)]
        self.landmarks = _spread(body.rest, keep)
        self._inverse = _spline_inverse(body.rest[self.landmarks])

    def distance(self, points: Floats) -> Floats:
        """Return how far points (N, 3) are outside the skin, negative inside."""
        return floats(map_coordinates(self._distance, _cells(points), order=1, mode="nearest"))

    def outward(self, points: Floats) -> Floats:
        """Return the unit direction (N, 3) away from the skin at points (N, 3)."""
        cells = _cells(points)
        return unit(np.stack([map_coordinates(slope, cells, order=1, mode="nearest") for slope in self._slopes], -1))

    def warp(self, neutral: Floats, points: Floats) -> Floats:
        """Carry template points (..., 3) to the person whose neutral surface (V, 3) is given."""
        marks = self.rest[self.landmarks]
        moves = np.vstack([neutral[self.landmarks] - marks, np.zeros((4, 3))])
        weights = floats(self._inverse @ moves)
        flat = floats(points.reshape(-1, 3))
        squared = (flat * flat).sum(1)[:, None] + (marks * marks).sum(1)[None] - 2 * flat @ marks.T
        bent = np.sqrt(np.maximum(squared, 0)) @ weights[:-4]
        return (flat + bent + weights[-4] + flat @ weights[-3:]).reshape(points.shape)


@lru_cache(maxsize=2)
def head_field() -> HeadField:
    """Return the field of the body, made once."""
    return HeadField(load_body())


def _cells(points: Floats) -> Floats:
    return floats(((points - _LOW) / _CELL).T)


def _distances(surface: Floats, normals: Floats) -> Floats:
    """Return the smoothed grid of signed distances: the mean over the nearest vertices' tangent planes."""
    axes = [np.arange(low, high, _CELL) for low, high in zip(_LOW, _HIGH, strict=True)]
    shape = tuple(len(axis) for axis in axes)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    away, near = cKDTree(surface).query(points, k=6)
    weight = 1 / (away + 0.02) ** 2
    planes = np.einsum("nkc,nkc->nk", points[:, None] - surface[near], normals[near])
    signed = (planes * weight).sum(1) / weight.sum(1)
    far = away[:, 0] > 0.25
    signed[far] = np.sign(signed[far]) * away[far, 0]
    return floats(gaussian_filter(signed.reshape(shape), 0.7))


def _spread(rest: Floats, candidates: np.ndarray) -> np.ndarray:
    """Return vertices spread evenly, most of them over the skull, where hair lies close."""
    x, y, _ = rest[candidates].T
    skull = candidates[(y > 6.6) & (np.abs(x) < 0.9)]
    below = candidates[(y > 3.6) & (y <= 6.6) & (np.abs(x) < 2.3)]
    return np.concatenate([_farthest(rest, skull, _SKULL), _farthest(rest, below, _BELOW)])


def _farthest(rest: Floats, inside: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of the vertices, each the farthest from those before it."""
    chosen = [int(inside[np.argmax(rest[inside][:, 1])])]
    nearest = np.linalg.norm(rest[inside] - rest[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(inside[np.argmax(nearest)]))
        nearest = np.minimum(nearest, np.linalg.norm(rest[inside] - rest[chosen[-1]], axis=1))
    return np.array(chosen)


def _spline_inverse(marks: Floats) -> np.ndarray:
    """Return the inverse of the spline's system, slightly relaxed so that single landmarks do not dent it."""
    count = len(marks)
    kernel = np.linalg.norm(marks[:, None] - marks[None], axis=-1) - 0.002 * np.eye(count)
    affine = np.c_[np.ones(count), marks]
    return np.linalg.inv(np.block([[kernel, affine], [affine.T, np.zeros((4, 4))]]))
