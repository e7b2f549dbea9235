"""What can be drawn: meshes and strands, each with a material and a role.

Parts are never changed once made. The renderer keeps a part's buffers for as long as the part lives, so what a source
and its targets share is built, sent and stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.geometry import Floats, Integers, floats, vertex_normals

PARAMETERS = 8
"""Four-vectors of its own that a part gives to its material."""


class Role(IntEnum):
    """What a part is, for masks: the number that the renderer writes for each pixel."""

    BACKGROUND = 0
    SKIN = 1
    MOUTH = 2
    EYE = 3
    LASH = 4
    BROW = 5
    BEARD = 6
    HAIR = 7
    CLOTHES = 8
    ACCESSORY = 9
    COVERING = 10
    COSTUME_HEAD = 11
    COSTUME_BODY = 12


@dataclass(frozen=True, eq=False)
class MeshPart:
    """A surface.

    Attributes:
        positions: (V, 3) posed.
        normals: (V, 3) unit.
        rest: (V, 3) where procedural textures are looked up.
        aux: (V, 4) what else the material wants to know of a vertex.
        triangles: (T, 3) int32.
        material: Name of a file in shaders/materials.
        role: What it is.
        params: (8, 4) numbers of this part for its material.
    """

    positions: Floats
    normals: Floats
    rest: Floats
    aux: Floats
    triangles: Integers
    material: str
    role: Role
    params: Floats


@dataclass(frozen=True, eq=False)
class StrandPart:
    """Hairs: ribbons that face the viewer, along lines of points.

    Attributes:
        points: (N, P, 3) posed, from the root to the tip.
        opacity: (N, P) 1 where a hair is drawn, 0 where not.
        width: (N,) at the root, in decimetres.
        colour: (N, 3) linear RGB.
        shade: (N,) in [0, 1], a random number for each hair.
        material: Name of a file in shaders/strands.
        role: What they are.
        params: (8, 4) numbers of this part for its material.
    """

    points: Floats
    opacity: Floats
    width: Floats
    colour: Floats
    shade: Floats
    material: str
    role: Role
    params: Floats


Part = MeshPart | StrandPart


def parameters(rows: Sequence[npt.ArrayLike]) -> Floats:
    """Return up to 8 rows of up to 4 numbers as the (8, 4) array of a part, filled with zeros."""
    table = np.zeros((PARAMETERS, 4), np.float32)
    for k, row in enumerate(rows):
        values = np.ravel(np.asarray(row, np.float32))
        table[k, : len(values)] = values
    return table


def mesh_part(
    positions: npt.ArrayLike,
    triangles: Integers,
    *,
    material: str,
    role: Role,
    normals: npt.ArrayLike | None = None,
    rest: npt.ArrayLike | None = None,
    aux: npt.ArrayLike | None = None,
    params: Sequence[npt.ArrayLike] | Floats = (),
) -> MeshPart:
    """Make a surface; normals follow from the triangles, `rest` is `positions` and `aux` (V, up to 4) 0 by default."""
    points = floats(positions)
    extra = np.zeros((len(points), 4), np.float32)
    if aux is not None:
        given = np.asarray(aux, np.float32)
        extra[:, : given.shape[1]] = given
    return MeshPart(
        positions=points,
        normals=vertex_normals(points, triangles) if normals is None else floats(normals),
        rest=points if rest is None else floats(rest),
        aux=extra,
        triangles=np.ascontiguousarray(triangles, np.int32),
        material=material,
        role=role,
        params=parameters(list(params)),
    )


def strand_part(
    points: npt.ArrayLike,
    *,
    material: str,
    role: Role,
    width: npt.ArrayLike,
    colour: npt.ArrayLike,
    shade: npt.ArrayLike,
    opacity: npt.ArrayLike | None = None,
    params: Sequence[npt.ArrayLike] | Floats = (),
) -> StrandPart:
    """Make hairs; width and colour may be one for all, and all is opaque by default."""
    path = floats(points)
    count, steps = path.shape[:2]
    return StrandPart(
        points=path,
        opacity=np.ones((count, steps), np.float32) if opacity is None else floats(opacity),
        width=floats(np.broadcast_to(np.asarray(width, np.float32), (count,))),
        colour=floats(np.broadcast_to(np.asarray(colour, np.float32), (count, 3))),
        shade=floats(shade),
        material=material,
        role=role,
        params=parameters(list(params)),
    )
