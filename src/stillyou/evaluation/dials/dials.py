"""What can be turned in an effect, and the settings that are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning
from stillyou.effects.spec import EffectSpec


@dataclass(frozen=True)
class Dial:
    """A dial.

    Attributes:
        settings: What is tried.
        tuning: Returns what a setting says.
    """

    settings: tuple[float, ...]
    tuning: Callable[[float], Tuning]


DIALS: Final[Mapping[str, Dial]] = {
    "text": Dial((1.5, 2.0, 3.0, 4.5, 6.0), lambda value: Tuning(guidance=PartialGuidance(text=value))),
    "mask": Dial((1.2, 2.0, 3.0, 4.6, 7.0), lambda value: Tuning(mask=PartialMask(ratio=value))),
    "steps": Dial((2, 3, 4, 6, 8), lambda value: Tuning(few_steps=int(value))),
    "refine": Dial((0.0, 0.2, 0.3, 0.45, 0.6), lambda value: Tuning(refine=value)),
}
"""`text`: guidance; `mask`: the multiple of the mean at which its map is clamped; `steps`: from noise, of a model that
needs few; `refine`: how far sampling goes back from a draft."""
FROM_NOISE, FROM_DRAFT = ("text", "mask", "steps"), ("refine",)
"""Dials that change an edit from noise, and from a draft."""


def turned(effect: EffectSpec, tuning: Tuning) -> EffectSpec:
    """Return an effect that says what a tuning says, and what it said before where that says nothing."""
    own = Tuning(**{name: getattr(effect, name) for name in Tuning.model_fields})
    laid = tuning.over(own)
    return effect.model_copy(update={name: getattr(laid, name) for name in Tuning.model_fields})
