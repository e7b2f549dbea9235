"""Hair of every style grows on anybody's head: finite, rooted in the skin, off the eyes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from stillyou.pairs.teachers.people import hair
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.hair.styles import STYLES
from stillyou.pairs.teachers.people.parts import Role
from stillyou.pairs.teachers.people.person import Person, draw_person
from stillyou.pairs.teachers.people.traits import HairTraits

PEOPLE = 50
SPARSE = Detail(size=64, factor=1, shadow=64, strands=0.03)
"""A few hundred strands: enough to see where they go."""


@lru_cache(maxsize=PEOPLE)
def figure_of(seed: int) -> Figure:
    return Figure(draw_person(seed), SPARSE)


def wearing(figure: Figure, **changes: object) -> Figure:
    """Return the same head with other hair, and nothing on it."""
    person = figure.person
    assert isinstance(person, Person)
    traits: HairTraits = replace(person.hair, **changes)  # type: ignore[arg-type]
    bare = replace(person.accessories, covering="none")
    other = Figure.__new__(Figure)
    other.__dict__.update(figure.__dict__)
    other.person = replace(person, looks=replace(person.looks, hair=traits, accessories=bare))
    return other


@pytest.mark.parametrize("style", list(STYLES))
def test_every_style_grows_on_fifty_heads(style: str) -> None:
    for seed in range(PEOPLE):
        figure = wearing(figure_of(seed), style=style)
        grown = hair.grow(figure)
        assert grown is not None
        assert np.isfinite(grown.points).all()
        assert np.isfinite(hair.part(grown, figure).points).all()
        assert (grown.width > 0).all()
        assert ((grown.colour >= 0) & (grown.colour <= 1)).all()
        assert before_eyes(figure, grown.points) < 0.02


def before_eyes(figure: Figure, points: np.ndarray) -> float:
    """Return the share of strands that hang before an opened eye."""
    hit = np.zeros(len(points), bool)
    for eye in figure.eyeballs:
        x, y, z = np.moveaxis(points - eye.centre, -1, 0)
        hit |= ((np.abs(x) < 0.10) & (np.abs(y) < 0.05) & (z > 0)).any(1)
    return float(hit.mean())


@pytest.mark.parametrize("seed", range(6))
def test_strands_start_on_the_scalp(seed: int) -> None:
    figure = wearing(figure_of(seed), style="crop")
    grown = hair.grow(figure)
    assert grown is not None
    outside = figure.body.outside
    away, near = cKDTree(figure.neutral[outside]).query(grown.points[:, 0])
    assert away.max() < 0.1  # no farther than vertices lie apart
    assert (figure.body.rest[outside][near][:, 1] > 6.2).all()


def test_hair_does_not_depend_on_the_expression_or_on_other_people() -> None:
    first = hair.grow(figure_of(3))
    figure_of(4)
    again = hair.grow(Figure(draw_person(3), SPARSE))
    assert (first is None) == (again is None)
    if first is not None and again is not None:
        assert np.array_equal(first.points, again.points)


def test_bald_and_veiled_people_show_no_hair() -> None:
    figure = figure_of(0)
    assert hair.grow(wearing(figure, style="bald")) is None
    veiled = wearing(figure, style="long")
    person = veiled.person
    assert isinstance(person, Person)
    scarf = replace(person.accessories, covering="hijab")
    veiled.person = replace(person, looks=replace(person.looks, accessories=scarf))
    assert hair.grow(veiled) is None


@pytest.mark.parametrize("style", ["moustache", "goatee", "short", "full"])
def test_beards_grow_below_the_nose_and_follow_the_jaw(style: str) -> None:
    figure = figure_of(8)
    person = figure.person
    assert isinstance(person, Person)
    beard = replace(person.beard, style=style, length=0.1, density=1.0)
    bearded = wearing(figure)
    bearded.person = replace(person, looks=replace(person.looks, beard=beard))
    closed, opened = (bearded.surface(weights) for weights in ({}, {"fu-jawOpen": 0.8}))
    parts, moved = (
        [part for part in hair.face_hair(bearded, surface) if part.role == Role.BEARD] for surface in (closed, opened)
    )
    assert parts
    nose = figure.pose.head(figure.neutral[figure.body.nearest([0, 6.97, 1.65])])[1]
    for part in parts:
        assert np.isfinite(part.points).all()
        assert (part.points[:, 0, 1] < nose).mean() > 0.95
    if style != "moustache":
        chin = [np.concatenate([part.points[:, 0] for part in one])[:, 1].min() for one in (parts, moved)]
        assert chin[1] < chin[0]
