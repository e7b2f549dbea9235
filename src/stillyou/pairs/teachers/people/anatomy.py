"""The parts of a bare person: skin, teeth, tongue, lashes and eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.body import Body, load_body
from stillyou.pairs.teachers.people.figure import Eyeball, Figure, Surface
from stillyou.pairs.teachers.people.geometry import Floats, Integers, ellipsoid, floats, quad_triangles
from stillyou.pairs.teachers.people.hair import scalp_of
from stillyou.pairs.teachers.people.parts import PARAMETERS, MeshPart, Part, Role, mesh_part
from stillyou.pairs.teachers.people.skin import eye_params, lash_params, skin_params

Rows = Sequence[npt.ArrayLike]
"""Parameters of a part: up to eight rows of up to four numbers."""

_UPPER_GUM, _LOWER_GUM = 6.735, 6.475
"""Rest height where the teeth end and the gums begin."""
_COVERED = 2.0
"""Decimetres below the neckline from where clothes always cover the skin."""
_EYE = (0.31, 7.284)
"""Rest x and y of the middle of an eye."""


def bare_parts(figure: Figure, surface: Surface, wet: float = 0.0) -> list[Part]:
    """Return the parts of a person without hair and clothes.

    Args:
        figure: Who.
        surface: The body with its expression.
        wet: How much the person cries, 0 to 1.
    """
    body, person, masks = figure.body, figure.person, figure.body.masks
    ears = np.where(body.mouth_inside, -1, masks["ears"])
    aux = floats(np.stack([masks["lips"], masks["eyelids"], scalp_of(figure), ears], 1))
    parts: list[Part] = [_surface_part(body, surface, "skin", "skin", Role.SKIN, aux, skin_params(person, wet))]
    height = body.rest[:, 1]
    for name, gum in (("teeth_upper", height - _UPPER_GUM), ("teeth_lower", _LOWER_GUM - height)):
        gums = floats(np.clip(gum / 0.03, 0, 1)[:, None])
        parts.append(_surface_part(body, surface, name, "teeth", Role.MOUTH, gums, ()))
    parts.append(_surface_part(body, surface, "tongue", "tongue", Role.MOUTH, None, ()))
    parts.append(_lashes(figure, surface, lash_params(person)))
    return parts + [_eye(figure, ball, eye_params(person, wet)) for ball in figure.eyeballs]


def _surface_part(
    body: Body, surface: Surface, part: str, material: str, role: Role, aux: Floats | None, params: Rows
) -> MeshPart:
    vertices, triangles = _own_vertices(part)
    return mesh_part(
        surface.posed[vertices],
        triangles,
        material=material,
        role=role,
        normals=surface.posed_normals[vertices],
        rest=body.rest[vertices],
        aux=None if aux is None else aux[vertices],
        params=params,
    )


@lru_cache(maxsize=8)
def _own_vertices(part: str) -> tuple[npt.NDArray[np.int64], Integers]:
    """Return the surface vertices of a part and its triangles in numbers of those."""
    body = load_body()
    triangles = body.triangles_of(part)
    shown = body.neckline[triangles].min(1) < _COVERED
    used, numbers = np.unique(triangles[shown], return_inverse=True)
    return used, numbers.reshape(-1, 3).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _LashMap:
    """Where lashes lie: cage vertices (K,), triangles in numbers of those, and the aux of each (K, 3)."""

    vertices: npt.NDArray[np.integer]
    triangles: Integers
    aux: Floats


@lru_cache(maxsize=1)
def _lash_map() -> _LashMap:
    """Return distance from the lid (0 to 1), angle about the eye, and 1 for upper lashes or -1 for lower."""
    body = load_body()
    vertices, numbers = np.unique(quad_triangles(body.cage_quads["lashes"]), return_inverse=True)
    x, y, _ = (rest := body.cage[vertices]).T
    skin = body.rest[body.outside]
    off = np.sqrt([((skin - point) ** 2).sum(1).min() for point in rest])
    angle = np.arctan2(y - _EYE[1], np.abs(x) - _EYE[0]) * np.where(x > 0, 1, -1)
    upper = np.where(y > _EYE[1] + 0.006, 1.0, -1.0)
    return _LashMap(
        vertices, numbers.reshape(-1, 3).astype(np.int32), floats(np.stack([off / off.max(), angle, upper], 1))
    )


def _lashes(figure: Figure, surface: Surface, params: Rows) -> MeshPart:
    lashes = _lash_map()
    posed = figure.pose.head(surface.cage[lashes.vertices])
    forward = np.tile(floats([0, 0, 1]), (len(posed), 1))
    rest = figure.body.cage[lashes.vertices]
    return mesh_part(
        posed,
        lashes.triangles,
        material="lash",
        role=Role.LASH,
        normals=forward,
        rest=rest,
        aux=lashes.aux,
        params=params,
    )


@lru_cache(maxsize=1)
def _ball() -> tuple[Floats, Integers]:
    return ellipsoid(32, 20)


def _eye(figure: Figure, eyeball: Eyeball, params: Rows) -> MeshPart:
    """Return an eyeball: its aux is the posed direction from its centre, its last parameter where it looks."""
    sphere, triangles = _ball()
    directions = figure.pose.direction(sphere)
    posed = figure.pose.head(eyeball.centre + sphere * np.float32(0.985 * eyeball.radius))
    rows: list[npt.ArrayLike] = [*params, *[(0.0,)] * (PARAMETERS - 1 - len(params)), eyeball.gaze]
    return mesh_part(
        posed, triangles, material="eye", role=Role.EYE, normals=directions, rest=sphere, aux=directions, params=rows
    )
