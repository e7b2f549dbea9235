"""Clothes on the shoulders: garments that stand off the body, collars, lapels, ties and hoods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.costumes.fit import NECK_ANGLES, neck_loop
from stillyou.pairs.teachers.people.costumes.torso import Region, layer, torso
from stillyou.pairs.teachers.people.geometry import Floats, floats, grid_triangles, loop
from stillyou.pairs.teachers.people.neckwear import necklace, wrap
from stillyou.pairs.teachers.people.parts import MeshPart, Role, mesh_part
from stillyou.pairs.teachers.people.traits import ClothesTraits, Colour
from stillyou.pairs.teachers.people.wardrobe import PATTERNS

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure

CREW, VEE, OPEN, JACKET, HIGH, SCOOP, PIECE = range(7)
"""How the material cuts the neckline; `PIECE` is not cut."""
_NECK = {"torso": 0.8, "neck01": 0.2}
_OFF = {"sweater": 0.09, "hoodie": 0.11, "turtleneck": 0.07, "suit": 0.05, "jacket": 0.05}
_CUT = {"vneck": VEE, "shirt": OPEN, "suit": OPEN, "turtleneck": HIGH, "dress": SCOOP}


def dress(figure: Figure) -> list[MeshPart]:
    """Return the parts of a person's clothes, posed."""
    traits = figure.person.clothes
    cut = _CUT.get(traits.kind, CREW)
    inner = traits.kind in ("suit", "jacket")
    colour = traits.second if inner else traits.main
    pattern = "plain" if inner else traits.pattern
    region = torso(figure.body)
    parts = [_garment(figure, region, _OFF.get(traits.kind, 0.05), cut, colour, pattern)]
    parts += _NECKS.get(traits.kind, _no_neck)(figure, traits, colour)
    if inner:
        parts.append(_garment(figure, region, 0.12, JACKET, traits.main, traits.pattern))
    if traits.neckwear == "scarf":
        parts.append(wrap(figure, traits.third, Role.CLOTHES, rise=-0.1))
    if traits.neckwear == "necklace":
        parts.append(necklace(figure))
    return parts


def _rows(
    traits: ClothesTraits, cut: int, colour: Colour, pattern: str, buttons: bool = False
) -> list[tuple[float, ...]]:
    return [
        (*colour, cut),
        (*traits.second, PATTERNS.index(pattern)),
        (*traits.third, traits.weave),
        (traits.folds, float(buttons), _knit(traits), 0.0),
    ]


def _knit(traits: ClothesTraits) -> float:
    """Return how coarse the knit is, 0 for woven cloth."""
    return {"sweater": 1.0, "turtleneck": 0.8, "hoodie": 0.3}.get(traits.kind, 0.0)


def _garment(figure: Figure, region: Region, off: float, cut: int, colour: Colour, pattern: str) -> MeshPart:
    traits = figure.person.clothes
    raised = off + _folds(figure, region) * (0.5 + 4 * off)
    surface = layer(figure, region, floats(np.maximum(raised, off - 0.03)))
    buttons = cut == OPEN
    posed = figure.pose.body(floats(surface), figure.body.weights[region.vertices])
    return mesh_part(
        posed,
        region.triangles.astype(np.int32),
        material="cloth",
        role=Role.CLOTHES,
        rest=region.rest,
        aux=region.aux,
        params=_rows(traits, cut, colour, pattern, buttons),
    )


def _folds(figure: Figure, region: Region) -> Floats:
    """Return the height (R,) of broad folds, in decimetres: over the chest and from the armpits."""
    x, y, z = region.rest.T
    shift = figure.person.skin.pattern
    side = np.sign(x)
    drape = np.sin(4.2 * x + 1.3 * y + shift + np.sin(1.7 * y + shift)) * np.clip((5.3 - y) / 0.8, 0, 1)
    angle = np.arctan2(y - 4.75, np.abs(x) - 1.3)
    pull = np.sin(7 * angle + 2 * side + shift) * np.exp(-((np.hypot(np.abs(x) - 1.3, y - 4.75) / 0.9) ** 2))
    return floats((0.045 * drape + 0.05 * pull) * figure.person.clothes.folds * (z > -0.6))


def _ring(
    figure: Figure, rows: list[tuple[float, float, float, float]], level: float, *, colour: Colour, gap: float = 0.0
) -> MeshPart:
    """Return a band around the neck.

    Args:
        figure: Who wears it.
        rows: For each row of points: how far out, how far up, how much lower and how much further out in front.
        level: Of the neckline field: where it sits.
        colour: Its main colour.
        gap: Half the opening in front, radians; 0 for a closed band.
    """
    stack = _ring_rows(figure, rows, level)
    if gap:
        order = np.argsort(np.where(NECK_ANGLES > 0, NECK_ANGLES, NECK_ANGLES + 2 * np.pi))
        keep = order[np.abs(NECK_ANGLES[order]) > gap]
        stack, around = stack[:, keep], NECK_ANGLES[keep]
    else:
        stack, around = np.concatenate([stack, stack[:, :1]], 1), loop(NECK_ANGLES)
    height, width = stack.shape[:2]
    aux = np.zeros((height * width, 4), np.float32)
    aux[:, 0], aux[:, 1] = np.repeat(np.linspace(0, 1, height), width), np.tile(around, height)
    points = floats(stack.reshape(-1, 3))
    return mesh_part(
        figure.pose.blend(points, _NECK),
        grid_triangles(height, width),
        material="cloth",
        role=Role.CLOTHES,
        rest=points,
        aux=aux,
        params=_rows(figure.person.clothes, PIECE, colour, "plain"),
    )


def _ring_rows(figure: Figure, rows: list[tuple[float, float, float, float]], level: float) -> npt.NDArray[np.floating]:
    """Return the points (rows, angles, 3) of a band around the neck."""
    base, outward = neck_loop(figure, level)
    front = np.exp(-((NECK_ANGLES / 0.55) ** 2))[:, None]
    forward = np.array([0, 0, 1.0])
    grid = [
        base + outward * out + np.array([0, 1.0, 0]) * up - front * np.array([0, down, 0]) + front * forward * ahead
        for out, up, down, ahead in rows
    ]
    return np.stack(grid)


def _tube(width: float, rise: float) -> list[tuple[float, float, float, float]]:
    """Return the rows of a small padded band: half a torus."""
    turn = np.linspace(-0.6, np.pi, 9)
    return [(0.03 + width * float(np.cos(a)), rise * (0.3 + float(np.sin(a))), 0.0, 0.0) for a in turn]


def _crew(figure: Figure, traits: ClothesTraits, colour: Colour) -> list[MeshPart]:
    level = 0.1 if traits.kind == "tshirt" else 0.06
    thick = 0.026 if traits.kind in ("tshirt", "jacket") else 0.04
    return [_ring(figure, _tube(thick, thick), level, colour=colour)]


def _shirt_collar(figure: Figure, traits: ClothesTraits, colour: Colour) -> list[MeshPart]:
    rows = [
        (0.02, -0.06, 0.0, 0.0),
        (0.035, 0.12, 0.03, 0.0),
        (0.05, 0.20, 0.05, 0.01),
        (0.075, 0.225, 0.08, 0.02),
        (0.11, 0.18, 0.14, 0.04),
        (0.15, 0.06, 0.22, 0.06),
        (0.17, -0.02, 0.34, 0.07),
    ]
    tie = traits.kind == "suit"
    parts = [_ring(figure, rows, 0.0, colour=colour, gap=0.07 if tie else 0.17)]
    return parts + ([_tie(figure, traits)] if tie else [])


def _tie(figure: Figure, traits: ClothesTraits) -> MeshPart:
    """Return a tie: a knot at the collar and a blade that lies on the chest."""
    base, _ = neck_loop(figure, 0.0)
    top = base[np.argmin(np.abs(NECK_ANGLES))]
    share = np.linspace(0, 1, 22)
    height = top[1] - 0.04 - 1.75 * share
    half = np.interp(share, [0, 0.06, 0.115, 0.13, 0.6, 1], [0.085, 0.08, 0.05, 0.055, 0.14, 0.17])
    bulge = np.interp(share, [0, 0.06, 0.115, 0.13, 1], [0.04, 0.075, 0.05, 0.02, 0.02])
    chest = figure.body.outside[np.abs(figure.neutral[figure.body.outside, 0]) < 0.12]
    front = chest[figure.body.rest[chest, 2] > 0.3]
    order = front[np.argsort(figure.neutral[front, 1])]
    depth = np.interp(height, figure.neutral[order, 1], figure.neutral[order, 2])
    depth = np.maximum(np.convolve(np.pad(depth, 2, mode="edge"), np.full(5, 0.2), "valid"), depth) + 0.09 + bulge
    across = np.linspace(-1, 1, 7)
    arch = 0.03 * (1 - across**2)
    x = half[:, None] * across[None]
    z = depth[:, None] + arch[None] - 0.02
    points = floats(np.stack([x, np.broadcast_to(height[:, None], x.shape), z], -1).reshape(-1, 3))
    return mesh_part(
        figure.pose.blend(points, {"torso": 1.0}),
        grid_triangles(22, 7),
        material="cloth",
        role=Role.CLOTHES,
        rest=points,
        aux=np.zeros((len(points), 4)),
        params=_rows(traits, PIECE, traits.third, "stripes" if traits.weave > 0.6 else "plain"),
    )


def _turtleneck(figure: Figure, traits: ClothesTraits, colour: Colour) -> list[MeshPart]:
    rows = [
        (0.05, -0.12, 0.02, 0.0),
        (0.05, 0.06, 0.0, 0.0),
        (0.055, 0.22, 0.0, 0.0),
        (0.07, 0.30, 0.01, 0.0),
        (0.10, 0.31, 0.01, 0.0),
        (0.12, 0.24, 0.02, 0.01),
        (0.125, 0.05, 0.02, 0.01),
        (0.12, -0.08, 0.03, 0.01),
    ]
    return [_ring(figure, rows, -0.05, colour=colour)]


def _hood(figure: Figure, traits: ClothesTraits, colour: Colour) -> list[MeshPart]:
    """Return a hood that lies behind the neck, and the neckline's band."""
    base, outward = neck_loop(figure, 0.12)
    behind = ((1 - np.cos(NECK_ANGLES)) / 2)[:, None] ** 0.7
    rows = []
    for a in np.linspace(-0.5, 1.35 * np.pi, 14):
        radius = 0.05 + 0.16 * behind
        rows.append(
            base
            + outward * (0.05 + radius * (1 + np.cos(a)) * 0.7)
            + np.array([0, 1.0, 0]) * radius * (0.35 + np.sin(a))
        )
    stack = np.stack(rows)
    points = floats(np.concatenate([stack, stack[:, :1]], 1).reshape(-1, 3))
    return [
        mesh_part(
            figure.pose.blend(points, _NECK),
            grid_triangles(14, len(NECK_ANGLES) + 1),
            material="cloth",
            role=Role.CLOTHES,
            rest=points,
            params=_rows(traits, PIECE, colour, "plain"),
        )
    ]


def _no_neck(figure: Figure, traits: ClothesTraits, colour: Colour) -> list[MeshPart]:
    return []


_NECKS = {
    "tshirt": _crew,
    "sweater": _crew,
    "jacket": _crew,
    "shirt": _shirt_collar,
    "suit": _shirt_collar,
    "turtleneck": _turtleneck,
    "hoodie": _hood,
}
