"""How the edits of an evaluation are made, and what each is to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stillyou.config import GuidanceScales
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair
from stillyou.pairs.worn import Worn, worn

if TYPE_CHECKING:
    from stillyou.editing.request import EditOptions

Start = Literal["auto", "none"]
STARTS: tuple[Start, ...] = ("auto", "none")
"""What edits start from: the effect's own art where it has some, or noise."""


@dataclass(frozen=True)
class Settings:
    """How edits are made.

    Attributes:
        steps: Sampling steps; None takes what edits take.
        guidance: Scales for all effects; None takes each effect's own, and none from a draft.
        text_scale: Replaces the text scale of either; None keeps it.
        strength: 0 = the input, 1 = the full effect.
        draft: What edits start from.
        refine: How far sampling goes back from a draft; None takes each effect's own.
        retry: Whether edits that are out of band are tried again (`editing.check`).
        masked: Whether edits have a mask; without one they are whole pictures of the model's.
    """

    steps: int | None = None
    guidance: GuidanceScales | None = None
    text_scale: float | None = None
    strength: float = 1.0
    draft: Start = "auto"
    refine: float | None = None
    retry: bool | None = None
    masked: bool = True

    def scales(self, effect: EffectSpec) -> GuidanceScales:
        """Return the guidance scales used for an effect from noise."""
        scales = self.guidance or effect.defaults().guidance
        return scales if self.text_scale is None else scales.model_copy(update={"text": self.text_scale})

    def options(self, effect: EffectSpec) -> EditOptions:
        """Return the options of an edit; scales that nobody named are the edit's to choose where it has a draft."""
        named = self.draft == "none" or self.guidance is not None or self.text_scale is not None
        return {
            "strength": self.strength,
            "steps": self.steps,
            "guidance": self.scales(effect) if named else None,
            "draft": self.draft,
            "refine": self.refine,
            "retry": self.retry,
        }


@dataclass(frozen=True)
class Batch:
    """Edits that are made together, all with one effect.

    Attributes:
        effect: The effect.
        pictures: Square sources, uint8 (N, N, 3) each.
        seeds: What the noise of each follows from.
        costumes: What each is asked to wear.
        settings: How all of them are made.
    """

    effect: EffectSpec
    pictures: Sequence[Picture]
    seeds: Sequence[int]
    costumes: Sequence[Worn]
    settings: Settings

    @classmethod
    def of(cls, pairs: Sequence[Pair], effect: EffectSpec, seeds: Sequence[int], settings: Settings) -> Batch:
        """Return the edits of pairs' sources: each is asked for what its target wears."""
        costumes = [worn(pair.attributes) for pair in pairs]
        return cls(effect, [pair.source for pair in pairs], seeds, costumes, settings)

    def only(self, places: Sequence[int]) -> Batch:
        """Return the edits at some places alone."""
        return Batch(
            self.effect,
            [self.pictures[i] for i in places],
            [self.seeds[i] for i in places],
            [self.costumes[i] for i in places],
            self.settings,
        )


def steps_told(steps: int | None) -> str:
    """Say in words how many steps edits took."""
    return "as many steps as each effect takes by default" if steps is None else f"{steps} steps"


def start_told(document: Mapping[str, Any]) -> str:
    """Say in words what the edits of an evaluation's document started from."""
    if document.get("draft", "none") == "none":
        return "edits start from noise"
    refine = document.get("refine")
    return "edits of effects with art start from drafts" + ("" if refine is None else f", refined by {refine:g}")


def parse_start(text: str) -> Start:
    """Read what edits start from; raises UsageError with the words there are."""
    for start in STARTS:
        if text.strip() == start:
            return start
    raise UsageError(f"unknown draft '{text}'", nearest(text, STARTS))
