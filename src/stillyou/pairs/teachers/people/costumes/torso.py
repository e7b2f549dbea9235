"""Garments on the torso: surfaces that stand off the body, smoothed, posed with it, and places for fur on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillyou.draws import generator
from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.costumes.fit import Floats
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import (
    Integers,
    interpolate,
    quad_triangles,
    sample_surface,
    vertex_normals,
)

Indices = npt.NDArray[np.int64]
Choice = Callable[[Body], npt.NDArray[np.bool_]]
SMOOTHING = 6
"""Rounds of smoothing of a garment; each looks two rings of vertices far."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the body's surface with its own vertex numbers.

    Attributes:
        vertices: (R,) the body's vertices.
        triangles: (M, 3) int32 into ``vertices``.
        smoothing: (R, R) sparse, one step of smoothing.
        rest: (R, 3) template coordinates.
        aux: (R, 4) what garments' shaders draw by: neckline field, angle around the neck, 0, 0.
    """

    vertices: Indices
    triangles: Integers
    smoothing: sparse.csr_matrix
    rest: Floats
    aux: Floats


def _smoothing(quads: Indices, count: int) -> sparse.csr_matrix:
    """Return two steps of averaging over neighbours and the vertex itself."""
    ends = np.concatenate([quads.ravel(), quads.ravel()])
    others = np.concatenate([np.roll(quads, -1, 1).ravel(), np.roll(quads, 1, 1).ravel()])
    step = sparse.csr_matrix((np.ones(len(ends), np.float32), (ends, others)), shape=(count, count))
    step = sparse.diags(1 / np.maximum(np.asarray(step.sum(1)).ravel(), 1)) @ step
    return sparse.csr_matrix((step @ step).astype(np.float32))


def region(body: Body, chosen: npt.NDArray[np.bool_]) -> Region:
    """Cut out the quads of the skin all of whose corners are chosen.

    Args:
        body: The compiled body.
        chosen: (V,) which vertices the garment covers.
    """
    skin = np.zeros(len(body.rest), bool)
    skin[np.asarray(body.skin_triangles).ravel()] = True
    quads = np.asarray(body.quads, np.int64)
    quads = quads[(chosen & skin)[quads].all(1)]
    vertices = np.unique(quads)
    renumber = np.zeros(len(body.rest), np.int64)
    renumber[vertices] = np.arange(len(vertices))
    local = renumber[quads]
    triangles = quad_triangles(local)
    rest = np.asarray(body.rest[vertices], np.float32)
    aux = np.zeros((len(vertices), 4), np.float32)
    aux[:, 0] = body.neckline[vertices]
    aux[:, 1] = np.arctan2(rest[:, 0], rest[:, 2] - 0.1)
    return Region(vertices, triangles, _smoothing(local, len(vertices)), rest, aux)


@lru_cache(maxsize=4)
def torso(body: Body) -> Region:
    """Return the region of coats: from the base of the neck down."""
    return region(body, np.asarray(body.neckline) > -0.35)


def layer(figure: Figure, part: Region, off: Floats | float) -> Floats:
    """Return the region's surface moved off the body in neutral space: smooth, never nearer than ``off``.

    Args:
        figure: The person.
        part: What to cover.
        off: Distance in decimetres, one number or (R,).
    """
    skin, normals = figure.neutral[part.vertices], figure.normals[part.vertices]
    smooth = skin
    for _ in range(SMOOTHING):
        smooth = part.smoothing @ smooth
    lifted = smooth + normals * (np.asarray(off, np.float32)[..., None] * 0.6)
    short = np.asarray(off, np.float32) - np.einsum("ij,ij->i", lifted - skin, normals)
    return np.asarray(lifted + normals * np.maximum(0, short)[:, None], np.float32)


@dataclass(frozen=True)
class Sites:
    """Places on a triangle mesh: corner indices (S, 3) and barycentric weights (S, 3)."""

    corners: Integers
    weights: Floats

    def on(self, values: Floats) -> Floats:
        """Interpolate values of the vertices, (N, C) -> (S, C)."""
        return np.asarray(interpolate(values, self.corners, self.weights), np.float32)


@lru_cache(maxsize=32)
def sites(body: Body, name: str, cut: Callable[[Body], Region], where: Callable[[Region], Floats], count: int) -> Sites:
    """Draw the places of tufts on a region once for everybody, by area in template coordinates.

    Args:
        body: The compiled body.
        name: Of the draw.
        cut: The region; a module's function, so that the cache knows it.
        where: Density a vertex, 0 to 1; likewise.
        count: How many.
    """
    part = cut(body)
    density = where(part)[part.triangles].mean(1)
    corners, weights = sample_surface(generator("people", "sites", name), part.rest, part.triangles, density, count)
    return Sites(corners, weights)


def posed_layer(figure: Figure, part: Region, points: Floats) -> tuple[Floats, Floats]:
    """Pose a garment with the body; returns positions and normals, (R, 3) each."""
    posed = np.asarray(figure.pose.body(points, figure.body.weights[part.vertices]), np.float32)
    return posed, np.asarray(vertex_normals(posed, part.triangles), np.float32)
