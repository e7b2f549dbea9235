"""What is worn around the neck: scarves and necklaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.costumes.fit import NECK_ANGLES, neck_loop
from stillyou.pairs.teachers.people.geometry import floats, grid_triangles, loop, tube
from stillyou.pairs.teachers.people.parts import MeshPart, Role, mesh_part
from stillyou.pairs.teachers.people.traits import Colour

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure

_PIECE = 6
"""Cloth that cloth.glsl does not cut."""
_SCARF = (
    (0.02, 0.25),
    (0.06, 0.30),
    (0.13, 0.27),
    (0.18, 0.17),
    (0.20, 0.05),
    (0.24, -0.08),
    (0.32, -0.24),
    (0.4, -0.4),
)
"""Rows of a scarf: how far out and how far up, decimetres."""
_GOLD: Colour = (0.72, 0.50, 0.20)
_SILVER: Colour = (0.62, 0.62, 0.63)


def wrap(figure: Figure, colour: Colour, role: Role, *, rise: float = 0.0) -> MeshPart:
    """Return a scarf laid around the neck, from under the jaw to the shoulders.

    Args:
        figure: Who wears it.
        colour: Of the cloth.
        role: What it counts as.
        rise: Decimetres higher or lower than close under the jaw.
    """
    stack = _scarf_rows(figure, rise)
    points = floats(np.concatenate([stack, stack[:, :1]], 1).reshape(-1, 3))
    around = floats(loop(NECK_ANGLES))
    aux = np.zeros((len(points), 4), np.float32)
    aux[:, 1] = np.tile(around, len(stack))
    return mesh_part(
        figure.pose.blend(points, {"torso": 0.7, "neck01": 0.3}),
        grid_triangles(len(stack), len(around)),
        material="cloth",
        role=role,
        rest=points,
        aux=aux,
        params=[(*colour, _PIECE), (0.0,), (0.0, 0.0, 0.0, 0.3), (2.0, 0.0, 0.0, 0.0)],
    )


def _scarf_rows(figure: Figure, rise: float) -> npt.NDArray[np.floating]:
    """Return the points (8, angles, 3) of a scarf: folded, higher behind, bulging in front."""
    base, outward = neck_loop(figure, 0.0)
    shift, rows = figure.person.skin.pattern, []
    behind = 0.05 * (1 - np.cos(NECK_ANGLES))
    for k, (out, high) in enumerate(_SCARF):
        fold = 0.03 * np.sin(3 * NECK_ANGLES + 1.3 * k + shift) * (0 < k < 7)
        front = np.clip(0.62 + 0.5 * np.cos(NECK_ANGLES), 0, 1) * (0.26 if 0 < k < 4 else 0.13 * (k == 4))
        lifted = (high + rise + fold + behind + front)[:, None] * np.array([0, 1.0, 0])
        rows.append(base + outward * (out + 0.6 * fold + 0.4 * front)[:, None] + lifted)
    return np.stack(rows)


def necklace(figure: Figure) -> MeshPart:
    """Return a thin chain around the neck that hangs lower in front."""
    base, outward = neck_loop(figure, 0.08)
    front = np.clip(np.cos(NECK_ANGLES), 0, 1)[:, None] ** 2
    path = base + 0.02 * outward + front * np.array([0, -0.26, 0.16])
    points, triangles = tube(floats(loop(path)), 0.010)
    colour = _GOLD if figure.person.seed % 3 else _SILVER
    return mesh_part(
        figure.pose.blend(points, {"torso": 0.85, "neck01": 0.15}),
        triangles,
        material="frame",
        role=Role.CLOTHES,
        params=[(*colour, 1.0)],
    )
