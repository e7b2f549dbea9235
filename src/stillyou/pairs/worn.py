"""What a pair's target wears, where it is of a named design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stillyou.drafts.draw import Wear
from stillyou.pairs.pair import Attribute

_WEARS: Final[Mapping[str, Wear]] = {"head": "hat", "body": "coat", "both": "both"}
"""What of a costume is worn, by what pairs of people say of their targets (`completeness`)."""


@dataclass(frozen=True)
class Worn:
    """What an edit is asked to show of a costume; None = not said.

    Attributes:
        design: A named look.
        wear: What of it.
    """

    design: str | None = None
    wear: Wear | None = None


def worn(attributes: Mapping[str, Attribute]) -> Worn:
    """Return what a pair's target wears, if it is of a named design: an edit is asked for the same."""
    design = attributes.get("design")
    return Worn() if design is None else Worn(str(design), _WEARS.get(str(attributes.get("completeness")), "both"))
