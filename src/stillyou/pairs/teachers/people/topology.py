"""One level of Catmull-Clark subdivision as a matrix, and the other linear maps that a quad mesh needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Quads = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Edges:
    """The edges of quads: ends (E, 2), the edge of each side of each quad (Q, 4), and which are borders (E,)."""

    ends: npt.NDArray[np.int64]
    of_quads: npt.NDArray[np.int64]
    border: npt.NDArray[np.bool_]


def _edges(quads: Quads) -> _Edges:
    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), axis=1)
    ends, inverse, count = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    return _Edges(ends, inverse.reshape(quads.shape), count == 1)


def _incidence(rows: npt.ArrayLike, columns: npt.ArrayLike, shape: tuple[int, int], value: float = 1.0) -> csr_matrix:
    rows, columns = np.ravel(rows), np.ravel(columns)
    return sparse.csr_matrix((np.full(len(rows), value), (rows, columns)), shape=shape)


def subdivide(quads: Quads, count: int) -> tuple[csr_matrix, Quads]:
    """Return one Catmull-Clark level.

    Args:
        quads: (Q, 4) vertex numbers.
        count: Vertices of the cage, N.

    Returns:
        The matrix (M, N) from the cage's vertices to the fine ones, and the fine quads (4 Q, 4).
    """
    edges = _edges(quads)
    n_quads, n_edges = len(quads), len(edges.ends)
    each_quad = np.repeat(np.arange(n_quads), 4)
    centres = _incidence(each_quad, quads, (n_quads, count), 0.25)
    middles = _incidence(np.repeat(np.arange(n_edges), 2), edges.ends, (n_edges, count), 0.5)
    beside = _incidence(edges.of_quads, each_quad, (n_edges, n_quads))
    inner = sparse.diags((~edges.border).astype(float))
    outer = sparse.diags(edges.border.astype(float))
    edge_points = inner @ (0.5 * middles + 0.25 * (beside @ centres)) + outer @ middles
    corner_points = _corner_points(quads, count, edges, centres, middles)
    matrix = sparse.vstack([corner_points, edge_points, centres]).tocsr()
    middle, centre = count + edges.of_quads, count + n_edges + np.arange(n_quads)
    fine = [np.stack([quads[:, k], middle[:, k], centre, middle[:, (k + 3) % 4]], 1) for k in range(4)]
    used, numbers = np.unique(np.concatenate(fine), return_inverse=True)
    matrix = matrix[used]
    matrix.eliminate_zeros()
    return matrix.astype(np.float32), numbers.reshape(-1, 4)


def _corner_points(quads: Quads, count: int, edges: _Edges, centres: csr_matrix, middles: csr_matrix) -> csr_matrix:
    """Move the cage's own vertices: (F + 2 E + (k - 3) V) / k inside, (6 V + both neighbours) / 8 on a border."""
    n_quads, n_edges = len(quads), len(edges.ends)
    valence = np.bincount(quads.ravel(), minlength=count)
    in_quads = _incidence(quads, np.repeat(np.arange(n_quads), 4), (count, n_quads))
    on_edges = _incidence(edges.ends, np.repeat(np.arange(n_edges), 2), (count, n_edges))
    on_border = np.zeros(count, bool)
    on_border[edges.ends[edges.border]] = True
    k = np.maximum(valence, 1).astype(float)
    inside = sparse.diags(1 / k**2) @ (in_quads @ centres) + sparse.diags(2 / k**2) @ (on_edges @ middles)
    inside = inside + sparse.diags((k - 3) / k)
    on_border_edges = on_edges @ sparse.diags(edges.border.astype(float))
    border = sparse.diags(np.full(count, 0.5)) + 0.25 * (on_border_edges @ middles)
    used = valence > 0
    pick = [sparse.diags(chosen.astype(float)) for chosen in (used & ~on_border, used & on_border, ~used)]
    return pick[0] @ inside + pick[1] @ border + pick[2]


def quads_of_vertices(quads: Quads, count: int) -> csr_matrix:
    """Return the matrix (N, Q) that adds up what the quads about each vertex hold."""
    return _incidence(quads, np.repeat(np.arange(len(quads)), 4), (count, len(quads))).astype(np.float32)
