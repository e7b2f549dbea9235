"""Expressions move the face as they should, each its own way."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("moderngl")

from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.expressions import EXPRESSIONS, expression_weights, tears
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import Floats
from stillyou.pairs.teachers.people.person import draw_person

LANDMARKS = {
    "brow inner": (0.16, 7.5, 1.5),
    "brow outer": (0.5, 7.5, 1.35),
    "lid upper": (0.31, 7.36, 1.42),
    "lid lower": (0.31, 7.2, 1.42),
    "mouth corner": (0.26, 6.6, 1.42),
    "lip upper": (0.0, 6.66, 1.6),
    "lip lower": (0.0, 6.5, 1.55),
    "chin": (0.0, 6.18, 1.4),
}


def moved(seed: int, name: str) -> dict[str, Floats]:
    """How far each landmark moves from the neutral face, (3,) decimetres."""
    figure = Figure(draw_person(seed), Detail(64, 1, 256, 0.05))
    surface = figure.surface(expression_weights(name, seed))
    at = {mark: figure.body.nearest(place) for mark, place in LANDMARKS.items()}
    return {mark: surface.vertices[index] - figure.neutral[index] for mark, index in at.items()}


@pytest.mark.parametrize("seed", range(8))
def test_landmarks_move_as_the_expression_says(seed: int) -> None:
    angry, shocked, laughing, crying = (moved(seed, name) for name in ("angry", "shocked", "laughing", "crying"))
    assert angry["brow inner"][1] < -0.01
    assert shocked["brow inner"][1] > 0.02 and shocked["brow outer"][1] > 0.02
    assert shocked["chin"][1] < -0.1  # the jaw drops
    assert laughing["mouth corner"][1] > 0.03  # corners up
    assert crying["mouth corner"][1] < -0.005  # and down
    assert crying["brow inner"][1] > angry["brow inner"][1] + 0.02

    def opening(face: dict[str, Floats]) -> float:
        return float(face["lid upper"][1] - face["lid lower"][1])

    assert opening(shocked) > max(opening(laughing), opening(crying)) + 0.03


def test_neutral_moves_nothing_and_strength_scales() -> None:
    assert not expression_weights("neutral", 3)
    whole, half = expression_weights("angry", 3), expression_weights("angry", 3, 0.5)
    assert whole.keys() == half.keys()
    for unit, weight in whole.items():
        assert half[unit] == pytest.approx(weight / 2)


def test_people_differ_and_the_same_person_does_not() -> None:
    assert expression_weights("crying", 7) == expression_weights("crying", 7)
    tables = [expression_weights("crying", seed) for seed in range(20)]
    assert len({frozenset(table) for table in tables}) == 2  # two ways to cry
    assert len({round(table["fu-browInnerUp"], 6) for table in tables}) == 20


def test_every_unit_is_a_target_of_the_body() -> None:
    known = Figure(draw_person(0), Detail(64, 1, 256, 0.05)).body.targets
    for name in (*EXPRESSIONS, "smile"):
        for seed in range(6):
            assert set(expression_weights(name, seed)) <= set(known)


def test_only_who_cries_has_tears() -> None:
    assert tears("crying") == 1
    assert not any(tears(name) for name in (*EXPRESSIONS, "smile") if name != "crying")
    assert np.isfinite([weight for name in EXPRESSIONS for weight in expression_weights(name, 1).values()]).all()
