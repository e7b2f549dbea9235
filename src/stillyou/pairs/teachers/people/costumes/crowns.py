"""Crowns of the royal costume: points, a velvet dome under arches, a tiara, a palace headdress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring, clear_of_skull
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.press import press_by_band, press_under_hat
from stillyou.pairs.teachers.people.costumes.shapes import (
    ball,
    bases,
    coloured,
    copies,
    joined,
    sheet,
    tube,
)
from stillyou.pairs.teachers.people.geometry import floats, unit

COLUMNS = 145
UP = floats([0, 1, 0])


@dataclass(frozen=True)
class Metal:
    """Metal and stones of one crown: linear RGB."""

    gold: Floats
    stones: Floats
    pearl: Floats

    @property
    def params(self) -> list[list[float]]:
        """Numbers of the gold material: colour and roughness."""
        return [[*self.gold.tolist(), 0.2]]


def _ramp(values: Floats) -> Floats:
    return np.clip(values, 0, 1)


def angles() -> Floats:
    """Return the columns' angles, closed."""
    return np.linspace(-np.pi, np.pi, COLUMNS, dtype=np.float32)


def wall(bench: Bench, ring: Ring, metal: Metal, *, low: float, top: Floats, flare: float) -> None:
    """Raise a wall of gold, inside and outside, with a bead along its foot.

    Args:
        bench: The costume in the making.
        ring: Its foot.
        metal: Its colours.
        low: Lower edge above the ring's plane.
        top: (COLUMNS,) upper edge.
        flare: How much further out the wall is at a height of one decimetre.
    """
    around = angles()
    share = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    height = low + share * (top - low)
    aux = np.zeros((share.size * COLUMNS, 4), np.float32)
    aux[:, 0] = np.broadcast_to((around + np.pi) / (2 * np.pi), height.shape).ravel()
    aux[:, 1] = height.ravel()
    for inset in (0.0, 0.03):
        points, triangles = sheet(ring.at(around[None] + 0 * share, 0.02 - inset + flare * (height - low) ** 2, height))
        bench.mesh(points, triangles, "gold", aux=aux, params=metal.params)
    foot = ring.at(around, 0.03, np.float32(low))
    points, triangles = tube(foot, 0.028, ring.up, 8)
    bench.mesh(points, triangles, "gold", params=metal.params)


def stones(
    bench: Bench,
    ring: Ring,
    at: Floats,
    rise: npt.ArrayLike,
    size: npt.ArrayLike,
    colours: Floats,
    out: float = 0.035,
) -> None:
    """Set faceted stones on the band, flat against it."""
    shape = ball(10, 7)
    frames = bases(ring.directions(at), ring.up)
    scale = np.broadcast_to(np.asarray(size, np.float32).reshape(-1, 1), (len(at), 1)) * floats([0.8, 1.0, 0.45])
    points, triangles = copies(shape, ring.at(at, out, rise), frames, scale)
    bench.mesh(points, triangles, "gem", aux=coloured(colours, len(shape[0]), 1.0))


def beads(bench: Bench, centres: npt.ArrayLike, size: float, metal: Metal, *, pearl: bool) -> None:
    """Set balls of gold or pearl."""
    shape, centres = ball(10, 7), floats(centres)
    frames = np.broadcast_to(np.eye(3, dtype=np.float32), (len(centres), 3, 3))
    points, triangles = copies(shape, centres, frames, size)
    if pearl:
        bench.mesh(points, triangles, "gem", aux=coloured(np.tile(metal.pearl, (len(centres), 1)), len(shape[0])))
    else:
        bench.mesh(points, triangles, "gold", params=metal.params)


def velvet_cap(bench: Bench, ring: Ring, colour: Floats, *, low: float, tall: float, puff: float) -> None:
    """Fill a crown with a cap of velvet that puffs out a little."""
    around = np.linspace(-np.pi, np.pi, 49, dtype=np.float32)[None]
    rise = np.linspace(0, np.pi / 2, 10, dtype=np.float32)[:, None]
    wide = np.clip(np.cos(rise), 0, 1) ** 0.7 * (1 + puff * np.sin(2 * rise))
    gathers = 1 + 0.02 * np.sin(16 * around) * np.sin(2 * rise)
    reach = (ring.reach(around) * wide * gathers * 0.97)[..., None]
    points, triangles = sheet(
        ring.centre + ring.directions(around + 0 * rise) * reach + ring.up * (low + tall * np.sin(rise))[..., None]
    )
    points = clear_of_skull(bench.figure, ring, points, 0.04)
    bench.mesh(points, triangles, "felt", params=[[*colour.tolist(), 0.0], [0.0, 1.0, 0.0, 0.0]])


def _stone_row(bench: Bench, ring: Ring, rng: np.random.Generator, metal: Metal, rise: float, size: float) -> None:
    count = int(rng.choice([12, 16, 20]))
    at = (np.arange(count) / count * 2 * np.pi - np.pi).astype(np.float32)
    stones(bench, ring, at, rise, size * np.where(np.arange(count) % 2, 0.7, 1.0), metal.stones[np.arange(count) % 2])


def points(bench: Bench, ring: Ring, metal: Metal, velvet: Floats | None) -> str:
    """Make a crown of points, some with a velvet cap."""
    rng = bench.draw("crown")
    count, tall = int(rng.integers(6, 12)), min(rng.uniform(0.55, 0.85), max(bench.headroom(ring, 0.1) - 0.06, 0.38))
    valley, power, flare = tall * rng.uniform(0.42, 0.55), rng.uniform(0.9, 1.7), rng.uniform(0.05, 0.25)
    around = angles()
    wave = np.abs(((around / (2 * np.pi) * count) % 1.0) - 0.5) * 2  # 1 at a point: one stands over the forehead
    top = valley + (tall - valley) * wave**power
    wall(bench, ring, metal, low=-0.08, top=top.astype(np.float32), flare=flare)
    _stone_row(bench, ring, rng, metal, 0.12, rng.uniform(0.05, 0.07))
    tips = (np.arange(count) / count * 2 * np.pi - np.pi + (0 if count % 2 == 0 else np.pi / count)).astype(np.float32)
    beads(
        bench,
        ring.at(tips, 0.01 + flare * (tall + 0.08) ** 2, tall + 0.02),
        rng.uniform(0.04, 0.06),
        metal,
        pearl=bool(rng.random() < 0.6),
    )
    if velvet is not None:
        bench.hair = press_under_hat(bench.hair, ring, low=-0.15, zone=0.4, hidden=-0.02)
        velvet_cap(bench, ring, velvet, low=0.05, tall=ring.crown + 0.06, puff=0.04)
    else:
        bench.hair = press_by_band(bench.hair, ring, low=-0.15, high=0.35, zone=0.35)
    return f"{count} points"


def dome(bench: Bench, ring: Ring, metal: Metal, velvet: Floats | None) -> str:
    """Make a state crown: a band, golden arches over velvet, an orb and a cross."""
    rng = bench.draw("crown")
    bench.hair = press_under_hat(bench.hair, ring, low=-0.15, zone=0.4, hidden=-0.02)
    around, tall = angles(), max(ring.crown + 0.16, min(rng.uniform(0.75, 0.95), bench.headroom(ring) - 0.4))
    wave = np.abs(((around / (2 * np.pi) * 8) % 1.0) - 0.5) * 2
    wall(bench, ring, metal, low=-0.08, top=(0.26 + 0.16 * wave**3).astype(np.float32), flare=0.1)
    _stone_row(bench, ring, rng, metal, 0.1, 0.06)
    assert velvet is not None
    velvet_cap(bench, ring, velvet, low=0.08, tall=tall - 0.16, puff=rng.uniform(0.06, 0.16))
    _arches(bench, ring, metal, int(rng.choice([4, 6, 8])), tall)
    _orb_and_cross(bench, ring, metal, tall)
    return "dome"


def _arches(bench: Bench, ring: Ring, metal: Metal, arches: int, tall: float) -> None:
    """Bend golden arches with pearls from the band to the top, `tall` above the ring's plane."""
    rise = np.linspace(0, np.pi / 2, 14, dtype=np.float32)
    pieces = []
    for k in range(arches):
        turn = np.float32((k + 0.5) / arches * 2 * np.pi)
        reach = ring.reach(turn) * (np.clip(np.cos(rise), 0, 1) ** 0.6 * (1 + 0.16 * np.sin(2 * rise))) + 0.03
        line = (
            ring.centre
            + ring.directions(turn) * reach[:, None]
            + ring.up * (0.2 + (tall - 0.2) * np.sin(rise))[:, None]
        )
        pieces.append(tube(line, 0.045, np.cross(ring.directions(turn), ring.up), 6))
        along = line[2:12]
        beads(bench, along + unit(along - ring.centre) * 0.045, 0.03, metal, pearl=True)
    bench.mesh(*joined(*pieces), "gold", params=metal.params)


def _orb_and_cross(bench: Bench, ring: Ring, metal: Metal, tall: float) -> None:
    """Set an orb and a cross where the arches meet."""
    top = ring.centre + ring.up * (tall + 0.06)
    beads(bench, top[None], 0.09, metal, pearl=False)
    cross = joined(
        tube(top + ring.up * np.linspace(0.05, 0.3, 4, dtype=np.float32)[:, None], 0.025, ring.forward, 6),
        tube(
            top + ring.up * 0.2 + ring.side * np.linspace(-0.09, 0.09, 4, dtype=np.float32)[:, None],
            0.025,
            ring.forward,
            6,
        ),
    )
    bench.mesh(*cross, "gold", params=metal.params)


def tiara(bench: Bench, ring: Ring, metal: Metal, velvet: Floats | None) -> str:
    """Make a tiara: scrolls that rise over the forehead and thin out towards the ears."""
    rng = bench.draw("crown")
    bench.hair = press_by_band(bench.hair, ring, low=-0.15, high=0.12, zone=0.35)
    around, tall = angles(), min(rng.uniform(0.5, 0.75), max(bench.headroom(ring) - 0.12, 0.3))
    window = np.clip(np.cos(around * 0.62), 0, 1) ** 2 * (np.abs(around) < 2.4)
    count = int(rng.choice([9, 11, 13]))
    wave = np.abs(np.cos(around * count / 2 * 0.9)) ** rng.uniform(0.6, 1.5)
    top = 0.07 + tall * window * (0.45 + 0.55 * wave)
    wall(bench, ring, metal, low=-0.05, top=top.astype(np.float32), flare=0.05)
    at = (np.arange(-3, 4) * 2 * np.pi / (count * 0.9)).astype(np.float32)
    rise = np.interp(at, around, top).astype(np.float32)
    stones(bench, ring, at, rise * 0.55, 0.075 * (1 - 0.1 * np.abs(np.arange(-3, 4))), metal.stones[np.arange(7) % 2])
    beads(bench, ring.at(at, 0.03, rise + 0.03), 0.04, metal, pearl=True)
    fine = np.linspace(-1.4, 1.4, 27, dtype=np.float32)
    beads(bench, ring.at(fine, 0.045, np.float32(0.02)), 0.025, metal, pearl=True)
    return "tiara"


def headdress(bench: Bench, ring: Ring, metal: Metal, velvet: Floats | None) -> str:
    """Make a palace headdress: a band, a fan of golden plates, strings of beads beside the face."""
    rng = bench.draw("crown")
    bench.hair = press_by_band(bench.hair, ring, low=-0.15, high=0.4, zone=0.35)
    wall(bench, ring, metal, low=-0.08, top=np.full(COLUMNS, 0.24, np.float32), flare=0.0)
    count, tall = int(rng.choice([7, 9, 11])), min(rng.uniform(0.6, 0.85), max(bench.headroom(ring) - 0.16, 0.4))
    at = np.linspace(-1.35, 1.35, count, dtype=np.float32)
    u, v = np.linspace(0, 1, 9, dtype=np.float32)[:, None], np.linspace(-1, 1, 7, dtype=np.float32)[None]
    leaf = 0.36 * np.sin(np.pi * np.clip(0.18 + 0.80 * u, 0, 1)) ** 0.8
    plate = sheet(np.stack([v * leaf, u + 0 * v, 0.10 * (1 - v**2) - 0.18 * u**2 + 0 * v], -1))
    size = tall * (1 - 0.28 * np.abs(at) / 1.35)
    frames = bases(ring.directions(at), ring.up)
    fan = np.sin(at * 0.30)[:, None] * frames[:, 0] + np.cos(at * 0.30)[:, None] * frames[:, 1]
    frames = np.stack([np.cross(fan, frames[:, 2]), fan, frames[:, 2]], 1)
    for depth, shrink in ((0.0, 1.0), (0.05, 0.62)):
        where = ring.at(at, 0.02 + depth, 0.12)
        plates, triangles = copies(plate, where, frames, (size * shrink).astype(np.float32))
        bench.mesh(plates, triangles, "gold", params=metal.params)
    tips = ring.at(at, 0.05, 0.12) + frames[:, 1] * (size * 0.78)[:, None]
    beads(bench, tips, 0.045, metal, pearl=True)
    stones(bench, ring, at, 0.1, 0.085, metal.stones[np.arange(count) % 2], out=0.05)
    if rng.random() < 0.75:
        _strings(bench, ring, metal, int(rng.integers(5, 9)))
    return "headdress"


def _strings(bench: Bench, ring: Ring, metal: Metal, count: int) -> None:
    """Hang strings of beads from the band in front of the ears, clear of the face."""
    for side in (-1, 1):
        for turn in (1.30, 1.50):
            top = np.asarray(bench.figure.pose.head(ring.at(floats([side * turn]), 0.10, -0.05)), np.float32)
            line = top - np.arange(count, dtype=np.float32)[:, None] * 0.075 * UP
            shape = ball(8, 6)
            frames = np.broadcast_to(np.eye(3, dtype=np.float32), (count, 3, 3))
            balls, triangles = copies(
                shape, line, frames, np.append(np.full(count - 1, 0.03), 0.055).astype(np.float32)
            )
            bench.posed(balls, triangles, "gold", params=metal.params)


CROWNS = {"points": points, "dome": dome, "tiara": tiara, "headdress": headdress}
