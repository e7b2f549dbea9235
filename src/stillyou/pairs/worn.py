"""What a pair's target wears, where it is of a named design, and the draft of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.draw import Wear, draw
from stillyou.drafts.network import predict
from stillyou.effects.designs import designs
from stillyou.effects.domains import Domain
from stillyou.pairs.pair import Attribute, Pair

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


def draft_of(pair: Pair, domain: Domain | None) -> NDArray[np.uint8] | None:
    """Return a pair's source with its target's costume laid on it as edits do, where the shipped fit network says.

    None where the target is of no named design.
    """
    wanted = worn(pair.attributes)
    if domain is None or wanted.wear is None or wanted.design not in [each.name for each in designs(pair.effect)]:
        return None
    fit = predict(pair.source[None])[0]
    return draw(pair.source, fit, domain, pair.effect, wanted.design, wanted.wear).over(pair.source)
