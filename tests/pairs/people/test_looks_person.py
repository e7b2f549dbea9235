"""People follow from their seed, every component from its own generator, and groups are balanced."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from stillyou.pairs.teachers.people import looks
from stillyou.pairs.teachers.people.body import load_body
from stillyou.pairs.teachers.people.groups import AGE_BANDS, ANCESTRIES, GENDERS, draw_group
from stillyou.pairs.teachers.people.palette import skin_tone
from stillyou.pairs.teachers.people.person import draw_person

ATTRIBUTES = {
    "age", "age_band", "gender", "ancestry", "skin_tone", "hair", "hair_length", "hair_colour", "beard",
    "eye_colour", "glasses", "head_covering", "clothes", "source_expression",
}  # fmt: skip


def test_the_same_seed_gives_the_same_person() -> None:
    assert draw_person(2**62 + 5) == draw_person(2**62 + 5)
    assert draw_person(1) != draw_person(2)


def test_attributes_are_complete_and_storable() -> None:
    for seed in range(60):
        attributes = draw_person(seed).attributes
        assert set(attributes) == ATTRIBUTES
        assert all(isinstance(value, str | int | float) for value in attributes.values())
        assert 1 <= attributes["skin_tone"] <= 10
        low, high = AGE_BANDS[str(attributes["age_band"])]
        assert low - 0.05 <= float(attributes["age"]) <= high + 0.05


@pytest.mark.parametrize(("axis", "values"), [("age_band", AGE_BANDS), ("gender", GENDERS), ("ancestry", ANCESTRIES)])
def test_groups_are_balanced(axis: str, values: tuple[str, ...]) -> None:
    drawn = Counter(getattr(draw_group(seed), axis) for seed in range(3000))
    share = 1 / len(values)
    spread = 4 * np.sqrt(share * (1 - share) / 3000)  # four standard errors
    assert set(drawn) == set(values)
    assert all(abs(count / 3000 - share) < spread for count in drawn.values())


def test_every_cell_of_the_balance_exists() -> None:
    cells = {(g.age_band, g.gender, g.ancestry, g.hair_length) for g in map(draw_group, range(6000))}
    assert len(cells) == len(AGE_BANDS) * len(GENDERS) * len(ANCESTRIES) * 3


def test_changing_how_clothes_are_drawn_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [draw_person(seed) for seed in range(20)]
    dressed = looks.draw_clothes

    def thirsty(rng: np.random.Generator, group: object) -> object:
        rng.random(17)  # another number of draws than before
        return dressed(rng, group)  # type: ignore[arg-type]

    monkeypatch.setattr(looks, "draw_clothes", thirsty)
    after = [draw_person(seed) for seed in range(20)]
    assert any(a.clothes != b.clothes for a, b in zip(before, after, strict=True))
    for a, b in zip(before, after, strict=True):
        kept = [field.name for field in fields(a.looks) if field.name not in ("clothes", "names")]
        assert all(getattr(a.looks, name) == getattr(b.looks, name) for name in kept)
        assert replace(a, looks=b.looks) == b


def test_details_name_targets_of_the_body() -> None:
    body = load_body()
    for seed in range(40):
        details = draw_person(seed).details
        assert set(details) <= set(body.targets)
        assert all(0 <= weight <= 0.7 for weight in details.values())


def test_children_have_no_beards_and_women_neither() -> None:
    for person in map(draw_person, range(400)):
        if person.age < 18 or not person.male:
            assert person.beard.style == "none"
            assert person.beard.stubble == 0


def test_darker_melanin_is_a_higher_tone() -> None:
    tones = [skin_tone(melanin) for melanin in np.linspace(0, 1, 21)]
    assert tones[0] == 1
    assert tones[-1] == 10
    assert tones == sorted(tones)
