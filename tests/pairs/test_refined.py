"""Drafts that an editor goes over, with a tiny editor of random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillyou.drafts.draft import Draft, reach
from stillyou.draws import generator
from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.portraits import refined
from stillyou.pairs.teachers.portraits.config import PortraitsConfig
from stillyou.pairs.teachers.portraits.refined import Refiner

SANTA = load_effect("santa").for_domain("people")
SIDE = 96


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tiny_pipeline) -> tuple[Pixels, Draft]:
    """A square of noise and a red patch to put on it; drafts are refined by the tiny editor."""
    monkeypatch.setattr(refined, "load_pipeline", lambda *_: tiny_pipeline)
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[10:40, 20:70] = 1
    red = np.broadcast_to(np.array([200, 20, 30], np.float32), (SIDE, SIDE, 3)).copy()
    return generator("square").integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8), Draft(red, alpha)


def _over(drawn: tuple[Pixels, Draft], level: float, seed: int = 3) -> Pixels:
    return Refiner("tiny", level).refined(*drawn, SANTA, SANTA.prompts(), seed)


def test_an_editor_changes_the_art_and_its_border_alone(drawn: tuple[Pixels, Draft]) -> None:
    source, draft = drawn
    plain, answer = draft.over(source), _over(drawn, 0.3)
    changed = (answer != plain).any(-1)
    assert answer.shape == source.shape and changed[draft.alpha > 0].mean() > 0.5
    assert not changed[reach(draft.alpha) == 0].any()


def test_the_same_seed_gives_the_same_and_a_lower_level_stays_nearer(drawn: tuple[Pixels, Draft]) -> None:
    plain = drawn[1].over(drawn[0]).astype(int)
    assert (_over(drawn, 0.6) == _over(drawn, 0.6)).all() and (_over(drawn, 0.6) != _over(drawn, 0.6, seed=4)).any()
    assert np.abs(_over(drawn, 0.05) - plain).mean() < np.abs(_over(drawn, 0.9) - plain).mean()


def test_what_an_editor_cannot_refine_is_refused(tmp_path: Path) -> None:
    unknown = SANTA.model_copy(update={"id": "wizard"})
    with pytest.raises(UsageError, match="the editor 'embedded' cannot refine 'wizard'"):
        PortraitsConfig(sources=tmp_path, refine=0.5).check_effects([SANTA, unknown])
    with pytest.raises(StillYouError, match="nosuch"):
        PortraitsConfig(sources=tmp_path, refine=0.5, base="nosuch").check_effects([SANTA])
    with pytest.raises(UsageError, match="--base embedded would change nothing"):
        PortraitsConfig(sources=tmp_path, base="embedded").check_effects([SANTA])
    silent = SANTA.model_copy(update={"target_prompt": SANTA.source_prompt})
    with pytest.raises(UsageError, match="'santa' has the same prompt for source and target"):
        PortraitsConfig(sources=tmp_path).check_effects([silent])
    assert "refine" not in PortraitsConfig(sources=tmp_path).recorded(), "older datasets go on"
    assert PortraitsConfig(sources=tmp_path, refine=0.5).recorded()["refine"] == 0.5
