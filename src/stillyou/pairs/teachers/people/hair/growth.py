"""Grows guide strands on the template head, step by step: combed, lifted, fallen, kept out of skin and face."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.geometry import Floats, floats, unit
from stillyou.pairs.teachers.people.hair.comb import combed
from stillyou.pairs.teachers.people.hair.field import HeadField
from stillyou.pairs.teachers.people.hair.scalp import angles
from stillyou.pairs.teachers.people.hair.styles import Style
from stillyou.pairs.teachers.people.traits import HairTraits

_CLOTHES = 0.13
"""Decimetres that clothes stand off the shoulders."""
_FACE = (0.66, 0.86, 7.05)
"""Half width, half height and height of the middle of the ellipse before the face that hair leaves free."""


class _Guides:
    """The state of growing guides: what was drawn for each of them once."""

    def __init__(self, rng: np.random.Generator, style: Style, traits: HairTraits, root: Floats) -> None:
        count = len(root)
        azimuth, elevation = angles(root)
        self.root, self.traits = root, traits
        self.fringe = (azimuth < 42) & (elevation < 52) & (root[:, 2] > 0.75) & (style.fringe > 0)
        length = self._lengths(rng, style, azimuth, elevation)
        self.step = floats(length / (style.points - 1))[:, None]
        self.layer = 0.022 + style.offset * traits.volume * (0.35 + 0.65 * rng.random(count))
        self.depth = rng.random(count)
        parted = style.comb in ("middle", "part")
        self.flat = np.clip(np.abs(root[:, 0] - traits.part) / 0.35, 0.12, 1) if parted else np.ones(count)
        self.layer = self.layer * (0.35 + 0.65 * self.flat)
        self.ragged = rng.normal(0, 0.1, (count, 3))
        before = np.where(root[:, 0] < 0, traits.before_shoulder[1], traits.before_shoulder[0])
        self.front = before & (root[:, 2] > 0.15 + 0.2 * (self.depth - 0.5))

    def _lengths(self, rng: np.random.Generator, style: Style, azimuth: Floats, elevation: Floats) -> Floats:
        low = np.clip((8.0 - self.root[:, 1]) / 0.45, 0, 1)[:, None]
        ends = np.array(style.top) * (1 - low) + np.array(style.side) * low
        length = (ends[:, 0] + (ends[:, 1] - ends[:, 0]) * rng.random(len(ends))) * self.traits.length
        sideburn = (azimuth < 68) & (elevation < 8)
        if not (style.long or style.tie):
            length = np.where(sideburn, np.minimum(length, 0.10 * self.traits.length), length)
        fringe = style.fringe * self.traits.length**0.5 * rng.uniform(0.9, 1.08, len(ends))
        return floats(np.where(self.fringe, fringe, length))


def grow_guides(
    field: HeadField, style: Style, traits: HairTraits, rng: np.random.Generator, root: Floats, normal: Floats
) -> Floats:
    """Grow one guide from each root.

    Args:
        field: The template head.
        style: How hair is worn.
        traits: The person's own cut.
        rng: Draws lengths and layers.
        root: (G, 3) on the template.
        normal: (G, 3) there.

    Returns:
        (G, style.points, 3) in template coordinates.
    """
    guides = _Guides(rng, style, traits, root)
    along = unit(
        normal * ((style.lift + 0.15) * guides.flat)[:, None] + combed(style, traits, root) * 0.6 + guides.ragged
    )
    path = [root]
    for k in range(1, style.points):
        share = k / (style.points - 1)
        point = path[-1]
        want = _wanted(field, style, guides, point, share, first=k == 1)
        along = unit(along * (0.75 if style.gravity < 0.3 else 0.9) + want * (0.6 if style.points > 10 else 0.7))
        point = _settled(field, style, guides, floats(point + along * guides.step), min(1.0, k / 2.5))
        along = unit(point - path[-1])
        path.append(point)
    return floats(np.stack(path, 1))


def _wanted(field: HeadField, style: Style, guides: _Guides, point: Floats, share: float, *, first: bool) -> Floats:
    """Return the direction (G, 3) that comb, lift and weight ask for at this share of the length."""
    root, traits = guides.root, guides.traits
    flow = combed(style, traits, root)
    swept = 0.25 * (root[:, 0] - traits.part * (style.comb == "part"))
    fringe = np.stack([swept, np.full(len(root), -0.5 - share), np.full(len(root), 0.75 - 1.1 * share)], 1)
    flow = np.where(guides.fringe[:, None], fringe, flow)
    strength = 0.5 * max(0.0, 1 - 1.8 * share) if style.long or style.spiral else 0.55 * (1 - share) + 0.12
    lift = style.lift * traits.volume * max(0.0, 1 - share * (2.2 if style.comb != "none" else 0.3))
    fall = style.gravity * (0.3 if first else 1.0) * (0.5 + share)
    weight = np.where(guides.fringe, 0.2, fall)[:, None] * np.array([0, -1.0, 0])
    want = flow * strength + field.outward(point) * (lift * 0.6 * guides.flat)[:, None] + weight
    return floats(want + _drape(guides, point) if style.long else want)


def _drape(guides: _Guides, point: Floats) -> Floats:
    """Draw hanging hair in to the neck, and before or behind the shoulder."""
    x, y, z = point.T
    below = np.clip((6.75 - y) / 0.5, 0, 1)[:, None]
    inward = -np.sign(x) * np.clip(np.abs(x) - 0.62 - 0.25 * guides.depth, -0.1, 0.8) * 0.8
    forward = np.where(guides.front, np.clip(0.75 - z, -0.2, 1) * 0.55, np.clip(-0.35 - z, -1, 0.2) * 0.6)
    return floats(below * np.stack([inward, 0 * x, forward], 1))


def _settled(field: HeadField, style: Style, guides: _Guides, point: Floats, rise: float) -> Floats:
    """Push points out of skin, clothes and face, and hold them near the head."""
    distance, outward = field.distance(point), field.outward(point)
    cover = np.clip((6.0 - point[:, 1]) / 0.3, 0, 1) * _CLOTHES
    height = guides.layer * rise * np.where(guides.fringe, 0.8, 1.0) + cover + 0.012
    point = point + outward * np.maximum(0, height - distance)[:, None]
    near_head = np.clip((point[:, 1] - 6.4) / 0.5, 0, 1)
    hold = style.hug * near_head * np.clip(distance - height * 1.4, 0, 0.2)
    point = floats(point - outward * hold[:, None])
    return np.where(guides.fringe[:, None], point, _off_face(point)) if style.long else point


def _off_face(point: Floats) -> Floats:
    """Move points sideways out of the space before the face."""
    width, height, middle = _FACE
    x, y, z = point.T
    reach = np.sqrt((x / width) ** 2 + ((y - middle) / height) ** 2)
    inside = (reach < 1) & (z > 0.62)
    away = np.where(np.abs(x) < 0.02, 0.02 * np.sign(x + 1e-9), x) * np.minimum(1 / np.maximum(reach, 0.35), 1.6)
    return floats(np.stack([np.where(inside, away, x), y, np.where(inside & (z > 0.95), z - 0.03, z)], 1))
