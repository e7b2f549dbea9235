"""What may be said about an edit's guidance, mask and strength, and how several sayings become one.

A saying (`Tuning`) is partial: None means "not said". A group, a domain of a group, an effect and a domain of an
effect each may say something; `resolve` lays them over each other, key by key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import Field, model_validator

from stillyou.config import (
    GuidanceScales,
    Level,
    Maps,
    MaskSettings,
    Multiple,
    Passes,
    Scale,
    Strategy,
    Strict,
    Width,
)


class _Partial(Strict):
    """Some keys of a settings class; complete settings are taken too, and then say every key."""

    @model_validator(mode="before")
    @classmethod
    def _complete_settings_say_all(cls, data: Any) -> Any:
        return data.model_dump() if isinstance(data, (GuidanceScales, MaskSettings)) else data

    def said(self) -> dict[str, Any]:
        """Return the keys that are said, with their values."""
        return self.model_dump(exclude_none=True)


class PartialGuidance(_Partial):
    """Some of the guidance scales (`config.GuidanceScales`)."""

    image: Scale | None = None
    source: Scale | None = None
    text: Scale | None = None


class PartialMask(_Partial):
    """Some of the mask settings (`config.MaskSettings`, which explains the keys)."""

    strategy: Strategy | None = None
    encode_strength: Level | None = None
    maps: Maps | None = None
    smooth: Passes | None = None
    ratio: Multiple | None = None
    threshold: Level | None = None
    grow: Width | None = None
    feather: Width | None = None


class Tuning(Strict):
    """What is said about an edit; None where nothing is."""

    guidance: PartialGuidance | None = None
    mask: PartialMask | None = None
    strength: float | None = Field(None, ge=0, le=1)
    refine: float | None = Field(None, ge=0, le=1)
    close_up: bool | None = None
    few_steps: int | None = Field(None, ge=1, le=1000)

    def over(self, other: Tuning) -> Tuning:
        """Return this saying, and what the other says where this one says nothing, key by key."""
        said = {**other.model_dump(exclude_none=True), **self.model_dump(exclude_none=True)}
        for part in ("guidance", "mask"):
            ways = [each.model_dump() for each in (getattr(other, part), getattr(self, part)) if each is not None]
            if ways:
                said[part] = {key: value for way in ways for key, value in way.items() if value is not None}
        return Tuning(**said)


class Saying(Protocol):
    """What `resolve` reads: a `Tuning`, or a record with the same fields."""

    @property
    def guidance(self) -> PartialGuidance | None:
        """Scales."""
        ...

    @property
    def mask(self) -> PartialMask | None:
        """Mask settings."""
        ...

    @property
    def strength(self) -> float | None:
        """Intensity in 0..1."""
        ...

    @property
    def refine(self) -> float | None:
        """How far sampling goes back from a draft, in 0..1."""
        ...

    @property
    def close_up(self) -> bool | None:
        """Whether the edit is drawn in a square of its own around the mask."""
        ...

    @property
    def few_steps(self) -> int | None:
        """Steps from noise that suffice a model that needs few."""
        ...


@dataclass(frozen=True)
class Defaults:
    """Complete settings of an edit that asks for nothing else.

    Attributes:
        guidance: Scales.
        mask: How the editing mask is estimated and used.
        strength: Intensity, 0 = the input, 1 = the full effect.
        refine: How far sampling goes back from a draft: 0 = the draft itself, 1 = pure noise.
        close_up: Whether the edit is drawn in a square of its own around the mask (`editing.close_up`).
        few_steps: Steps from noise that suffice a model whose card says that it needs few; None = as many as others.
    """

    guidance: GuidanceScales
    mask: MaskSettings
    strength: float = 1.0
    refine: float = 0.0
    close_up: bool = False
    few_steps: int | None = None


def resolve(sayings: Sequence[Saying]) -> Defaults:
    """Lay sayings over each other, key by key: the first that says a key decides it.

    A key that none says has the value of `config.GuidanceScales` or `config.MaskSettings`; strength is then 1,
    refinement 0, and there is no close-up.
    """
    guidance: dict[str, Any] = {}
    mask: dict[str, Any] = {}
    strength, refine, close_up = 1.0, 0.0, False
    few_steps: int | None = None
    for saying in reversed(sayings):
        guidance |= {} if saying.guidance is None else saying.guidance.said()
        mask |= {} if saying.mask is None else saying.mask.said()
        strength = strength if saying.strength is None else saying.strength
        refine = refine if saying.refine is None else saying.refine
        close_up = close_up if saying.close_up is None else saying.close_up
        few_steps = few_steps if saying.few_steps is None else saying.few_steps
    return Defaults(GuidanceScales(**guidance), MaskSettings(**mask), strength, refine, close_up, few_steps)
