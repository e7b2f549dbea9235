"""Head coverings: hijab, turban, beanie and cap."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.costumes.fit import Ring, fit_ring
from stillyou.pairs.teachers.people.costumes.torso import Region, region
from stillyou.pairs.teachers.people.geometry import Floats, floats, grid_triangles
from stillyou.pairs.teachers.people.neckwear import wrap
from stillyou.pairs.teachers.people.parts import MeshPart, Role, mesh_part
from stillyou.pairs.teachers.people.traits import Colour

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure

_PIECE, _VEIL = 6, 7
"""Ways in which cloth.glsl cuts: not at all, and around the face."""


def headwear(figure: Figure) -> list[MeshPart]:
    """Return the parts of a person's head covering, posed; none for a bare head."""
    kind = figure.person.accessories.covering
    if kind == "none":
        return []
    return _KINDS[kind](figure)


def covering_ring(figure: Figure) -> Ring:
    """Return the rim of a beanie, cap or turban on a head with hair under it."""
    kind = figure.person.accessories.covering
    if kind == "turban":
        return fit_ring(figure, front=7.86, back=6.95, pad=0.08)
    cap = kind == "cap"
    bare = figure.person.hair.style in ("bald", "buzz")
    return fit_ring(figure, front=7.76 if cap else 7.80, back=7.15 if cap else 7.0, pad=0.05 if bare else 0.10)


def _part(
    figure: Figure, points: Floats, rows: int, *, colour: Colour, angles: Floats, knit: float = 0.0, folds: float = 0.3
) -> MeshPart:
    """Return a grid of rows around the head as cloth."""
    columns = len(points) // rows
    aux = np.zeros((len(points), 4), np.float32)
    aux[:, 0], aux[:, 1] = np.repeat(np.linspace(0, 1, rows), columns), np.tile(angles, rows)
    second = figure.person.accessories.covering_second
    return mesh_part(
        figure.pose.head(points),
        grid_triangles(rows, columns),
        material="cloth",
        role=Role.COVERING,
        rest=points,
        aux=aux,
        params=[(*colour, _PIECE), (*second, 0.0), (*second, 0.5), (folds, 0.0, knit, 0.0)],
    )


def _dome(ring: Ring, *, height: float, start: float, square: float, rows: int = 16) -> Floats:
    """Return a dome on a ring, (rows * columns, 3): from `start` above its plane to `height`."""
    share = np.linspace(0, 1, rows)
    narrow = (1 - share**square) ** (1 / square)
    grid = [
        ring.at(ring.angles, ring.reach(ring.angles) * (n - 1), start + (height - start) * t)
        for n, t in zip(narrow, share, strict=True)
    ]
    return floats(np.concatenate(grid))


def _beanie(figure: Figure) -> list[MeshPart]:
    traits = figure.person.accessories
    ring = covering_ring(figure)
    turn = np.linspace(-0.5 * np.pi, 1.5 * np.pi, 11)
    cuff = [ring.at(ring.angles, 0.02 + 0.05 * np.cos(a), 0.16 + 0.18 * np.sin(a)) for a in turn]
    top = _dome(ring, height=ring.crown + 0.22, start=0.1, square=2.3)
    return [
        _part(figure, top, 16, colour=traits.covering_colour, angles=ring.angles, knit=1.0),
        _part(figure, floats(np.concatenate(cuff)), 11, colour=traits.covering_colour, angles=ring.angles, knit=1.0),
    ]


def _cap(figure: Figure) -> list[MeshPart]:
    traits = figure.person.accessories
    ring = covering_ring(figure)
    top = _dome(ring, height=ring.crown + 0.12, start=-0.02, square=2.4)
    around = np.linspace(-0.72, 0.72, 25)
    rows = []
    for share in np.linspace(0, 1, 8):
        reach = ring.reach(around.astype(np.float32))
        out = 0.62 * np.clip(1 - (np.abs(around) / 0.72) ** 2.6, 0, 1) ** 0.7 * share
        drop = 0.03 - 0.10 * share - 0.42 * np.abs(around) ** 2.0 * (0.2 + share)
        rows.append(ring.at(around.astype(np.float32), floats(out + 0.0 * reach), floats(drop)))
    visor = floats(np.concatenate(rows))
    return [
        _part(figure, top, 16, colour=traits.covering_colour, angles=ring.angles),
        _part(figure, visor, 8, colour=traits.covering_second, angles=floats(around), folds=0.0),
    ]


def _turban(figure: Figure) -> list[MeshPart]:
    traits = figure.person.accessories
    ring = covering_ring(figure)
    rows, share = 40, np.linspace(0, 1, 40)
    narrow = (1 - share**2.4) ** (1 / 2.4)
    angles = ring.angles
    front = np.exp(-((angles / 0.8) ** 2))
    grid = []
    for n, t in zip(narrow, share, strict=True):
        wrap = 7.5 * t - 2.2 * np.abs(angles) / np.pi * (1 - t) + 1.2 * front * (1 - t)
        fold = np.abs(np.sin(np.pi * wrap)) ** 0.6
        out = (
            ring.reach(angles) * (n - 1)
            + (0.16 * np.sin(np.pi * min(1.0, 0.1 + t * 1.3)) - 0.10 * max(0.0, 1 - 14 * t)) * n * 1.2
            + 0.06 * fold
        )
        lift = -0.05 + (ring.crown + 0.30) * t + 0.10 * front * (1 - t)
        grid.append(ring.at(angles, floats(out), floats(lift)))
    return [_part(figure, floats(np.concatenate(grid)), rows, colour=traits.covering_colour, angles=angles, folds=0.5)]


@lru_cache(maxsize=2)
def _veil_region(body: Body) -> Region:
    x, y, z = body.rest.T
    face = ((x / 0.56) ** 2 + ((y - 7.0) / 0.80) ** 2 < 1) & (z > 0.6)
    chosen = (body.neckline < 1.5) & ~face & ~body.mouth_inside & (np.abs(x) < 2.0)
    return region(body, chosen)


def _hijab(figure: Figure) -> list[MeshPart]:
    """Return a headscarf: around the face, over hair and ears, down to the chest."""
    traits = figure.person.accessories
    part = _veil_region(figure.body)
    x, y, z = part.rest.T
    neck = np.exp(-(((y - 5.95) / 0.5) ** 2))
    angle = np.arctan2(x, z - 0.2)
    drape = np.sin(7 * angle + 6 * y + figure.person.skin.pattern) * np.exp(-(((y - 5.7) / 0.6) ** 2))
    full = 0.06 * np.exp(-(((y - 7.4) / 0.7) ** 2)) * np.clip(0.5 - z, 0, 1)
    skin, normals = figure.neutral[part.vertices], figure.normals[part.vertices]
    points = skin + normals * floats(0.08 + full)[:, None]
    for _ in range(26):  # cloth bridges ears and the hollows of the neck
        points = part.smoothing @ points
    wide = floats(0.07 + 0.10 * neck + full + 0.14 * np.clip((6.0 - y) / 0.4, 0, 1))
    wide = np.where(figure.body.masks["ears"][part.vertices] < 0.1, wide, 0.025)  # ears lie flat under it
    short = np.clip(wide - np.einsum("ij,ij->i", points - skin, normals), 0, None)
    points = points + normals * short[:, None]
    for _ in range(2):
        points = part.smoothing @ points
    points = floats(points + figure.normals[part.vertices] * (0.035 * drape)[:, None])
    posed = figure.pose.body(points, figure.body.weights[part.vertices])
    second = traits.covering_second
    return [
        mesh_part(
            posed,
            part.triangles.astype(np.int32),
            material="cloth",
            role=Role.COVERING,
            rest=part.rest,
            aux=part.aux,
            params=[(*traits.covering_colour, _VEIL), (*second, 0.0), (*second, 0.3), (1.3, 0.0, 0.0, 0.0)],
        ),
        wrap(figure, traits.covering_colour, Role.COVERING),
    ]


_KINDS = {"hijab": _hijab, "turban": _turban, "beanie": _beanie, "cap": _cap}
