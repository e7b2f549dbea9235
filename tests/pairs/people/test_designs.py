"""Named designs of the 3D costumes: one look for everybody, whoever wears it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from stillyou.effects.designs import DESIGNS, find_design
from stillyou.pairs.teachers.people.costumes import wear
from stillyou.pairs.teachers.people.costumes.outfit import Outfit
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.parts import Role, StrandPart
from stillyou.pairs.teachers.people.person import draw_person

BARE = [seed for seed in range(40) if draw_person(seed).accessories.covering == "none"][:2]
ALL = [(effect, design.name) for effect, known in DESIGNS.items() for design in known]


@lru_cache(maxsize=2)
def figure(seed: int) -> Figure:
    return Figure(draw_person(seed), Detail.of(64))


@lru_cache(maxsize=64)
def outfit(effect: str, seed: int, design: str, worn: str = "both") -> Outfit:
    return wear(effect, figure(seed), None, design=find_design(effect, design), worn=worn)


def look(dressed: Outfit) -> list[tuple[str, str, tuple[float, ...]]]:
    """What everybody's costume shares: materials, roles and colours."""
    rows = []
    for part in dressed.parts:
        numbers = part.colour.mean(0) if isinstance(part, StrandPart) else part.params[:1].ravel()
        rows.append((part.material, part.role.name, tuple(np.round(numbers, 5).tolist())))
    return rows


@pytest.mark.parametrize(("effect", "design"), ALL)
def test_a_design_looks_alike_on_everybody(effect: str, design: str) -> None:
    one, other = (outfit(effect, seed, design) for seed in BARE)
    assert look(one) == look(other)
    assert {**one.attributes, "flowers": 0, "hat_falls": 0} == {**other.attributes, "flowers": 0, "hat_falls": 0}
    assert one.attributes["design"] == design


@pytest.mark.parametrize("effect", list(DESIGNS))
def test_designs_differ(effect: str) -> None:
    looks = [look(outfit(effect, BARE[0], design.name)) for design in DESIGNS[effect]]
    assert all(looks[i] != looks[j] for i in range(len(looks)) for j in range(i))


@pytest.mark.parametrize("effect", list(DESIGNS))
def test_hat_or_coat_alone(effect: str) -> None:
    design = DESIGNS[effect][0].name
    for worn, role in (("head", Role.COSTUME_HEAD), ("body", Role.COSTUME_BODY)):
        dressed = outfit(effect, BARE[0], design, worn)
        assert {part.role for part in dressed.parts} == {role}
        assert dressed.replaces_clothes == (worn == "body")
