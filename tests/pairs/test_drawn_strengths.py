"""Pairs of weaker expressions: how strong follows from the seed, and the pair says it; without them nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillyou.effects.lookup import load_effect, load_effects
from stillyou.errors import UsageError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.drawn_strengths import drawn_strength
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.people.sitting import Showing
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import quiet

ANGRY, SANTA = load_effect("angry"), load_effect("santa")
PLAIN, WEAKER = (CartoonStudio(size=96, augment=False, strengths=weaker) for weaker in (False, True))


def change(pair: Pair) -> float:
    return float(np.abs(pair.source.astype(int) - pair.target).mean())


def test_strengths_reach_from_faint_to_whole() -> None:
    found = [drawn_strength("cartoon", "angry", seed) for seed in range(300)]
    assert min(found) >= 0.15 and max(found) == 1
    assert 0.25 < np.mean(np.array(found) == 1) < 0.45
    below = np.array([value for value in found if value < 1])
    assert np.histogram(below, [0.15, 0.4, 0.7, 1])[0].min() > 40, "every part of the range is drawn"
    assert found[:9] == [drawn_strength("cartoon", "angry", seed) for seed in range(9)]


def test_a_cartoon_pair_says_how_strong_it_is_and_keeps_its_source() -> None:
    strengths = []
    for seed in range(10):
        pair, plain = WEAKER.pair(ANGRY, seed), PLAIN.pair(ANGRY, seed)
        assert np.array_equal(pair.source, plain.source)
        assert (pair.source_prompt, pair.target_prompt) == (plain.source_prompt, plain.target_prompt)
        assert {**plain.attributes, "strength": pair.attributes["strength"]} == dict(pair.attributes)
        assert not pair.problem()
        strengths.append(float(pair.attributes["strength"]))
    assert any(value < 1 for value in strengths) and all(0.15 <= value <= 1 for value in strengths)


def test_costumes_are_as_without_strengths() -> None:
    pair, plain = WEAKER.pair(SANTA, 5), PLAIN.pair(SANTA, 5)
    assert np.array_equal(pair.target, plain.target) and pair.attributes == plain.attributes


def test_a_cartoon_that_is_weaker_changes_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same characters at two strengths: a mouth that opens less covers less."""
    shocked, totals = load_effect("shocked"), []
    for strength in (0.2, 1.0):
        monkeypatch.setattr("stillyou.pairs.teachers.cartoon.studio.drawn_strength", lambda *key, told=strength: told)
        totals.append(sum(change(WEAKER.pair(shocked, seed)) for seed in range(8)))
    assert 0 < totals[0] < 0.8 * totals[1]


def test_a_face_on_its_way_lies_between_both_faces() -> None:
    before, whole = Showing("laughing", 0.9), Showing("crying", 0.8)
    part = Showing("crying", 0.8, share=0.25, since=before)
    first, last, found = (showing.weights(7) for showing in (before, whole, part))
    assert set(found) == {*first, *last}
    for unit, value in found.items():
        assert value == pytest.approx(0.75 * first.get(unit, 0) + 0.25 * last.get(unit, 0))
    assert (before.wet, whole.wet, part.wet) == (0, 0.8, pytest.approx(0.2))


def test_drift_would_show_nothing() -> None:
    with pytest.raises(UsageError, match="drift would show nothing"):
        configure("cartoon", {"strengths": True, "drift": 0.5})


def test_datasets_record_strengths_where_they_were_chosen(tmp_path: Path) -> None:
    for config in (CartoonConfig(), PeopleConfig()):
        assert "strengths" not in config.recorded()
        assert config.model_copy(update={"strengths": True}).recorded()["strengths"] is True
    chosen = configure("cartoon", {"size": 64, "strengths": True})
    make_pairs(chosen, load_effects("angry"), 3, tmp_path, execution=quiet())
    rows = list(PairDataset(tmp_path, status="any").rows(("attributes",)))
    assert len(rows) == 3 and all("strength" in row["attributes"] for row in rows)
