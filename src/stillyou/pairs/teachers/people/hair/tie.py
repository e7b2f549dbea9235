"""Hair drawn together at the back of the head: a tail or a bun."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.geometry import Floats, floats, unit
from stillyou.pairs.teachers.people.hair.field import HeadField
from stillyou.pairs.teachers.people.hair.styles import Style
from stillyou.pairs.teachers.people.traits import HairTraits

_DRAWN = 9
"""Points of a strand up to the knot; the rest is the tail or the bun."""


def tie_guides(field: HeadField, style: Style, traits: HairTraits, rng: np.random.Generator, root: Floats) -> Floats:
    """Return guides (G, style.points, 3) that lie close to the head as far as the knot, and go on from there."""
    high = 0.55 * (traits.volume - 1)
    knot = np.array([0, 7.55 + high, -0.62 + 0.35 * max(0.0, high)])
    end = knot + rng.normal(0, 0.05, root.shape)
    path = [root]
    for k in range(1, _DRAWN):
        share = k / (_DRAWN - 1)
        point = floats(root * (1 - share) + end * share)
        height = style.offset * min(1.0, 3 * (1 - share) + 0.4) + 0.03
        for _ in range(3):
            point = floats(point + field.outward(point) * np.maximum(0, height - field.distance(point))[:, None])
        path.append(point)
    rest = style.points - _DRAWN
    path += (
        _tail(field, traits, rng, path[-1], rest) if style.tie == "tail" else _bun(traits, rng, knot, len(root), rest)
    )
    return floats(np.stack(path, 1))


def _tail(field: HeadField, traits: HairTraits, rng: np.random.Generator, start: Floats, count: int) -> list[Floats]:
    along = unit(np.array([0, 0.25, -1.0]) + rng.normal(0, 0.12, start.shape))
    step = traits.length * rng.uniform(1.5, 2.0, (len(start), 1)) / count
    path, point = [], start
    for _ in range(count):
        along = unit(along + np.array([0, -0.75, 0.05]))
        point = floats(point + along * step)
        point = floats(point + field.outward(point) * np.maximum(0, 0.1 - field.distance(point))[:, None])
        path.append(point)
    return path


def _bun(traits: HairTraits, rng: np.random.Generator, knot: Floats, guides: int, count: int) -> list[Floats]:
    start, tilt = rng.uniform(0, 2 * np.pi, guides), rng.uniform(-1, 1, guides)
    radius = 0.24 * traits.length * np.sqrt(1 - (0.8 * tilt) ** 2)
    centre = knot + np.array([0, 0.05, -0.12])
    turns = [start + 0.9 * k for k in range(count)]
    return [floats(centre + np.stack([np.cos(a) * radius, np.sin(a) * radius, tilt * 0.2], 1)) for a in turns]
