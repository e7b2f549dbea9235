"""Flower: a wreath of flowers and leaves, a lei or a ruff of petals, a printed garment."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from stillyou.pairs.teachers.people.costumes.coat import coat
from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring, neck_loop
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.press import press_by_band
from stillyou.pairs.teachers.people.costumes.shapes import Shape, ball, bases, copies, grid, joined, spin
from stillyou.pairs.teachers.people.geometry import floats, unit
from stillyou.pairs.teachers.people.parts import Role

PALETTES = (
    ((0.75, 0.12, 0.2), (0.82, 0.45, 0.5), (0.85, 0.8, 0.72)),
    ((0.8, 0.35, 0.05), (0.82, 0.62, 0.1), (0.85, 0.8, 0.72)),
    ((0.42, 0.15, 0.6), (0.65, 0.42, 0.75), (0.85, 0.82, 0.85)),
    ((0.8, 0.25, 0.42), (0.85, 0.6, 0.2), (0.45, 0.2, 0.6)),
    ((0.85, 0.82, 0.75), (0.85, 0.55, 0.55), (0.8, 0.7, 0.25)),
    ((0.1, 0.2, 0.65), (0.4, 0.5, 0.8), (0.85, 0.83, 0.85)),
    ((0.75, 0.04, 0.06), (0.82, 0.6, 0.08), (0.85, 0.4, 0.5)),
)
LEAVES = ((0.05, 0.14, 0.02), (0.08, 0.2, 0.04), (0.06, 0.17, 0.06))
CLOTHS = (
    (0.16, 0.32, 0.10),
    (0.72, 0.36, 0.40),
    (0.74, 0.62, 0.30),
    (0.60, 0.55, 0.72),
    (0.72, 0.70, 0.66),
    (0.35, 0.5, 0.55),
)
HEART = floats([0.55, 0.34, 0.04])
SPECIES = {
    "daisy": ((13, 1.0, 0.15, 0.17),),
    "plumeria": ((5, 1.0, 0.35, 0.46),),
    "rose": ((6, 1.0, 0.35, 0.5), (5, 0.72, 0.8, 0.5), (4, 0.45, 1.15, 0.5)),
    "cosmos": ((8, 1.0, 0.2, 0.33), (8, 0.62, 0.6, 0.3)),
}
"""Rings of petals of each species: how many, size, how steep they stand, width."""


_SPECIES_OF = {
    "daisies": ("daisy",),
    "roses": ("rose",),
    "tropical": ("plumeria", "cosmos"),
    "wildflowers": ("cosmos", "daisy", "rose"),
}
"""What the wreath and the lei of each design are of."""


def _petal(size: float, steep: float, wide: float) -> tuple[Floats, Floats]:
    """Return a petal along +x that opens towards +z, (30, 3), and how near each vertex is to the tip, (30,)."""
    u, v = np.meshgrid(np.linspace(0, 1, 6), np.linspace(-1, 1, 5))
    leaf = np.sin(np.pi * np.clip(u * 0.86 + 0.07, 0, 1)) ** 0.7 * wide
    lift = (
        u * np.sin(steep)
        + 0.28 * u * u * (1 - 0.9 * np.sin(steep))
        - 0.5 * np.clip(u - 0.7, 0, 1) ** 2
        + 0.12 * v**2 * u
    )
    points = np.stack([u * np.cos(steep), v * leaf, lift + 0.02 * np.sin(9 * v) * u], -1) * size
    return points.reshape(-1, 3).astype(np.float32), u.reshape(-1).astype(np.float32)


@lru_cache(maxsize=8)
def blossom(species: str) -> tuple[Shape, Floats]:
    """Return a flower facing +z with petals of length one, and (N, 2): nearness to the tips, 1 for the heart."""
    pieces: list[Shape] = []
    marks = []
    for k, (count, size, steep, wide) in enumerate(SPECIES[species]):
        petal, tip = _petal(size, steep, wide)
        for j in range(count):
            turn = 2 * np.pi * j / count + 0.5 * k
            c, s = np.cos(turn), np.sin(turn)
            tilt = floats([0, 0, 0.03 * (j % 2)])
            pieces.append(((petal @ floats([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + tilt).astype(np.float32), grid(5, 6)))
            marks.append(np.stack([tip, 0 * tip], 1))
    heart, triangles = ball(9, 6)
    small = 0.11 if species in ("rose", "plumeria") else 0.2
    pieces.append(((heart * floats([small, small, small * 0.6]) + floats([0, 0, 0.1])).astype(np.float32), triangles))
    marks.append(np.stack([0.5 + 0.5 * heart[:, 2], np.ones(len(heart), np.float32)], 1))
    return joined(*pieces), np.concatenate(marks).astype(np.float32)


@lru_cache(maxsize=1)
def leaf() -> tuple[Shape, Floats]:
    """Return a leaf along +x and (N, 2) as `blossom`."""
    u, v = np.meshgrid(np.linspace(0, 1, 7), np.linspace(-1, 1, 5))
    wide = 0.27 * np.sin(np.pi * np.clip(u, 0.02, 0.98)) ** 0.8
    points = np.stack([u, v * wide, 0.25 * u * (1 - u) + 0.10 * v**2], -1).reshape(-1, 3).astype(np.float32)
    return (points, grid(5, 7)), np.stack([0.4 + 0.4 * np.abs(v).ravel(), 0 * u.ravel()], 1).astype(np.float32)


def _aux(marks: Floats, colours: Floats, hearts: Floats) -> Floats:
    """Return aux of copies: a colour a flower, paler or darker towards the tips, the heart's own, and the tip mark."""
    shade = 0.55 + 0.5 * marks[:, 0]
    petals = colours[:, None] * shade[None, :, None]
    both = np.where(marks[None, :, 1:] > 0.5, hearts[:, None] * shade[None, :, None], petals)
    tip = np.broadcast_to(marks[None, :, :1], both.shape[:2] + (1,))
    return np.concatenate([both, tip], -1).reshape(-1, 4).astype(np.float32)


def scatter(
    bench: Bench,
    rng: np.random.Generator,
    model: tuple[Shape, Floats],
    centres: Floats,
    outward: Floats,
    size: Floats,
    colours: Floats,
    role: Role,
) -> None:
    """Set copies of a flower or leaf at posed places, each turned by chance.

    Args:
        bench: The costume in the making.
        rng: Draws turns.
        model: Of `blossom` or `leaf`.
        centres: (K, 3) posed.
        outward: (K, 3) where they face.
        size: (K,) decimetres.
        colours: (K, 3) linear RGB.
        role: Of the piece.
    """
    shape, marks = model
    frames = spin(bases(outward, floats([0.05, 1, 0.02])), rng.uniform(0, 6.28, len(centres)).astype(np.float32))
    points, triangles = copies(shape, centres, frames, size)
    hearts = np.tile(HEART, (len(centres), 1)) * rng.uniform(0.7, 1.2, (len(centres), 1)).astype(np.float32)
    bench.posed(points, triangles, "petal", aux=_aux(marks, colours, hearts), role=role)


def wreath(bench: Bench, palette: Floats, species: list[str], green: Floats) -> None:
    """Make the wreath: flowers side by side, smaller ones and leaves between."""
    rng = bench.draw("wreath")
    front, tilt = rng.uniform(7.95, 8.18), rng.normal(0, 0.05)
    ring = bench.ring(front, rng.uniform(7.3, 7.7), bench.pad(0.7, 0.3, closed=False), tilt)
    bench.hair = press_by_band(bench.hair, ring, low=-0.2, high=0.18, zone=0.35)
    big = rng.uniform(0.17, 0.30)
    count = int(np.clip(2 * np.pi * float(ring.radius.mean()) / (big * 1.35), 10, 26))
    at = (np.arange(count) / count * 2 * np.pi - np.pi + rng.normal(0, 0.05, count)).astype(np.float32)
    size = big * rng.uniform(0.75, 1.1, count)
    if rng.random() < 0.35:  # larger over the forehead
        size *= 0.72 + 0.4 * np.cos(at)
    _flowers(bench, rng, ring, palette, species, at, size.astype(np.float32))
    _leaves(bench, rng, ring, green, count * 5)
    bench.attributes |= {"hat_low": round(float(front), 3), "hat_tilt": round(float(tilt), 3), "flowers": count}


def _flowers(
    bench: Bench, rng: np.random.Generator, ring: Ring, palette: Floats, species: list[str], at: Floats, size: Floats
) -> None:
    """Set the flowers of a wreath at angles (K,) of its ring, the species in turn."""
    pose = bench.figure.pose
    for k, kind in enumerate(species):
        mine = np.arange(len(at)) % len(species) == k
        where = pose.head(ring.at(at[mine], 0.05, floats(rng.normal(0.02, 0.035, mine.sum()).clip(-0.05, 0.09))))
        facing = pose.direction(unit(ring.directions(at[mine]) + 0.3 * ring.up + rng.normal(0, 0.12, (mine.sum(), 3))))
        tint = palette[rng.integers(0, len(palette), mine.sum())] * rng.uniform(0.85, 1.1, (mine.sum(), 1))
        scatter(
            bench,
            rng,
            blossom(kind),
            np.asarray(where, np.float32),
            np.asarray(facing, np.float32),
            size[mine],
            tint.astype(np.float32),
            Role.COSTUME_HEAD,
        )


def _leaves(bench: Bench, rng: np.random.Generator, ring: Ring, green: Floats, many: int) -> None:
    """Set the leaves of a wreath anywhere on its ring."""
    pose = bench.figure.pose
    at = (rng.uniform(-np.pi, np.pi, many)).astype(np.float32)
    where = pose.head(ring.at(at, 0.01, floats(rng.normal(0, 0.07, many).clip(-0.13, 0.13))))
    facing = pose.direction(unit(ring.directions(at) + rng.normal(0, 0.45, (many, 3))))
    tint = np.tile(green, (many, 1)) * rng.uniform(0.6, 1.3, (many, 1))
    scatter(
        bench,
        rng,
        leaf(),
        np.asarray(where, np.float32),
        np.asarray(facing, np.float32),
        rng.uniform(0.14, 0.26, many).astype(np.float32),
        tint.astype(np.float32),
        Role.COSTUME_HEAD,
    )


def _around_neck(bench: Bench, level: float, count: int, off: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return posed places on a loop around the neck and the directions away from the body."""
    loop, outward = neck_loop(bench.figure, level)
    at = (np.arange(count) + rng.uniform(0, 0.6, count)) / count * len(loop)
    low = at.astype(int) % len(loop)
    share = (at % 1)[:, None].astype(np.float32)
    where = loop[low] * (1 - share) + loop[(low + 1) % len(loop)] * share
    away = unit(outward[low] + floats([0, 0.75, 0]))
    posed = bench.figure.pose.blend(where + away * off, {"torso": 0.9, "neck01": 0.1})
    return np.asarray(posed, np.float32), away


def lei(bench: Bench, palette: Floats, species: list[str], green: Floats, off: float) -> None:
    """Lay rows of flowers around the neck."""
    rng = bench.draw("lei")
    rows, size = int(rng.integers(1, 4)), rng.uniform(0.2, 0.3)
    for row in range(rows):
        level = 0.02 + row * size * 0.75
        count = int((3.4 + 4.5 * level) / (size * 0.95))
        where, away = _around_neck(bench, level, count, off + 0.07 + 0.03 * row, rng)
        for k, kind in enumerate(species):
            mine = np.arange(count) % len(species) == k
            tint = palette[rng.integers(0, len(palette), mine.sum())] * rng.uniform(0.85, 1.1, (mine.sum(), 1))
            facing = unit(away[mine] + rng.normal(0, 0.18, (mine.sum(), 3)).astype(np.float32))
            sizes = (size * rng.uniform(0.85, 1.15, mine.sum())).astype(np.float32)
            scatter(bench, rng, blossom(kind), where[mine], facing, sizes, tint.astype(np.float32), Role.COSTUME_BODY)
        where, away = _around_neck(bench, level, count * 2, off + 0.02, rng)
        tint = np.tile(green, (count * 2, 1)) * rng.uniform(0.6, 1.3, (count * 2, 1))
        facing = unit(away + rng.normal(0, 0.4, away.shape).astype(np.float32))
        scatter(
            bench,
            rng,
            leaf(),
            where,
            facing,
            rng.uniform(0.16, 0.28, count * 2).astype(np.float32),
            tint.astype(np.float32),
            Role.COSTUME_BODY,
        )
    bench.attributes["collar"] = f"lei of {rows}"


def ruff(bench: Bench, palette: Floats, off: float) -> None:
    """Lay rows of large petals around the neck, as on a flower fairy's collar."""
    rng = bench.draw("ruff")
    count, rows = int(rng.integers(13, 20)), int(rng.integers(2, 4))
    u, v = np.meshgrid(np.linspace(0, 1, 8), np.linspace(-1, 1, 7))
    wide = np.sin(np.pi * np.clip(u * 0.8 + 0.14, 0, 1)) ** 0.8 * 0.40
    curve = np.stack([v * wide, -0.42 * u**1.6 + 0.12 * np.sin(3 * u), u - 0.06 * v**2 * u], -1).reshape(-1, 3)
    marks = np.stack([u.ravel(), 0 * u.ravel()], 1).astype(np.float32)
    for row in range(rows):
        where, away = _around_neck(bench, 0.02 + 0.05 * row, count, off + 0.03 + 0.05 * (rows - row), rng)
        out = unit(away * floats([1, 0, 1]))
        side = unit(np.cross(floats([0, 1, 0]), out))
        frames = np.stack([side, np.cross(out, side), out], 1)
        size = (rng.uniform(0.62, 0.72) * (1 - 0.22 * row) * rng.uniform(0.93, 1.07, count)).astype(np.float32)
        points, triangles = copies((curve.astype(np.float32), grid(7, 8)), where, frames.astype(np.float32), size)
        tint = np.tile(palette[row % len(palette)], (count, 1)) * rng.uniform(0.9, 1.08, (count, 1)).astype(np.float32)
        bench.posed(points, triangles, "petal", aux=_aux(marks, tint, tint), role=Role.COSTUME_BODY)
    bench.attributes["collar"] = f"{rows} rows of petals"


def body(bench: Bench, palette: Floats, species: list[str], green: Floats) -> None:
    """Make the garment, with a lei or a ruff."""
    rng = bench.draw("garment")
    cloth = floats(CLOTHS[rng.integers(len(CLOTHS))]) * np.float32(rng.uniform(0.85, 1.1))
    cloth = (bench.colours("cloth") or [cloth])[0]
    printed = rng.random() < 0.65 or bench.design is not None
    params = [
        [*cloth.tolist(), 1.0 if printed else 0.0],
        [*palette[0].tolist(), float(rng.uniform(1.6, 2.8))],
        [*palette[1].tolist(), 0.0],
        [*green.tolist(), 0.0],
    ]
    coat(bench, 0.09, "floral", params=params)
    if rng.random() < 0.6:
        lei(bench, palette, species, green, 0.09)
    else:
        ruff(bench, palette, 0.09)
    bench.attributes["print"] = "flowers" if printed else "plain"


def wear(bench: Bench, head: bool, torso: bool) -> None:
    """Dress as a flower."""
    rng = bench.draw("colours")
    palette = floats(PALETTES[rng.integers(len(PALETTES))])
    species = [str(name) for name in rng.permutation(list(SPECIES))[: rng.integers(1, 4)]]
    green = floats(LEAVES[rng.integers(len(LEAVES))])
    if bench.design is not None and (key := bench.colours("petal", "petal2", "petal3", "leaf")):
        palette, green, species = floats(key[:3]), key[3], list(_SPECIES_OF[bench.design.name])
    if torso:
        body(bench, palette, species, green)
    if head:
        wreath(bench, palette, species, green)
    bench.attributes["species"] = " ".join(species)
