"""What a stage has found, as JSON on disk: found again instead of made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stillyou.files import write_json
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import Rules

_RULES = Rules("Delete it; it is then made again.")


def recorded(path: Path) -> dict[str, Any] | None:
    """Return what a file holds, None if there is none; raises StillYouError for a damaged one."""
    return read_object(path, _RULES) if path.is_file() else None


def once(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a file holds; what is not there yet is made and written, whole or not at all."""
    found = recorded(path)
    if found is None:
        found = make()
        write_json(path, found)
    return found
