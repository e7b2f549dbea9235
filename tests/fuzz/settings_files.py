"""Damaged effects and recipes."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import stillyou
from stillyou.config import load_toml
from stillyou.effects.lookup import load_effect
from stillyou.training.config import TrainingConfig
from tests.fuzz.mutate import mutate_text


@cache
def corpus() -> tuple[tuple[str, str], ...]:
    """The catalogue's effects and the recipes: suffix and text."""
    root = Path(stillyou.__file__).parent
    files = [*sorted(root.glob("effects/catalogue/*.yaml")), *sorted(root.glob("training/recipes/*.toml"))]
    return tuple((path.suffix, path.read_text(encoding="utf-8")) for path in files)


def attempt(number: int, folder: Path, seed: int = 1) -> str:
    """Damage a file of settings and load it."""
    draws = random.Random(f"settings {seed} {number}")
    suffix, text = draws.choice(corpus())
    path = folder / f"a{suffix}"
    path.write_bytes(mutate_text(text, draws).encode("utf-8", draws.choice(["replace", "surrogatepass"])))
    if suffix == ".yaml":
        load_effect(path).prompts()
    else:
        load_toml(path, TrainingConfig)
    return "read"
