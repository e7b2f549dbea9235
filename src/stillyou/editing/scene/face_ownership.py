"""Whose pixel is it? Where faces stand close, an edit of one must leave its neighbours alone.

d_i(x) = |x - c_i| / s_i             distance from face i, in sizes of that face
w_i    = smoothstep(1/2 + (min over j of d_j - d_i) / softness)      j: the other faces
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import Plane
from stillyou.images.faces import Face

_SOFTNESS = 0.6


def territory(faces: Sequence[Face], index: int, crop: Crop, cells: int) -> Plane:
    """Return w (cells, cells) in [0, 1] over a square: 1 where face `index` is the nearest one."""
    if len(faces) < 2:
        return np.ones((cells, cells), np.float32)
    middle = (np.arange(cells) + 0.5) * crop.size / cells
    x = np.clip(0.5 + _lead(faces, index, middle + crop.left, middle + crop.top) / _SOFTNESS, 0, 1)
    smooth: Plane = (x * x * (3 - 2 * x)).astype(np.float32)
    return smooth


def nearest_only(faces: Sequence[Face], index: int, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where in a picture of this width and height (H, W) face `index` is the nearest; each pixel has one owner.

    Faces at equal distance: the first has it.
    """
    columns, rows = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    owner = np.ones((size[1], size[0]), bool)
    for row in range(0, size[1], 256):  # in strips: distances of 50 megapixels would take a lot of memory
        part = rows[row : row + 256]
        own = _distance(faces[index], columns, part)
        for other, face in enumerate(faces):
            if other != index:
                theirs = _distance(face, columns, part)
                owner[row : row + 256] &= own <= theirs if index < other else own < theirs
    return owner


def _lead(
    faces: Sequence[Face], index: int, columns: NDArray[np.floating], rows: NDArray[np.floating]
) -> NDArray[np.floating]:
    others = [_distance(face, columns, rows) for other, face in enumerate(faces) if other != index]
    lead: NDArray[np.floating] = np.minimum.reduce(others) - _distance(faces[index], columns, rows)
    return lead


def _distance(face: Face, columns: NDArray[np.floating], rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return d (rows, columns)."""
    distance: NDArray[np.floating] = np.hypot(columns[None, :] - face.x, rows[:, None] - face.y) / face.size
    return distance
