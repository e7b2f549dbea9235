"""Figures of people by group: who is served worst, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from stillyou.pairs.pair import Attribute

FEWEST_OF_GROUP = 20
"""Edits of a group below which its figures are marked: of 20, a success of 0.5 may be 0.3 to 0.7."""
_TONES = {"light (1-3)": 3, "medium (4-6)": 6, "dark (7-10)": 10}
_CURLY = ("curly", "afro")


def _skin_tone(attributes: Mapping[str, Attribute]) -> str:
    tone = int(attributes["skin_tone"])
    return next(name for name, last in _TONES.items() if tone <= last)


def _hair(attributes: Mapping[str, Attribute]) -> str:
    """Return the kind of hair that costumes meet: covered, bald, curly, or else its length."""
    style = str(attributes["hair"])
    if attributes["head_covering"] != "none":
        return "covered"
    if style == "bald":
        return style
    return "curly" if style.startswith(_CURLY) else str(attributes["hair_length"])


AXES: Mapping[str, Callable[[Mapping[str, Attribute]], str]] = {
    "age band": lambda attributes: str(attributes["age_band"]),
    "gender": lambda attributes: str(attributes["gender"]),
    "skin tone": _skin_tone,
    "hair": _hair,
}
"""What figures are split by: how each axis names the group of a pair's attributes."""


def worst_first(tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of groups by success of their edits, then by judge score, lowest first."""
    return sorted(tables, key=lambda name: (tables[name]["edit_success"], tables[name]["judge_score"], name))


def with_certainty(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group's figures with the 95% interval of its success, and whether its edits are too `few`."""
    low, high = wilson(table["edit_success"], table["edits"])
    return {**table, "success_low": low, "success_high": high, "few": table["edits"] < FEWEST_OF_GROUP}


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's score interval of a share among n: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    whole = 1 + z**2 / n
    middle = share + z**2 / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)
