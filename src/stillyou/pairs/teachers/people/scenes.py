"""Procedural scenes behind people, painted small and out of focus: (side, side, 3) linear light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from stillyou.pairs.teachers.people.geometry import Floats, floats
from stillyou.pairs.teachers.people.palette import draw_hue

Rng = np.random.Generator


@dataclass(frozen=True)
class Scene:
    """A kind of scene: how it is painted and how often."""

    paint: Callable[[Rng, int], Floats]
    share: float


def _grid(side: int) -> tuple[Floats, Floats]:
    y, x = np.mgrid[0:side, 0:side] / side
    return floats(x), floats(y)


def _colour(rng: Rng, low: float, high: float, strength: float = 0.25) -> Floats:
    """Return a colour of a lightness between low and high, more or less strong."""
    hue = draw_hue(rng, 0.08)
    wheel = 1 + strength * np.cos(hue + np.array([0, -2.094, 2.094]))
    return floats(rng.uniform(low, high) * wheel)


def _soft(picture: Floats, blur: float) -> Floats:
    return floats(gaussian_filter(picture, (blur, blur, 0), mode="nearest"))


def _cloudy(rng: Rng, side: int, scales: tuple[float, ...]) -> Floats:
    """Return noise (side, side, 1) of several scales about 0, deviation about 1."""
    total = np.zeros((side, side))
    for scale in scales:
        layer = gaussian_filter(rng.normal(size=(side, side)), scale, mode="wrap")
        total += layer / max(float(layer.std()), 1e-6)
    return floats(total / np.sqrt(len(scales)))[..., None]


def _discs(
    rng: Rng, picture: Floats, count: int, size: tuple[float, float], gain: tuple[float, float], top: float
) -> None:
    """Add lights out of focus: bright discs with a slightly brighter rim."""
    x, y = _grid(len(picture))
    for _ in range(count):
        cx, cy, radius = rng.random(), rng.random() * top, rng.uniform(*size)
        away = np.hypot(x - cx, y - cy) / radius
        disc = np.clip((1 - away) * 6, 0, 1) * (0.8 + 0.3 * np.clip(away, 0, 1) ** 4)
        picture += disc[..., None] * _colour(rng, *gain, 0.3)


def studio(rng: Rng, side: int) -> Floats:
    """A paper backdrop with a light on it."""
    x, y = _grid(side)
    cx, cy = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.65)
    fall = 1 - rng.uniform(0.3, 0.75) * np.clip(np.hypot(x - cx, (y - cy) * 0.9), 0, 1)
    base = _colour(rng, 0.04, 0.75, float(rng.choice([0.03, 0.12, 0.3])))
    mottled = 1 + rng.choice([0.0, 0.03, 0.10]) * _cloudy(rng, side, (14.0, 6.0))
    return floats(base * fall[..., None] * mottled)


def wall(rng: Rng, side: int) -> Floats:
    """A wall near by: paint, perhaps panels or bricks, a frame, an edge, a lamp's light."""
    x, y = _grid(side)
    base = _colour(rng, 0.15, 0.6, 0.14)
    slant = rng.uniform(-0.4, 0.4)
    picture = base * (1 - 0.35 * np.clip(np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 0.6)), 0, 1))[..., None]
    kind = rng.integers(4)
    if kind == 1:  # bricks
        row = np.floor(y * 13)
        joint = (np.abs((x * 6.5 + 0.5 * (row % 2)) % 1 - 0.5) > 0.46) | (np.abs((y * 13) % 1 - 0.5) > 0.42)
        tone = 1 + 0.14 * np.sin(row * 12.9898 + np.floor(x * 6.5 + 0.5 * (row % 2)) * 78.233)
        picture = np.where(joint[..., None], picture * 1.25, picture * np.array([1.1, 0.75, 0.62]) * tone[..., None])
    if kind == 2:  # panels
        picture = picture * (1 - 0.25 * (np.abs((x * rng.uniform(3, 7)) % 1 - 0.5) > 0.47))[..., None]
    if rng.random() < 0.6:
        for _ in range(rng.integers(1, 3)):
            _frame(rng, picture, x, y)
    picture = picture * (1 + slant * (x - 0.5))[..., None]
    return _soft(floats(picture), float(rng.uniform(0.8, 2.6)))


def _frame(rng: Rng, picture: Floats, x: Floats, y: Floats) -> None:
    """Hang a picture on the wall."""
    left, top, wide, high = (
        rng.uniform(-0.2, 0.85),
        rng.uniform(-0.2, 0.5),
        rng.uniform(0.14, 0.34),
        rng.uniform(0.14, 0.34),
    )
    u, v = (x - left) / wide, (y - top) / high
    inside = (u > 0) & (u < 1) & (v > 0) & (v < 1)
    picture[inside] = _colour(rng, 0.02, 0.3, 0.2)
    mount = (u > 0.08) & (u < 0.92) & (v > 0.08) & (v < 0.92)
    picture[mount] = _colour(rng, 0.3, 0.7, 0.05)
    art = (u > 0.22) & (u < 0.78) & (v > 0.22) & (v < 0.78)
    picture[art] = _colour(rng, 0.05, 0.4, 0.5)


def room(rng: Rng, side: int) -> Floats:
    """A room: wall, floor, a window or a shelf, furniture, lamps."""
    x, y = _grid(side)
    picture = _colour(rng, 0.15, 0.5, 0.15) * np.ones((side, side, 1)) * (1 - 0.2 * y)[..., None]
    floor = rng.uniform(0.62, 0.85)
    picture = np.where((y > floor)[..., None], _colour(rng, 0.05, 0.25, 0.25), picture)
    if rng.random() < 0.65:
        _window(rng, picture, x, y)
    if rng.random() < 0.5:
        _shelf(rng, picture, x, y)
    for _ in range(rng.integers(1, 5)):  # furniture
        left, wide, top = rng.uniform(-0.2, 1), rng.uniform(0.12, 0.4), rng.uniform(0.5, 0.8)
        picture[(x > left) & (x < left + wide) & (y > top)] = _colour(rng, 0.02, 0.25, 0.3)
    _discs(rng, picture, int(rng.integers(0, 4)), (0.02, 0.05), (0.5, 1.6), 0.5)
    return _soft(floats(picture), float(rng.uniform(1.2, 4.2)))


def _window(rng: Rng, picture: Floats, x: Floats, y: Floats) -> None:
    left, wide, bottom = rng.uniform(-0.15, 0.8), rng.uniform(0.2, 0.42), rng.uniform(0.45, 0.75)
    pane = (x > left) & (x < left + wide) & (y < bottom)
    picture[pane] = _colour(rng, 0.8, 1.7, 0.1)
    bars = (np.abs((x - left) / wide - 0.5) < 0.03) | (np.abs(y - bottom * 0.5) < 0.012)
    picture[pane & bars] *= 0.45
    curtain = pane & ((x < left + 0.18 * wide) | (x > left + 0.82 * wide))
    picture[curtain] *= _colour(rng, 0.25, 0.6, 0.2)


def _shelf(rng: Rng, picture: Floats, x: Floats, y: Floats) -> None:
    left, wide = rng.uniform(-0.1, 0.7), rng.uniform(0.25, 0.5)
    inside = (x > left) & (x < left + wide)
    picture[inside] = _colour(rng, 0.03, 0.14, 0.3)
    for row in np.arange(0.03, 0.95, 0.16):
        place = left + 0.01
        while place < left + wide:
            thick, high = rng.uniform(0.012, 0.04), rng.uniform(0.07, 0.13)
            if rng.random() < 0.85:
                picture[(x > place) & (x < place + thick) & (y > row + 0.135 - high) & (y < row + 0.135)] = _colour(
                    rng, 0.03, 0.4, 0.6
                )
            place += thick + 0.002


def street(rng: Rng, side: int) -> Floats:
    """A street: sky, houses with windows, people's blurs, lights; by day or by night."""
    x, y = _grid(side)
    night = rng.random() < 0.3
    sky = _colour(rng, 0.01, 0.05, 0.4) if night else _colour(rng, 0.7, 1.4, 0.12) * np.array([0.9, 1, 1.12])
    picture = sky * np.ones((side, side, 1)) * (0.75 + 0.4 * y)[..., None]
    place = -0.1
    while place < 1.05:
        wide, top = rng.uniform(0.1, 0.35), rng.uniform(-0.1, 0.42)
        house = (x >= place) & (x < place + wide) & (y > top)
        picture[house] = _colour(rng, 0.01, 0.06, 0.3) if night else _colour(rng, 0.08, 0.45, 0.2)
        columns, rows = rng.uniform(8, 20), rng.uniform(8, 16)
        panes = house & ((x * columns) % 1 > 0.45) & ((y * rows) % 1 > 0.45)
        picture[panes] = _colour(rng, 0.3, 0.9, 0.35) if night else _colour(rng, 0.04, 0.25, 0.15)
        place += wide
    picture = np.where((y > rng.uniform(0.78, 0.92))[..., None], _colour(rng, 0.04, 0.25, 0.05), picture)
    if night or rng.random() < 0.4:
        _discs(rng, picture, int(rng.integers(6, 24)), (0.012, 0.045), (0.3, 1.4), 0.9)
    return _soft(floats(picture), float(rng.uniform(1.0, 4.2)))


def greenery(rng: Rng, side: int) -> Floats:
    """Trees and hedges with light between the leaves."""
    _, y = _grid(side)
    green = np.array([rng.uniform(0.4, 0.95), 1.0, rng.uniform(0.2, 0.45)])
    picture = green * rng.uniform(0.06, 0.28) * np.exp(0.55 * _cloudy(rng, side, (18.0, 9.0, 4.0)))
    sky = _colour(rng, 0.7, 1.5, 0.1)
    gaps = np.clip(_cloudy(rng, side, (10.0, 5.0)) - 1.2 + 1.6 * (0.45 - y[..., None]), 0, 1)
    picture = picture * (1 - gaps) + sky * gaps
    for _ in range(rng.integers(0, 4)):  # trunks
        left, wide = rng.random(), rng.uniform(0.02, 0.07)
        x, _ = _grid(side)
        picture[np.abs(x - left) < wide] *= 0.35
    picture = _soft(floats(picture), float(rng.uniform(1.0, 3.0)))
    _discs(rng, picture, int(rng.integers(0, 26)), (0.012, 0.035), (0.04, 0.4), 0.8)
    return _soft(picture, float(rng.uniform(0.5, 1.4)))


def outdoors(rng: Rng, side: int) -> Floats:
    """A far horizon: sky with clouds above sea, sand, meadow or hills."""
    x, y = _grid(side)
    horizon = rng.uniform(0.4, 0.8)
    blue = np.array([rng.uniform(0.5, 0.95), 0.85, rng.uniform(1.0, 1.25)]) * rng.uniform(0.5, 1.1)
    picture = blue * (0.7 + 0.6 * y / horizon)[..., None]
    picture = picture + 0.5 * np.clip(_cloudy(rng, side, (14.0, 7.0, 4.0)), 0, 2) * rng.uniform(0, 0.7)
    hills = horizon - 0.12 * rng.random() * (1 + np.sin(x * rng.uniform(3, 9) + rng.uniform(0, 6)))
    far, near = _colour(rng, 0.12, 0.4, 0.25), _colour(rng, 0.08, 0.4, 0.3)
    picture = np.where((y > hills)[..., None], far * np.array([0.85, 0.95, 1.05]), picture)
    ground = near * (1 + 0.2 * _cloudy(rng, side, (9.0, 3.0)))
    picture = np.where((y > horizon)[..., None], ground, picture)
    return _soft(floats(picture), float(rng.uniform(0.8, 3.6)))


SCENES = {
    "studio": Scene(studio, 0.2),
    "wall": Scene(wall, 0.18),
    "room": Scene(room, 0.2),
    "street": Scene(street, 0.14),
    "greenery": Scene(greenery, 0.16),
    "outdoors": Scene(outdoors, 0.12),
}
"""Kinds of scene by the name that pairs record."""
