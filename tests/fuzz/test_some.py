"""A small, seeded part of each fuzz; ``python -m tests.fuzz`` runs them at full size (docs/robustness.md)."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.fuzz.watch import try_cases


@pytest.mark.parametrize(
    ("kind", "cases"), [("pictures", 250), ("settings_files", 60), ("tables", 25), ("models", 8), ("commands", 8)]
)
def test_damage_is_told_in_a_line(kind: str, cases: int, tmp_path: Path) -> None:
    module = importlib.import_module(f"tests.fuzz.{kind}")
    module.corpus()
    found = try_cases(lambda number: module.attempt(number, tmp_path, seed=2), range(cases), lambda *_: None)
    assert found.faults == [] and sum(found.outcomes.values()) == cases
