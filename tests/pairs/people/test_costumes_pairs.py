"""Pairs of dressed people, drawn: exact outside clean masks, faces left alone, the same every time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy import ndimage

pytest.importorskip("moderngl")

from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.people.costumes import COSTUMES
from stillyou.pairs.teachers.people.expressions import EXPRESSIONS
from stillyou.pairs.teachers.people.gl.context import open_device
from stillyou.pairs.teachers.people.gl.renderer import Rendered
from stillyou.pairs.teachers.people.masks import SPECK, clean, costume_edit, expression_edit
from stillyou.pairs.teachers.people.parts import Role
from stillyou.pairs.teachers.people.studio import PeopleStudio, _showings

SIZE = 128
SEEDS = (2, 5, 29)
EFFECTS = {effect.id: effect for effect in load_effects(",".join((*COSTUMES, *EXPRESSIONS)))}


@lru_cache(maxsize=1)
def studio() -> PeopleStudio:
    try:
        open_device()
    except StillYouError as error:
        pytest.skip(f"people are not drawn: {error}")
    return PeopleStudio(size=SIZE)


@lru_cache(maxsize=64)
def pair(effect: str, seed: int) -> Pair:
    return studio().pair(EFFECTS[effect], seed)


def every_pair() -> list[Pair]:
    return [pair(effect, seed) for seed in SEEDS for effect in EFFECTS]


def test_nothing_changes_outside_the_mask() -> None:
    for made in every_pair():
        assert made.problem() == "", f"{made.effect} on person {made.seed}"
        assert (made.source != made.target).any()


def test_masks_have_neither_specks_nor_pinholes() -> None:
    for made in every_pair():
        for flags in (made.mask > 0, made.mask == 0):
            labels, count = ndimage.label(flags)
            sizes = np.bincount(labels.ravel())[1:]
            assert count > 0 and sizes.min() >= np.floor(SPECK * SIZE * SIZE), f"{made.effect} on person {made.seed}"


def test_masks_cover_what_is_worn_and_spare_the_face() -> None:
    for seed in SEEDS:
        for effect in COSTUMES:
            made = pair(effect, seed)
            sitting = studio()._sit(seed)
            source, target = (sitting.picture(showing) for showing in _showings(effect, sitting))
            whole = np.isin(target.roles, (Role.COSTUME_HEAD, Role.COSTUME_BODY)).reshape(SIZE, 2, SIZE, 2).all((1, 3))
            assert (made.mask[whole] > 0).mean() > 0.99
            face = np.isin(source.roles, (Role.EYE, Role.MOUTH)).reshape(SIZE, 2, SIZE, 2).any((1, 3))
            assert (made.mask[face] > 0).mean() < 0.02, f"{effect} on person {seed}"
            assert 0.03 < (made.mask > 0).mean() < 0.65


def test_expression_masks_stay_in_the_face() -> None:
    for seed in SEEDS:
        for effect in EXPRESSIONS:
            made = pair(effect, seed)
            rows, columns = np.nonzero(made.mask)
            assert 0.005 < (made.mask > 0).mean() < 0.3
            assert rows.min() > 0 and np.ptp(columns) < 0.7 * SIZE


def test_expression_masks_hold_the_whole_expression() -> None:
    for seed in SEEDS:
        for effect in EXPRESSIONS:
            made = pair(effect, seed)
            source, target = (
                studio()._sit(seed).picture(showing) for showing in _showings(effect, studio()._sit(seed))
            )
            inside = (Role.MOUTH, Role.EYE)
            moved = (
                (np.isin(source.roles, inside) != np.isin(target.roles, inside)).reshape(SIZE, 2, SIZE, 2).all((1, 3))
            )
            assert moved.sum() < 20 or (made.mask[moved] > 0).mean() > 0.97, f"{effect} on person {seed}"


def test_lips_that_move_without_opening_are_in_the_mask() -> None:
    roles = np.full((256, 256), Role.SKIN)
    roles[90:96, 90:166] = Role.EYE
    levels = np.full((128, 128), 150)
    moved = levels.copy()
    moved[66:70, 52:76] = 60  # lips, a tenth of the side below the eyes
    edit = expression_edit(painted(roles, levels), painted(roles, moved))
    assert (edit.mask[66:70, 52:76] == 255).all() and (edit.pixels[67:69, 54:74] == 60).all()
    assert (edit.mask[85:] == 0).all()


def test_the_person_is_the_same_in_all_pairs_of_a_seed() -> None:
    sources = [pair(effect, SEEDS[0]).source for effect in COSTUMES]
    for source in sources[1:]:
        np.testing.assert_array_equal(source, sources[0])
    names = {pair(effect, SEEDS[0]).attributes["source_expression"] for effect in COSTUMES}
    assert names <= {"neutral", "smile"}  # mild


def test_sources_of_expression_pairs_show_another_expression() -> None:
    shown = set()
    for made in every_pair():
        if made.effect in EXPRESSIONS:
            assert made.attributes["source_expression"] != made.effect == made.attributes["target_expression"]
            shown.add(made.attributes["source_expression"])
    assert len(shown) > 3


def test_what_was_made_before_does_not_show() -> None:
    other = PeopleStudio(size=SIZE) if studio() else None
    assert other is not None
    for effect in ("sheep", "royal", "angry"):
        made, again = pair(effect, SEEDS[1]), other.pair(EFFECTS[effect], SEEDS[1])
        np.testing.assert_array_equal(made.source, again.source)
        np.testing.assert_array_equal(made.target, again.target)
        np.testing.assert_array_equal(made.mask, again.mask)
        assert made.attributes == again.attributes


def painted(roles: np.ndarray, levels: np.ndarray) -> Rendered:
    return Rendered(np.repeat(levels[..., None], 3, 2).astype(np.uint8), roles.astype(np.uint8))


def test_a_costume_takes_its_shade_along_but_no_distant_light() -> None:
    roles = np.full((128, 128), Role.SKIN)
    levels = np.full((64, 64), 100)
    hatted, darker = roles.copy(), levels.copy()
    hatted[:40] = Role.COSTUME_HEAD
    darker[:20] = 200
    darker[20:22] = 60  # shade under the brim
    darker[22:] = 97  # the whole face a little darker
    edit = costume_edit(painted(roles, levels), painted(hatted, darker))
    assert (edit.mask[:22] == 255).all() and (edit.mask[26:] == 0).all()
    assert (edit.pixels[:20] == 200).all() and (edit.pixels[edit.mask == 0] == 100).all()
    assert (edit.pixels[20] < 70).all()  # the shade itself is shown


def test_flickering_hair_is_no_part_of_an_expression() -> None:
    rng = np.random.default_rng(0)
    roles = np.full((128, 128), Role.HAIR)
    roles[40:90, 40:90] = Role.SKIN
    roles[70:76, 56:72] = Role.MOUTH
    levels = np.full((64, 64), 120)
    moved = levels + rng.integers(-40, 40, levels.shape) * (roles[::2, ::2] == Role.HAIR)
    moved[34:39, 26:38] = 30
    edit = expression_edit(painted(roles, levels), painted(roles, moved))
    assert (edit.mask[35:38, 28:36] == 255).all()
    assert (edit.mask[roles[::2, ::2] == Role.HAIR] == 0).all()


def test_cleaning_drops_specks_and_fills_pinholes() -> None:
    flags = np.zeros((100, 100), bool)
    flags[20:60, 20:60] = True
    speck = flags.copy()
    speck[5, 5] = True
    speck[30, 30] = False
    np.testing.assert_array_equal(clean(speck), flags)
    assert not clean(np.zeros((50, 50), bool)).any()
