"""Hair of the face: eyebrows and beard, bound to the skin so that they follow the expression."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from stillyou.draws import generator
from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.geometry import Floats, floats, interpolate, sample_surface, unit
from stillyou.pairs.teachers.people.parts import Role, StrandPart, strand_part
from stillyou.pairs.teachers.people.traits import BeardTraits

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure, Surface

_STEPS = np.array([0, 0.35, 0.7, 1], np.float32)
_BROW = 7.455
"""Height of the inner end of the brow on the template."""


def face_hair(figure: Figure, surface: Surface) -> list[StrandPart]:
    """Return brows, and the beard of those who have one, on a surface with an expression."""
    found = [_brow(figure, surface, side) for side in (-1, 1)]
    beard = figure.person.beard
    if beard.style not in ("none", "stubble"):
        regions = beard_regions(figure.body, beard.style)
        found += [_beard(figure, surface, beard, name, density) for name, density in regions]
    return found


@lru_cache(maxsize=2)
def _front(body: Body) -> tuple[npt.NDArray[np.int64], cKDTree]:
    """Return the vertices of the face and the tree of where they appear from the front."""
    front = body.outside[body.rest[body.outside][:, 2] > 0.85]
    return front, cKDTree(body.rest[front][:, :2])


def _bind(body: Body, surface: Surface, place: Floats) -> tuple[Floats, Floats]:
    """Return points (N, 3) and normals on the surface at places (N, 2) seen from the front on the template."""
    front, tree = _front(body)
    away, near = tree.query(place, k=4)
    weight = 1 / (away + 0.004) ** 2
    weight = floats(weight / weight.sum(1, keepdims=True))
    index = front[near]
    level = np.einsum("nk,nk->n", weight, body.rest[index][..., 2])
    moved = np.einsum("nk,nkc->nc", weight, surface.vertices[index] - body.rest[index])
    normal = unit(np.einsum("nk,nkc->nc", weight, surface.normals[index]))
    return floats(np.c_[place, level] + moved), normal


def _brow(figure: Figure, surface: Surface, side: int) -> StrandPart:
    person = figure.person
    traits, seed = person.brows, person.seed
    rng = generator("people", seed, "brow", side)
    count = figure.detail.count(round(420 * traits.density))
    along = rng.random(count).astype(np.float32)
    taper = np.clip(0.5 + 4 * along, 0, 1) * np.clip((1.06 - along) / 0.5, 0.12, 1)
    spread = 0.034 * traits.thickness * taper
    arch = traits.arch * np.sin(np.pi * np.clip(along / 1.25, 0, 1)) - 0.05 * np.clip(along - 0.7, 0, 1)
    off = rng.normal(0, 0.5, count).clip(-1.1, 1.1)
    place = floats(np.c_[side * (0.115 + 0.40 * along), _BROW + traits.height + arch + off * spread])
    root, normal = _bind(figure.body, surface, place)
    angle = np.interp(along, [0, 0.2, 0.6, 1], [1.25, 0.55, 0.1, -0.45]) - 0.35 * off * np.clip(along * 2, 0, 1)
    angle = angle + rng.normal(0, 0.16, count)
    flow = np.stack([side * np.cos(angle), np.sin(angle), -0.3 * along], 1)
    flow = unit(flow - normal * (flow * normal).sum(1, keepdims=True) + 0.10 * normal)
    length = rng.uniform(0.045, 0.075, count)[:, None, None] * (1 - 0.35 * along)[:, None, None]
    points = root[:, None] + 0.003 * normal[:, None] + flow[:, None] * (length * _STEPS[:, None])
    edge = np.exp(-1.2 * off**2) * np.clip(0.35 + 2.5 * along, 0, 1)
    blend = (0.45 + 0.55 * edge)[:, None]
    colour = np.asarray(traits.colour) * blend + np.asarray(person.skin.colour) * (1 - blend)
    return strand_part(
        figure.pose.head(floats(points)),
        material="hair",
        role=Role.BROW,
        width=figure.detail.width(0.0055),
        colour=colour * rng.uniform(0.8, 1.25, (count, 1)),
        shade=rng.random(count),
        params=[(1.0,)],
    )


def beard_regions(body: Body, style: str) -> list[tuple[str, Floats]]:
    """Return what grows with a beard style: names and the density (V,) of each in [0, 1]."""
    x, y, z = np.abs(body.rest[:, 0]), body.rest[:, 1], body.rest[:, 2]
    cheek = 6.58 + 0.95 * np.clip(x - 0.3, 0, 0.45)
    jaw = np.clip((cheek - y) / 0.10, 0, 1) * np.clip((y - 6.0) / 0.15, 0, 1) * (z > 0.5 - 0.35 * (y > 6.5))
    chin = np.clip((0.27 - x) / 0.06, 0, 1) * np.clip((6.52 - y) / 0.05, 0, 1) * np.clip((y - 6.05) / 0.1, 0, 1)
    lip = np.clip((0.34 - x) / 0.05, 0, 1) * (y > 6.68) * np.clip((6.86 - 0.35 * x - y) / 0.04, 0, 1) * (z > 1.15)
    corner = np.clip((0.07 - np.abs(x - 0.31)) / 0.03, 0, 1) * (y > 6.3) * (y < 6.74) * (z > 1.0)
    skin = np.zeros(len(y), bool)
    skin[body.outside] = True
    skin &= body.masks["lips"] < 0.25
    found = {
        "moustache": [("lip", lip)],
        "goatee": [("lip", lip), ("chin", np.maximum(chin * (z > 0.9), corner))],
    }.get(style, [("lip", lip), ("jaw", np.maximum(jaw, corner))])
    return [(name, floats(density * skin)) for name, density in found]


_BEARD_STRANDS = {"lip": 1300, "chin": 2600, "jaw": 7500}


def _beard(figure: Figure, surface: Surface, traits: BeardTraits, region: str, density: Floats) -> StrandPart:
    body, person = figure.body, figure.person
    rng = generator("people", person.seed, "beard", region)
    triangles = body.skin_triangles
    count = figure.detail.count(round(_BEARD_STRANDS[region] * traits.density))
    corners, bary = sample_surface(rng, surface.vertices, triangles, density[triangles].mean(1), count)
    root = interpolate(surface.vertices, corners, bary)
    normal = unit(interpolate(surface.normals, corners, bary))
    if region == "lip":
        side = 2.4 * interpolate(body.rest, corners, bary)[:, 0]
        flow = np.stack([side, np.full(count, -0.6), np.zeros(count)], 1) + 0.05 * normal
        length = min(traits.length, 0.055) * rng.uniform(0.6, 1.1, (count, 1))
    else:
        flow = 0.25 * normal + np.array([0, -0.9, 0.12])
        length = traits.length * rng.uniform(0.5, 1.15, (count, 1))
    flow = unit(flow + rng.normal(0, 0.2, root.shape))
    reach = (length * np.clip(interpolate(density, corners, bary), 0.3, 1)[:, None])[:, None]
    points = root[:, None] + 0.004 * normal[:, None] + flow[:, None] * (reach * _STEPS[:, None])
    points[..., 1] -= 0.25 * reach[..., 0] * _STEPS**2
    tone = np.asarray(traits.colour) * np.exp(rng.normal(0, 0.25, (count, 1)))
    if person.hair.grey > 0.1:
        tone = np.where(rng.random((count, 1)) < person.hair.grey * 0.6, [0.36, 0.355, 0.34], tone)
    return strand_part(
        figure.pose.head(floats(points)),
        material="hair",
        role=Role.BEARD,
        width=figure.detail.width(0.007 if region == "lip" else 0.0085),
        colour=np.clip(tone, 0.003, 0.8),
        shade=rng.random(count),
        params=[(0.6,)],
    )
