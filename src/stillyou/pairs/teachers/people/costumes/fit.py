"""Where costumes sit: a ring around the skull for what is worn on a head, loops around the neck for collars.

Everything is in neutral space (decimetres, y up, z to the viewer); angles go round the head from the forehead
(0) to the person's left (+pi/2) and the nape (pi).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import floats, rotation, unit

Floats = npt.NDArray[np.float32]
_BINS = 72
FOREHEAD = ((7.56, 1.53), (7.72, 1.51), (7.92, 1.44), (8.05, 1.36), (8.21, 1.25), (8.35, 1.05))
"""(y, z) of the middle of the forehead and the hairline in template coordinates."""
NAPE = ((6.9, -0.32), (7.2, -0.38), (7.4, -0.4), (7.6, -0.38), (7.8, -0.28))
"""(y, z) of the back of the head in template coordinates."""


SKIN_BAND = 0.6
"""Decimetres above and below a ring within which it knows the skin."""


@dataclass(frozen=True)
class Ring:
    """A closed curve around the head: ``at(a) = centre + (sin a side + cos a forward) radius(a)``.

    Attributes:
        centre: (3,) in neutral space.
        forward: (3,) unit, towards the forehead, in the ring's plane.
        side: (3,) unit, towards the person's left, in the ring's plane.
        up: (3,) unit, the ring's axis.
        angles: (n,) from -pi to pi, closed.
        radius: (n,) decimetres, the skull's and the hair's under it.
        crown: How far the top of the skull stands above the plane.
        skin: (36, 12) how far the skin reaches from the axis, by angle and by height within `SKIN_BAND` of the plane.
    """

    centre: Floats
    forward: Floats
    side: Floats
    up: Floats
    angles: Floats
    radius: Floats
    crown: float
    skin: Floats

    def reach(self, angles: npt.ArrayLike) -> Floats:
        """Return the radius at any angles, of their shape."""
        around = np.interp(np.asarray(angles), self.angles, self.radius, period=2 * np.pi)
        return np.asarray(around, np.float32)

    def directions(self, angles: npt.ArrayLike) -> Floats:
        """Return outward unit vectors in the plane, (..., 3)."""
        turn = np.asarray(angles, np.float32)[..., None]
        return np.asarray(np.sin(turn) * self.side + np.cos(turn) * self.forward, np.float32)

    def at(self, angles: npt.ArrayLike, out: npt.ArrayLike = 0.0, rise: npt.ArrayLike = 0.0) -> Floats:
        """Return points ``out`` beyond the ring and ``rise`` above its plane, (..., 3)."""
        far = self.reach(angles) + np.asarray(out, np.float32)
        high = np.broadcast_to(np.asarray(rise, np.float32), far.shape)
        return self.centre + self.directions(angles) * far[..., None] + self.up * high[..., None]

    def skin_at(self, angles: Floats, heights: Floats) -> Floats:
        """Return how far from the axis the skin reaches near the ring, 0 farther from it than `SKIN_BAND`."""
        row, column = _band_cell(angles, heights, self.skin.shape)
        return np.where(np.abs(heights) < SKIN_BAND, self.skin[row, column], np.float32(0))

    def cylinder(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return angle, distance from the axis and height above the plane of points (..., 3)."""
        offset = points - self.centre
        x, y = offset @ self.side, offset @ self.forward
        return floats(np.arctan2(x, y)), floats(np.hypot(x, y)), floats(offset @ self.up)


@lru_cache(maxsize=4)
def _scalp(body: Body) -> npt.NDArray[np.intp]:
    """Return the outer skin above the mouth, without the ears."""
    outside = np.asarray(body.outside)
    keep = (body.rest[outside, 1] > 7.0) & (body.masks["ears"][outside] < 0.3)
    return outside[keep]


@lru_cache(maxsize=256)
def _anchor(body: Body, curve: tuple[tuple[float, float], ...], height: float) -> int:
    """Return the skin vertex at a height of a midline curve."""
    ys, zs = zip(*curve, strict=True)
    return int(body.nearest(np.array([0.0, height, np.interp(height, ys, zs)], np.float32)))


def _widest(angles: Floats, distance: Floats) -> Floats:
    """Return the smoothed largest distance in each of `_BINS` sectors; empty ones get the median."""
    sector = ((angles + np.pi) / (2 * np.pi) * _BINS).astype(int) % _BINS
    widest = np.zeros(_BINS, np.float32)
    np.maximum.at(widest, sector, distance)
    widest = np.where(widest < 0.3, np.median(widest), widest)
    for _ in range(4):
        widest = np.maximum(widest, (np.roll(widest, 1) + 2 * widest + np.roll(widest, -1)) / 4)
    return widest


_NO_SKIN = np.zeros((_BINS // 2, 12), np.float32)


def _band_cell(angles: Floats, heights: Floats, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the cell of a ring's skin table that each point falls into."""
    around = ((angles + np.pi) / (2 * np.pi) * shape[0]).astype(np.intp) % shape[0]
    level = ((heights / SKIN_BAND + 1) / 2 * shape[1]).astype(np.intp)
    return around, np.clip(level, 0, shape[1] - 1)


def fit_ring(figure: Figure, *, front: float = 7.95, back: float = 7.2, pad: float = 0.05, tilt: float = 0.0) -> Ring:
    """Fit a ring to a head: through the forehead and the nape, around all of the skull above it.

    Args:
        figure: The person.
        front: Height on the forehead in template coordinates (the brows end at 7.55, the hairline is about 8.1).
        back: Height at the back of the head in template coordinates (the nape is about 6.8).
        pad: Thickness of what lies under the ring (hair), in decimetres.
        tilt: Roll to the person's left in radians.
    """
    body, skin = figure.body, figure.neutral
    fore = skin[_anchor(body, FOREHEAD, round(front, 2))]
    nape = skin[_anchor(body, NAPE, round(back, 2))]
    forward = unit(fore - nape)
    side = rotation(forward, -tilt).astype(np.float32) @ np.array([1, 0, 0], np.float32)
    side = unit(side - forward * float(side @ forward))
    up = np.cross(forward, side)
    ring = Ring((fore + nape) / 2, forward, side, up, np.zeros(1, np.float32), np.ones(1, np.float32), 0.0, _NO_SKIN)
    angle, distance, height = ring.cylinder(skin[_scalp(body)])
    above = height > -0.06
    near = np.abs(height) < SKIN_BAND
    skin = np.zeros(_NO_SKIN.shape, np.float32)
    np.maximum.at(skin, _band_cell(angle[near], height[near], skin.shape), distance[near])
    skin = ndimage.maximum_filter(skin, 3, mode=("wrap", "nearest"))
    sectors = ((np.arange(_BINS) + 0.5) / _BINS * 2 * np.pi - np.pi).astype(np.float32)
    radius = _widest(angle[above], distance[above]) + np.float32(pad)
    angles, reach = floats(np.append(sectors, sectors[0] + 2 * np.pi)), floats(np.append(radius, radius[0]))
    return Ring(ring.centre, forward, side, up, angles, reach, float(height.max()), skin)


def clear_of_skull(figure: Figure, ring: Ring, points: Floats, pad: float) -> Floats:
    """Push points that a skull would poke through outwards from the middle of the head.

    Args:
        figure: The person.
        ring: Where the hat sits; what lies below it stays.
        points: (N, 3) of the hat's inside, neutral space.
        pad: How far from the skin they end up at least, decimetres.
    """
    scalp = figure.neutral[_scalp(figure.body)]
    skull = _polar(ring, scalp[(scalp - ring.centre) @ ring.up > 0])
    cells = np.zeros((_BINS // 2, _BINS // 6), np.float32)
    np.maximum.at(cells, _cell(skull, cells.shape), skull[2])
    cells = ndimage.maximum_filter(cells, 3, mode=("wrap", "nearest"))
    mine = _polar(ring, points)
    short = cells[_cell(mine, cells.shape)] + np.float32(pad) - mine[2]
    short = np.where(mine[1] > 0, np.maximum(short, 0), 0)
    return floats(points + unit(points - ring.centre) * short[:, None])


def _polar(ring: Ring, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return angle, elevation above the ring and distance from its centre."""
    angle, distance, height = ring.cylinder(points)
    return angle, floats(np.arctan2(height, distance)), floats(np.hypot(distance, height))


def _cell(polar: tuple[Floats, Floats, Floats], shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the cell of a table over angle and elevation that each point falls into."""
    around = ((polar[0] + np.pi) / (2 * np.pi) * shape[0]).astype(np.intp) % shape[0]
    above = np.clip(polar[1] / (np.pi / 2) * shape[1], 0, shape[1] - 1).astype(np.intp)
    return around, above


@lru_cache(maxsize=16)
def _isoline(body: Body, level: float, width: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return skin vertices near a level of the neckline field and the sector that each falls into."""
    outside = np.asarray(body.outside)
    near = (np.abs(body.neckline[outside] - level) < width) & (body.rest[outside, 1] < 6.2)
    found = outside[near]
    rest = body.rest[found]
    angle = np.arctan2(rest[:, 0], rest[:, 2] - 0.1)
    return found, ((angle + np.pi) / (2 * np.pi) * _NECK).astype(int) % _NECK


_NECK = 48
NECK_ANGLES = ((np.arange(_NECK) + 0.5) / _NECK * 2 * np.pi - np.pi).astype(np.float32)


def neck_loop(figure: Figure, level: float) -> tuple[Floats, Floats]:
    """Return a loop around the neck or the shoulders and its horizontal outward directions, (48, 3) each.

    Args:
        figure: The person.
        level: Of the body's neckline field: 0 at the base of the neck, growing over the shoulders.
    """
    found, sector = _isoline(figure.body, round(level, 2), 0.10)
    count = np.bincount(sector, minlength=_NECK)
    sums = [np.bincount(sector, figure.neutral[found, axis], _NECK) for axis in range(3)]
    loop = np.stack(sums, 1) / np.maximum(count, 1)[:, None]
    full = np.flatnonzero(count)
    for axis in range(3):
        loop[:, axis] = np.interp(np.arange(_NECK), full, loop[full, axis], period=_NECK)
    for _ in range(3):
        loop = (np.roll(loop, 1, 0) + 2 * loop + np.roll(loop, -1, 0)) / 4
    outward = loop - loop.mean(0)
    outward[:, 1] = 0
    return loop.astype(np.float32), unit(outward.astype(np.float32))
