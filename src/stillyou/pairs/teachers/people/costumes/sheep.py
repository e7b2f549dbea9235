"""Sheep: a fleece hood with ears (or a band with ears), a fleece coat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.costumes.coat import coat, furred, furred_region, neck_roll
from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring, fit_ring
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.press import hide_in_hood, press_by_band
from stillyou.pairs.teachers.people.costumes.shapes import sheet, tube
from stillyou.pairs.teachers.people.costumes.torso import Region, layer, region, sites
from stillyou.pairs.teachers.people.costumes.tufts import Fur
from stillyou.pairs.teachers.people.geometry import floats, rotation, unit, vertex_normals
from stillyou.pairs.teachers.people.parts import Role

FLEECES = ((0.84, 0.81, 0.75), (0.86, 0.84, 0.80), (0.84, 0.79, 0.70), (0.88, 0.85, 0.82))
PINKS = ((0.62, 0.30, 0.27), (0.55, 0.36, 0.30), (0.70, 0.42, 0.40))
_WIDTH, _HEIGHT, _MIDDLE = 0.70, 1.00, 7.06
"""Half width, half height and centre of a hood's opening in template coordinates."""
_TEMPLATE_HEAD, _TEMPLATE_EYES = 2.3, 7.28
"""Height of the template's head, and of its eyes above the origin."""


def _opening(rest: Floats) -> Floats:
    """Return below 1 inside the opening of a hood, above outside."""
    return ((rest[:, 0] / _WIDTH) ** 2 + ((rest[:, 1] - _MIDDLE) / _HEIGHT) ** 2).astype(np.float32)


def _hooded(body: Body) -> npt.NDArray[np.bool_]:
    """Return which vertices a hood covers: the head and the neck without the opening and the inside of the mouth."""
    rest = np.asarray(body.rest)
    inside = (_opening(rest) < 1) & (rest[:, 2] > 0.35)
    front = (rest[:, 2] < 0.85) | (rest[:, 1] > 7.4)
    return np.asarray(
        (rest[:, 1] > 5.7) & (np.abs(rest[:, 0]) < 1.1) & ~inside & ~np.asarray(body.mouth_inside) & front
    )


_REGIONS: dict[int, Region] = {}


def hood_region(body: Body) -> Region:
    """Return the region of hoods, cut once a body."""
    if id(body) not in _REGIONS:
        _REGIONS[id(body)] = region(body, _hooded(body))
    return _REGIONS[id(body)]


def _everywhere(part: Region) -> Floats:
    return np.ones(len(part.rest), np.float32)


def _below_neck(part: Region) -> Floats:
    """Return the density of fleece on the coat."""
    return (part.aux[:, 0] > -0.12).astype(np.float32)


def _base(colour: Floats) -> list[list[float]]:
    """Return the numbers of the fleece's ground: nearly the locks' colour."""
    return [[*(colour * 0.95).tolist(), 0.0], [0.0, 0.0, 0.0, 1.0]]


def _hood(bench: Bench, fleece: Floats, length: float) -> Ring:
    """Make the hood; returns the ring that ears sit by."""
    figure, part = bench.figure, hood_region(bench.figure.body)
    pad = min(bench.pad(0.45, 0.16, closed=True) - 0.05, 0.16)
    rest = part.rest
    crown = np.clip((rest[:, 1] - 7.0) / 0.8, 0, 1) * np.clip((1.35 - rest[:, 2]) / 0.4, 0.3, 1)
    points = layer(figure, part, (0.12 + pad * crown).astype(np.float32))
    local = vertex_normals(points, part.triangles)
    weights = figure.body.weights[part.vertices]
    posed = np.asarray(figure.pose.body(points, weights), np.float32)
    normals = np.asarray(vertex_normals(posed, part.triangles), np.float32)
    bench.place(posed, normals, part.triangles, "felt", rest=rest, role=Role.COSTUME_HEAD, params=_base(fleece))
    spots = sites(figure.body, "hood", hood_region, _everywhere, bench.tuft_count(4200))
    outward = unit(spots.on(normals))
    rng = bench.draw("hood wool")
    bench.fur(rng, spots.on(posed), outward, Fur(fleece, length, "wool", droop=0.12, width=0.014))
    bench.hides.add("earrings")
    _rim(bench, points, local, fleece, length)
    size = figure.head_height / _TEMPLATE_HEAD
    middle, depth = float(figure.eyes[1]) + size * (_MIDDLE - _TEMPLATE_EYES), float(figure.eyes[2]) - 0.4 * size
    ring = fit_ring(figure, front=8.1, back=7.4, pad=0.14 + pad)
    bench.hair = press_by_band(bench.hair, ring, low=-0.5, high=2.0, inside=0.12)
    wide, tall = 0.84 * _WIDTH * size, 0.84 * _HEIGHT * size
    bench.hair = hide_in_hood(bench.hair, width=wide, height=tall, middle=middle, depth=depth)
    return ring


def _rim(bench: Bench, points: Floats, normals: Floats, fleece: Floats, length: float) -> None:
    """Roll the edge of the opening, so that the hood ends softly."""
    part = hood_region(bench.figure.body)
    edge = (_opening(part.rest) < 1.22) & (part.rest[:, 2] > 0.45)
    angle = np.arctan2(part.rest[edge, 0], part.rest[edge, 1] - _MIDDLE)
    around = np.linspace(-2.5, 2.5, 41, dtype=np.float32)
    near = np.exp(-(((angle[None] - around[:, None]) / 0.12) ** 2))
    near /= near.sum(1, keepdims=True)
    line = (near @ (points[edge] + normals[edge] * 0.01)).astype(np.float32)
    roll, triangles = tube(line, 0.075, floats([0.1, 0.2, 1.0]), 8)
    posed, outward = bench.mesh(roll, triangles, "felt", params=_base(fleece))
    centre = np.repeat(np.asarray(bench.figure.pose.head(line), np.float32)[None], 9, 0).reshape(-1, 3)
    outward = unit(posed - centre)
    rng = bench.draw("rim wool")
    furred(bench, rng, posed, outward, triangles, Fur(fleece, length * 0.9, "wool", droop=0.1), count=700)


def _ears(bench: Bench, ring: Ring, fleece: Floats, pink: Floats) -> None:
    """Set two ears beside the crown, pink inside."""
    rng = bench.draw("ears")
    long, wide = rng.uniform(0.42, 0.58), rng.uniform(0.15, 0.2)
    lift, rise = rng.uniform(-0.75, 0.05), rng.uniform(-0.02, 0.14)
    u = np.linspace(0, 1, 13, dtype=np.float32)[:, None]
    v = np.linspace(-1, 1, 9, dtype=np.float32)[None]
    leaf = wide * np.sin(np.pi * np.clip(0.12 + 0.86 * u**0.85, 0, 1)) ** 0.75
    flat = np.stack([u * long + 0 * v, v * leaf, 0.09 * v**2 - 0.05 * np.sin(np.pi * u) + 0 * v], -1)
    for side in (-1, 1):
        turn = rotation([0, 0, 1], side * lift) @ rotation([1, 0, 0], -0.25)
        root = ring.at(floats([side * 1.45]), -0.04, rise)[0]
        for depth, material, params in (
            (0.0, "felt", [[*pink.tolist(), 0.0], [0.0, 0.3, 0.0, 0.0]]),
            (-0.035, "felt", _base(fleece)),
        ):
            shape = (flat + floats([0, 0, depth])) * floats([side, 1, 1])
            points, triangles = sheet((shape @ turn.T + root).astype(np.float32))
            posed, normals = bench.mesh(points, triangles, material, params=params)
            if depth < 0:
                facing = np.asarray(bench.figure.pose.direction(floats([0, 0.3, -1])), np.float32)
                outward = normals * np.sign(normals @ facing)[:, None]
                furred(bench, rng, posed, outward, triangles, Fur(fleece, 0.09), count=150)
                border = np.concatenate([flat[:, 0], flat[::-1, -1]]) * floats([side, 1, 1])
                edge = np.asarray(bench.figure.pose.head((border @ turn.T + root).astype(np.float32)), np.float32)
                away = unit(edge - edge.mean(0))
                bench.fur(rng, np.repeat(edge, 3, 0), np.repeat(away, 3, 0), Fur(fleece, 0.08))


def _band(bench: Bench, fleece: Floats, length: float) -> Ring:
    """Make a fleece band around the head, for the cut without a hood; returns its ring."""
    rng = bench.draw("band")
    ring = bench.ring(
        rng.uniform(8.05, 8.15), rng.uniform(7.3, 7.6), bench.pad(0.55, 0.16, closed=False), rng.normal(0, 0.03)
    )
    bench.hair = press_by_band(bench.hair, ring, low=-0.12, high=0.2)
    turn = np.linspace(0, 2 * np.pi, 9, dtype=np.float32)[:, None]
    around = np.linspace(-np.pi, np.pi, 57, dtype=np.float32)[None]
    tall = rng.uniform(0.12, 0.2)
    rows = ring.at(around + 0 * turn, 0.02 + 0.09 * np.cos(turn), 0.03 + tall * np.sin(turn) + 0 * around)
    posed, normals = bench.mesh(*sheet(rows), "felt", params=_base(fleece))
    triangles = sheet(rows)[1]
    furred(bench, rng, posed, normals, triangles, Fur(fleece, length, "wool", droop=0.1), count=1500)
    return ring


def _coat(bench: Bench, fleece: Floats, length: float) -> None:
    """Make the fleece coat with a rolled collar."""
    posed, normals = coat(bench, 0.14, "felt", params=_base(fleece))
    wool = Fur(fleece, length, "wool", droop=0.15)
    furred_region(bench, "fleece", _below_neck, posed, normals, wool, count=5600)
    roll, outward, triangles = neck_roll(bench, thick=0.12, tall=0.13, out=0.10, rise=0.0)
    bench.place(roll, outward, triangles, "felt", rest=roll, role=Role.COSTUME_BODY, params=_base(fleece))
    rng, wool = bench.draw("collar wool"), Fur(fleece, length, "wool", droop=0.1)
    furred(bench, rng, roll, outward, triangles, wool, count=1100, role=Role.COSTUME_BODY)


def wear(bench: Bench, head: bool, torso: bool) -> None:
    """Dress as a sheep."""
    rng = bench.draw("colours")
    fleece = floats(FLEECES[rng.integers(len(FLEECES))])
    pink = floats(PINKS[rng.integers(len(PINKS))]) * np.float32(rng.uniform(0.8, 1.15))
    length = float(rng.uniform(0.11, 0.17))
    fleece, pink = bench.colours("fleece", "ear") or (fleece, pink)
    if torso:
        _coat(bench, fleece, length)
    if head:
        covering = bench.figure.person.accessories.covering
        # A scarf hangs over a hood's lower edge, which would show through it: there it is the band.
        hooded = (rng.random() < 0.8 or covering != "none" or bench.design is not None) and covering != "hijab"
        ring = _hood(bench, fleece, length) if hooded else _band(bench, fleece, length)
        _ears(bench, ring, fleece, pink)
        bench.attributes["hood"] = "hood" if hooded else "band"
    bench.attributes["fleece"] = round(float(length), 3)
