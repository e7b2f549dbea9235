"""Clothes, glasses and head coverings build for anybody and leave the eyes free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillyou.pairs.teachers.people.accessories import adorn
from stillyou.pairs.teachers.people.clothes import dress
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.parts import Role
from stillyou.pairs.teachers.people.person import Person, draw_person
from stillyou.pairs.teachers.people.wardrobe import KINDS

SMALL = Detail(size=64, factor=1, shadow=64, strands=0.03)
FIGURES = [Figure(draw_person(seed), SMALL) for seed in range(8)]


def changed(figure: Figure, component: str, **changes: object) -> Figure:
    person = figure.person
    assert isinstance(person, Person)
    traits = replace(getattr(person.looks, component), **changes)
    other = Figure.__new__(Figure)
    other.__dict__.update(figure.__dict__)
    other.person = replace(person, looks=replace(person.looks, **{component: traits}))
    return other


@pytest.mark.parametrize("kind", KINDS)
def test_every_garment_fits_anybody(kind: str) -> None:
    for figure in FIGURES:
        parts = dress(changed(figure, "clothes", kind=kind))
        assert parts
        for part in parts:
            assert part.role == Role.CLOTHES
            assert np.isfinite(part.positions).all()
            assert np.isfinite(part.normals).all()
            assert part.triangles.max() < len(part.positions)
            chin = figure.pose.head(figure.neutral[figure.body.nearest([0, 6.15, 1.45])])
            assert part.positions[:, 1].max() < chin[1] + 0.6


@pytest.mark.parametrize("covering", ["hijab", "turban", "beanie", "cap"])
def test_head_coverings_leave_the_eyes_free(covering: str) -> None:
    for figure in FIGURES:
        parts = [part for name, part in adorn(changed(figure, "accessories", covering=covering), figure.surface({}))
                 if name == "covering"]  # fmt: skip
        assert parts
        for part in parts:
            for eye in figure.eyeballs:
                x, y, z = (
                    figure.pose.direction(np.eye(3, dtype=np.float32))
                    @ (part.positions - figure.pose.head(eye.centre)).T
                )
                before = (np.abs(x) < 0.12) & (np.abs(y) < 0.08) & (z > 0)
                assert covering == "hijab" or not before.any()  # the scarf is cut open around the face as it is drawn


@pytest.mark.parametrize("glasses", ["round", "square", "oval", "rimless", "sun"])
def test_glasses_sit_before_the_eyes(glasses: str) -> None:
    for figure in FIGURES:
        worn = adorn(
            changed(figure, "accessories", glasses=glasses, covering="none", earrings="none"), figure.surface({})
        )
        assert {name for name, _ in worn} == {"glasses"}
        points = np.concatenate([part.positions for _, part in worn])
        for eye in figure.eyeballs:
            forward = figure.pose.direction(np.array([0, 0, 1], np.float32))
            depth = (points - figure.pose.head(eye.centre)) @ forward
            assert depth.max() > eye.radius


def test_nothing_is_worn_that_was_not_drawn() -> None:
    figure = changed(FIGURES[0], "accessories", glasses="none", covering="none", earrings="none")
    assert adorn(figure, figure.surface({})) == []
