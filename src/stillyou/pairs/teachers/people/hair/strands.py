"""Thousands of strands that follow a few hundred guides, on the person's own head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from stillyou.draws import generator
from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.geometry import Floats, Integers, floats, interpolate, sample_surface, unit
from stillyou.pairs.teachers.people.hair.field import HeadField, head_field
from stillyou.pairs.teachers.people.hair.growth import grow_guides
from stillyou.pairs.teachers.people.hair.scalp import scalp
from stillyou.pairs.teachers.people.hair.styles import STYLES, Style
from stillyou.pairs.teachers.people.hair.tie import tie_guides
from stillyou.pairs.teachers.people.parts import Role, StrandPart, strand_part
from stillyou.pairs.teachers.people.traits import HairTraits

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure

_WIDTH = 0.010
"""Decimetres: a rendered strand stands for a lock of real hairs."""
_THICKNESS = {"buzz": 0.05, "afro": 0.11, "curly": 0.11, "curly_long": 0.11}
_PRESSING = ("beanie", "cap", "turban")
"""Head coverings that leave hair below their rim."""


@dataclass(frozen=True, eq=False)
class Hair:
    """Hair of the head, in neutral space.

    Attributes:
        points: (N, P, 3) strands from root to tip.
        opacity: (N, P) 1 where drawn.
        width: (N,) decimetres at the root.
        colour: (N, 3) linear.
        shade: (N,) in [0, 1], random.
        style: Name of the style.
        thickness: How far a hat's rim stands off the skin because of it, decimetres.
    """

    points: Floats
    opacity: Floats
    width: Floats
    colour: Floats
    shade: Floats
    style: str
    thickness: float


def hair_phase(seed: int) -> float:
    """Return where the small irregularities of somebody's hairline lie."""
    return float(generator("people", seed, "hairline").uniform(0, 2 * np.pi))


def scalp_of(figure: Figure) -> Floats:
    """Return how densely hair grows at each vertex (V,) of a figure; zero for bald people."""
    person = figure.person
    if person.hair.style == "bald" or person.accessories.covering == "hijab":
        return np.zeros(len(figure.body.rest), np.float32)
    return scalp(figure.body, person.hair, hair_phase(person.seed))


def grow(figure: Figure) -> Hair | None:
    """Grow a person's hair on the neutral head; None where none shows."""
    person = figure.person
    density = scalp_of(figure)
    if not density.any():
        return None
    tucked = person.accessories.covering == "turban"
    style, traits = STYLES["crop" if tucked else person.hair.style], person.hair
    rng = generator("people", person.seed, "strands")
    field = head_field()
    roots, guides = _guides(figure.body, field, style, traits, rng, density)
    carried = field.warp(figure.neutral, guides)
    points, edge = _follow(figure, style, traits, rng, density, roots, carried)
    count = len(points)
    shade = floats(rng.random(count))
    opacity = np.ones(points.shape[:2], np.float32)
    if person.accessories.covering in _PRESSING:
        points, opacity = _under_cover(figure, points)
    return Hair(
        points=points,
        opacity=opacity,
        width=floats(
            np.full(count, figure.detail.width(_WIDTH * (1.6 if style.long else 1.0)))
            * (0.55 + 0.45 * np.clip(edge * 1.5, 0, 1))
        ),
        colour=_colours(traits, rng, count),
        shade=shade,
        style=style.name,
        thickness=_THICKNESS.get(style.name, 0.09),
    )


def _guides(
    body: Body, field: HeadField, style: Style, traits: HairTraits, rng: np.random.Generator, density: Floats
) -> tuple[Floats, Floats]:
    """Return roots (G, 3) and guides (G, P, 3) on the template."""
    corners, bary = _scatter(rng, body, (density > 0.3) * 1.0, 640 if style.long else 420)
    root = interpolate(body.rest, corners, bary)
    if style.tie:
        return root, tie_guides(field, style, traits, rng, root)
    return root, grow_guides(field, style, traits, rng, root, field.outward(root))


def _scatter(rng: np.random.Generator, body: Body, density: Floats, count: int) -> tuple[Integers, Floats]:
    """Scatter points over the template's scalp by a density (V,), as `sample_surface` does over all of the skin."""
    weight = density[body.skin_triangles].mean(1)
    grown = weight > 0
    return sample_surface(rng, body.rest, body.skin_triangles[grown], weight[grown], count)


def _follow(
    figure: Figure,
    style: Style,
    traits: HairTraits,
    rng: np.random.Generator,
    density: Floats,
    roots: Floats,
    guides: Floats,
) -> tuple[Floats, Floats]:
    """Return strands (N, P, 3) that follow their nearest guides, and the density (N,) at their roots."""
    body, steps = figure.body, style.points
    count = figure.detail.count(style.strands)
    corners, bary = _scatter(rng, body, density**1.3, count)
    edge = interpolate(density, corners, bary)
    near, weight = _nearest(style, traits, rng, roots, interpolate(body.rest, corners, bary))
    offsets = guides - guides[:, :1]
    shape = np.einsum("nk,nkpc->npc", weight, offsets[near])
    share = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    scale = floats(rng.uniform(0.84, 1.05, count))
    if not (style.long or style.tie):
        scale = scale * (0.55 + 0.45 * np.clip(1.6 * edge, 0, 1))  # hair at the hairline is short
    points = interpolate(figure.neutral, corners, bary)[:, None] + shape * scale[:, None, None]
    points += (guides[near[:, 0]] - points) * (style.clump * share**1.3)
    stray = rng.standard_normal((count, 1, 3), np.float32)
    stray *= 1 + 1.6 * (rng.random((count, 1, 1), np.float32) > 0.96)  # a few hairs fly
    rough = rng.random((count, steps, 3), np.float32) - 0.5
    points += style.frizz * (stray * share**0.6 + 0.6 * rough * share)
    if style.wave:
        start = floats(rng.uniform(0, 2 * np.pi, len(roots)))[near[:, 0]] + 0.35 * stray[:, 0, 0]
        points += _waves(style, traits, shape, start, share)
    return floats(points), edge


def _nearest(
    style: Style, traits: HairTraits, rng: np.random.Generator, roots: Floats, own: Floats
) -> tuple[Integers, Floats]:
    """Return three guides (N, 3) and their weights for each root, none from across the parting."""
    parted = 2.0 if style.comb in ("part", "middle") else 0.0

    def place(points: Floats) -> Floats:
        return floats(np.c_[points, parted * np.sign(points[:, 0] - traits.part)])

    away, near = cKDTree(place(roots)).query(place(floats(own + rng.normal(0, 0.015, own.shape))), k=3)
    weight = 1 / (away + 0.02) ** 2
    return near.astype(np.int32), floats(weight / weight.sum(1, keepdims=True))


def _waves(style: Style, traits: HairTraits, shape: Floats, start: Floats, share: Floats) -> Floats:
    """Return the deviation (N, P, 3) of waves, or of curls, across the strands."""
    angle = start[:, None] + share[..., 0] * (style.turns * 2 * np.pi * traits.wave**-0.3)
    along = unit(np.gradient(shape, axis=1))
    first = unit(np.cross(along, np.array([0.3, 0.2, 1.0], np.float32)))
    second = np.cross(along, first) * (1.0 if style.spiral else 0.35)
    turn = first * np.cos(angle)[..., None] + second * np.sin(angle)[..., None]
    return floats(turn * (style.wave * traits.wave) * np.clip(share * 2.5, 0, 1))


def _colours(traits: HairTraits, rng: np.random.Generator, count: int) -> Floats:
    """Return a colour (N, 3) for each strand; greying hair has grey and coloured strands side by side."""
    base = np.asarray(traits.colour) * np.exp(rng.normal(0, 0.22, (count, 1)))
    streaks = 1 + 0.12 * rng.normal(0, 1, (count, 1)) * np.array([1, 0.9, 0.8])
    if 0.05 < traits.grey < 0.95:
        base *= np.where(rng.random((count, 1)) < traits.grey, 1.5, 0.6)
    return floats(np.clip(base * streaks, 0.002, 0.9))


def _under_cover(figure: Figure, points: Floats) -> tuple[Floats, Floats]:
    """Press strands into a beanie, cap or turban and hide what is in it: points (N, P, 3) and opacity (N, P)."""
    from stillyou.pairs.teachers.people.headwear import covering_ring  # costumes, which it reuses, import this package

    ring = covering_ring(figure)
    angle, distance, height = ring.cylinder(points)
    press = np.clip((height + 0.35) / 0.35, 0, 1)
    inside = np.minimum(distance, ring.reach(angle) - 0.045)
    distance = distance + (inside - distance) * press
    moved = ring.centre + ring.directions(angle) * distance[..., None] + ring.up * height[..., None]
    return floats(moved), floats(height < 0.08)


def part(hair: Hair, figure: Figure) -> StrandPart:
    """Return the posed strands: the upper ones follow the head, what hangs low the neck and the shoulders."""
    low = hair.points
    chin = float(figure.eyes[1]) - 1.18  # a child's head is lower than the template's
    share = np.clip((low[..., 1] - chin + 0.6) / 0.9, 0, 1)
    share = (share * share * (3 - 2 * share))[..., None]
    hanging = 0.35 * figure.pose.blend(low, {"neck01": 1.0}) + 0.65 * low
    return strand_part(
        figure.pose.head(low) * share + hanging * (1 - share),
        material="hair",
        role=Role.HAIR,
        width=hair.width,
        colour=hair.colour,
        shade=hair.shade,
        opacity=hair.opacity,
    )
