"""The cartoon studio: exact, deterministic pairs whose source and target differ in the edit alone."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.effects.lookup import auxiliary, catalogue
from stillyou.errors import UsageError
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.cartoon.licences import attributions
from stillyou.pairs.teachers.cartoon.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES

EFFECTS = {**catalogue(), **auxiliary()}
STYLES = (*TRAIN_STYLES, *HELD_OUT_STYLES)
SIZE = 96

effects = st.sampled_from(sorted(EFFECTS))
seeds = st.integers(0, 2**63 - 1)


def digest(pair: Pair) -> str:
    parts = (pair.source.tobytes(), pair.target.tobytes(), pair.mask.tobytes(), repr(sorted(pair.attributes.items())))
    return hashlib.sha256(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)).hexdigest()


@settings(max_examples=40, deadline=None)
@given(effect=effects, seed=seeds)
def test_pairs_are_exact_outside_the_mask(effect: str, seed: int) -> None:
    pair = CartoonStudio(size=SIZE).pair(EFFECTS[effect], seed)
    assert pair.problem() == ""
    assert pair.source.shape == (SIZE, SIZE, 3)
    share = (pair.mask > 0).mean()
    assert 0 < share < (0.95 if effect in COSTUMES else 0.6)
    assert (pair.source != pair.target).any()


@settings(max_examples=20, deadline=None)
@given(effect=effects, seed=seeds)
def test_a_pair_follows_from_effect_and_seed_alone(effect: str, seed: int) -> None:
    studio = CartoonStudio(size=SIZE)
    first = digest(studio.pair(EFFECTS[effect], seed))
    studio.pair(EFFECTS["crying"], seed ^ 1)
    assert digest(studio.pair(EFFECTS[effect], seed)) == first
    assert digest(CartoonStudio(size=SIZE).pair(EFFECTS[effect], seed)) == first


def test_another_process_makes_the_same_pairs() -> None:
    wanted = [("santa", 3), ("laughing", 4), ("neutral", 2**63 - 1)]
    code = (
        "from tests.pairs.test_cartoon import CartoonStudio, EFFECTS, SIZE, digest\n"
        f"print(*[digest(CartoonStudio(size=SIZE).pair(EFFECTS[e], s)) for e, s in {wanted!r}])"
    )
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert there == [digest(CartoonStudio(size=SIZE).pair(EFFECTS[e], s)) for e, s in wanted]


def test_many_seeds_give_sound_and_different_pairs() -> None:
    studio, names = CartoonStudio(size=64), sorted(EFFECTS)
    pairs = [studio.pair(EFFECTS[names[seed % len(names)]], seed) for seed in range(200)]
    assert [pair.problem() for pair in pairs] == [""] * 200
    assert len({digest(pair) for pair in pairs}) == 200
    assert {pair.attributes["style"] for pair in pairs} == {style.name for style in TRAIN_STYLES}
    assert len({pair.source_prompt for pair in pairs}) == 5
    faces = {pair.attributes["face"] for pair in pairs}
    assert {"own", "sketched"} < faces and len(faces) > 4


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_style_shows_every_edit_clearly(style: StyleSpec) -> None:
    studio = CartoonStudio([style], size=128, augment=False, neutral_sources=True)
    for name, effect in catalogue().items():
        pair = studio.pair(effect, 7)
        share = (pair.mask > 0).mean()
        low, high = (0.08, 0.75) if name in COSTUMES else (0.003, 0.15)
        assert low < share < high, (name, share)
        inside = pair.mask > 0
        change = np.abs(pair.source.astype(int) - pair.target).max(axis=2)[inside]
        assert change.max() > 60, name


def sources(effect: str, count: int = 60, **options: bool) -> list[Pair]:
    studio = CartoonStudio(size=32, **options)
    return [studio.pair(EFFECTS[effect], seed) for seed in range(count)]


def test_costumes_leave_the_expression_and_expressions_leave_the_costume() -> None:
    for pair in sources("royal"):
        assert pair.attributes["source_costume"] == "none"
        assert pair.attributes["target_costume"] == "royal"
        assert pair.attributes["source_expression"] == pair.attributes["target_expression"]
        assert pair.attributes["costume_robe"]
    for pair in sources("angry"):
        assert pair.attributes["source_costume"] == pair.attributes["target_costume"]
        assert pair.attributes["source_expression"] != pair.attributes["target_expression"] == "angry"


def test_sources_are_mostly_calm_and_sometimes_dressed() -> None:
    pairs = sources("angry", 200)
    calm = np.mean([pair.attributes["source_expression"] == "neutral" for pair in pairs])
    dressed = np.mean([pair.attributes["source_costume"] != "none" for pair in pairs])
    assert 0.62 < calm < 0.86
    assert 0.08 < dressed < 0.24
    undressed = sources("angry", costumed_sources=False)
    assert {pair.attributes["source_costume"] for pair in undressed} == {"none"}


def test_neutral_sources_are_neutral_and_plain() -> None:
    for effect in ("angry", "santa"):
        for pair in sources(effect, 20, neutral_sources=True, augment=False):
            assert (pair.attributes["source_expression"], pair.attributes["source_costume"]) == ("neutral", "none")
            assert pair.attributes["face"] == "own"
            assert pair.source_prompt == "a cartoon character"


def test_the_way_back_starts_from_an_expression() -> None:
    starts = {pair.attributes["source_expression"] for pair in sources("neutral", neutral_sources=True)}
    assert starts == set(EXPRESSIONS) - {"neutral"}


def test_effects_that_it_cannot_draw_are_refused() -> None:
    effect = catalogue()["santa"].model_copy(update={"id": "pirate"})
    with pytest.raises(UsageError, match="cannot draw effect 'pirate'"):
        CartoonStudio().pair(effect, 0)
    with pytest.raises(UsageError, match="size 8 is out of range"):
        CartoonStudio(size=8)


def test_held_out_styles_are_out_of_reach_of_pairs_and_training() -> None:
    assert not {s.name for s in TRAIN_STYLES} & {s.name for s in HELD_OUT_STYLES}
    code = (
        "import importlib, pkgutil, sys, stillyou.pairs, stillyou.training\n"
        "for package in (stillyou.pairs, stillyou.training):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "print([name for name in sys.modules if name.startswith('stillyou.evaluation')])"
    )
    reached = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert reached.strip() == "[]"


def test_every_style_names_its_author_and_licence() -> None:
    lines = {entry.style: entry for entry in attributions(STYLES)}
    assert set(lines) == {style.name for style in STYLES}
    assert lines["micah"].creator == "Micah Lanier"
    assert lines["micah"].licence == "CC BY 4.0"
    assert {entry.licence for entry in lines.values()} == {"CC BY 4.0", "CC0 1.0"}
    assert CartoonStudio().licences["lorelei"].startswith('"Lorelei" by Lisa Wischofsky, CC0 1.0')
