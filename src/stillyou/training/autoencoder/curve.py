"""The figures of validations, one after the other, in a run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stillyou.errors import StillYouError
from stillyou.files import write_json
from stillyou.untrusted.json_text import read_json
from stillyou.untrusted.rules import RUN_FILE


def add_to_curve(path: Path, step: int, figures: Mapping[str, float]) -> None:
    """Put a validation's figures behind those of earlier steps; later ones, of a run that went back, and damage go."""
    try:
        before = [entry for entry in read_json(path, RUN_FILE) if entry["step"] < step]
    except (StillYouError, KeyError, TypeError):
        before = []
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, [*before, {"step": step, **{name: round(value, 3) for name, value in figures.items()}}])
