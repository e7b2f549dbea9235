"""Where a character stands in the picture: the geometric augmentation that is free in vector art."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.cartoon.definition import canvas_side
from stillyou.pairs.teachers.cartoon.raster import Pose
from stillyou.pairs.teachers.cartoon.spec import Point, StyleSpec

Matrix = npt.NDArray[np.float64]
"""(3, 3) affine map of the unit square."""


def _about(x: float, y: float, linear: list[list[float]]) -> Matrix:
    """Return the affine map with this linear part that leaves (x, y) where it is."""
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.array([x, y]) - matrix[:2, :2] @ [x, y]
    return matrix


def _framing(style: StyleSpec) -> Matrix:
    """Return the map that fills the picture with the character, its tallest hat and its collar."""
    matrix = np.eye(3)
    if style.costume:
        side = canvas_side(style.name)
        left, top, width = (value / side for value in style.costume.frame)
        matrix[:2] = np.array([[1 / width, 0, -left / width], [0, 1 / width, -top / width]])
    return matrix


def _face(style: StyleSpec) -> Point:
    if not style.costume:
        return 0.5, 0.5
    side = canvas_side(style.name)
    return style.costume.face[0] / side, style.costume.face[1] / side


def _apply(matrix: Matrix, point: Point) -> npt.NDArray[np.float64]:
    moved: npt.NDArray[np.float64] = (matrix @ [*point, 1.0])[:2]
    return moved


def _pose(matrix: Matrix) -> Pose:
    (a, c, e), (b, d, f) = matrix[:2].tolist()
    return Pose(a, b, c, d, e, f)


def canonical_pose(style: StyleSpec) -> Pose:
    """Return the pose without augmentation."""
    return _pose(_framing(style))


def draw_pose(style: StyleSpec, rng: np.random.Generator, *, closer: bool) -> Pose:
    """Draw scale, rotation, flip, stretch, shear and shift.

    Args:
        style: Gives the framing and the place of the face, which stays in the picture.
        rng: Random source.
        closer: Whether the picture may zoom into the head (expressions: the face is what changes).
    """
    framing, face = _framing(style), _face(style)
    centre = _apply(framing, face)
    scale = np.exp(rng.uniform(np.log(0.7), np.log(1.3)))
    if rng.random() < (0.35 if closer else 0.1):
        scale *= rng.uniform(1.1, 1.6)
    stretch, shear = np.exp(rng.uniform(-0.12, 0.12)), rng.uniform(-0.12, 0.12)
    turn = np.deg2rad(np.clip(rng.normal(0, 8), -20, 20)) if rng.random() < 0.7 else 0.0
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[scale * stretch, shear * scale], [0, scale / stretch]])
    matrix = _about(float(centre[0]), float(centre[1]), linear.tolist()) @ framing
    matrix[:2, 2] += rng.uniform(-0.12, 0.12, 2)
    foot = _apply(matrix, (0.5, 1.0))[1]
    if style.bust and foot < 1 and rng.random() < 0.85:
        matrix[1, 2] += min(1 - foot, 0.25)  # shoulders reach the bottom border
    at = _apply(matrix, face)
    matrix[:2, 2] += np.clip(at, 0.25, 0.75) - at
    if rng.random() < 0.5:
        matrix = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) @ matrix
    return _pose(matrix)
