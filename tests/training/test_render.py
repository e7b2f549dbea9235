"""The render stage's arithmetic: whole datasets that fit the time there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillyou.pairs.generate import make_pairs
from stillyou.training import render as module
from stillyou.training.config import RenderSettings
from stillyou.training.render import Rendered, render
from tests.training.fakes import SANTA, SIZE, Painter


class Workshop:
    """Makes painted pairs in one process and lets a fake clock run one second a candidate."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[int] = []

    def make(self, open_teacher: Any, effects: Any, *, n: int, out: Path, seed: int, size: int, **rest: Any) -> None:
        self.time += n - (self.calls[-1] if self.calls else 0)
        self.calls.append(n)
        make_pairs(Painter, effects, n, out, seed=seed, size=size, shard_size=rest["shard_size"], progress=False)


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    monkeypatch.setattr(module, "make_pairs", made.make)
    return made


def run(workshop: Workshop, folder: Path, candidates: int, **limits: float) -> Rendered:
    settings = RenderSettings(candidates=candidates, workers=1)
    return render(folder, [SANTA], settings, size=SIZE, seed=0, now=lambda: workshop.time, **limits)


def test_without_a_budget_all_candidates_are_made_at_once(workshop: Workshop, tmp_path: Path) -> None:
    made = run(workshop, tmp_path / "p", 20)
    assert (made.candidates, made.accepted, made.complete) == (20, 20, True)
    assert workshop.calls == [20]


def test_a_budget_ends_the_growth_and_completes_the_stage(workshop: Workshop, tmp_path: Path) -> None:
    made = run(workshop, tmp_path / "p", 1000, budget=40.0)
    assert made.complete and made.seconds <= 40 and 24 <= made.candidates <= 40
    assert made.accepted == made.candidates


def test_a_pause_does_not_complete_the_stage_and_the_next_session_grows_the_set(
    workshop: Workshop, tmp_path: Path
) -> None:
    first = run(workshop, tmp_path / "p", 30, pause=12.0)
    assert not first.complete and first.candidates == 8
    workshop.calls = [first.candidates]
    second = run(workshop, tmp_path / "p", 30)
    assert second.complete and second.candidates == second.accepted == 30


def test_a_longer_budget_than_needed_stops_at_the_candidates(workshop: Workshop, tmp_path: Path) -> None:
    made = run(workshop, tmp_path / "p", 10, budget=500.0)
    assert made.complete and made.candidates == 10
