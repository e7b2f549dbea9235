"""Pairs whose targets drift: the sources and the effect stay, the person does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillyou.effects.lookup import load_effect, load_effects
from stillyou.errors import UsageError
from stillyou.evaluation.known_truth.splits import cases
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import quiet

SANTA, ANGRY = load_effect("santa"), load_effect("angry")


def drawn(drift: float, seed: int = 3, style: int = 3) -> Pair:
    """Return a plain santa pair."""
    studio = CartoonStudio([TRAIN_STYLES[style]], size=64, augment=False, neutral_sources=True, drift=drift)
    return studio.pair(SANTA, seed)


def outside(pair: Pair, truth: Pair) -> float:
    """Return how far a target is from its source where the effect changes nothing, in levels."""
    return float(np.abs(pair.target.astype(float) - truth.source)[truth.mask == 0].mean())


@pytest.mark.parametrize("style", range(len(TRAIN_STYLES)))
def test_the_source_and_the_prompts_stay_and_the_target_drifts(style: int) -> None:
    truth, pair = drawn(0, style=style), drawn(1.0, style=style)
    assert np.array_equal(pair.source, truth.source)
    assert (pair.source_prompt, pair.target_prompt) == (truth.source_prompt, truth.target_prompt)
    assert pair.attributes == truth.attributes
    assert outside(truth, truth) == 0 < outside(pair, truth)
    assert np.array_equal(pair.source[pair.mask == 0], pair.target[pair.mask == 0])


def test_more_drift_keeps_less_and_the_seed_decides() -> None:
    truths = [drawn(0, seed) for seed in range(12)]
    lost = [
        np.mean([outside(drawn(drift, seed), truth) for seed, truth in enumerate(truths)]) for drift in (0.2, 0.5, 1.0)
    ]
    assert 0 < lost[0] < lost[1] < lost[2]
    assert np.array_equal(drawn(0.5).target, drawn(0.5).target)


def test_an_expression_drifts_beside_the_source_of_the_true_pair() -> None:
    """A pair that changes too little is drawn again: by its truth, or drifting ones would be of other sources."""
    for seed in range(30):
        truth, pair = (CartoonStudio(size=48, augment=False, drift=drift).pair(ANGRY, seed) for drift in (0, 0.6))
        assert np.array_equal(truth.source, pair.source)


def test_datasets_record_drift_where_it_was_chosen(tmp_path: Path) -> None:
    assert "drift" not in CartoonConfig().recorded()
    config = configure("cartoon", {"drift": 0.5, "size": 64})
    make_pairs(config, load_effects("santa"), 2, tmp_path / "pairs", execution=quiet())
    assert read_info(tmp_path / "pairs").config["drift"] == 0.5
    with pytest.raises(UsageError, match="drift"):
        configure("cartoon", {"drift": 1.5})


def test_people_do_not_drift() -> None:
    with pytest.raises(UsageError, match="no targets that drift"):
        next(cases(SANTA, "people", 1, size=64, drift=0.5))
