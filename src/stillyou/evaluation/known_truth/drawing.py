"""Looks of a model's edits (`evaluation.looks`), beside its autoencoder, its drafts alone, lazy and oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stillyou.drafts.draw import has_art
from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.features import Features
from stillyou.evaluation.known_truth.settings import Settings, worn
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.evaluation.looks import Looks
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair


@dataclass
class Drawing:
    """Measures how a subject draws.

    Attributes:
        subject: Whose edits they are.
        features: Describes pictures; without it there is no kernel distance.
    """

    subject: ModelSubject
    features: Features | None = None
    _looks: Looks = field(init=False)

    def __post_init__(self) -> None:
        self._looks = Looks(self.features)

    def add(
        self,
        effect: EffectSpec,
        pairs: Sequence[Pair],
        edits: Sequence[Picture],
        seeds: Sequence[int],
        settings: Settings,
    ) -> None:
        """Take a batch of edits, and make the answers that stand beside them."""
        answers = {
            "edit": list(edits),
            "lazy": [pair.source for pair in pairs],
            "autoencoder": self.subject.copies(pairs),
            **self._drafts(effect, pairs, seeds, settings),
            "oracle": [pair.target for pair in pairs],
        }
        self._looks.add(pairs, answers, effect.group)

    def document(self) -> dict[str, Any]:
        """Return what `Looks.document` tells."""
        return self._looks.document()

    def _drafts(
        self, effect: EffectSpec, pairs: Sequence[Pair], seeds: Sequence[int], settings: Settings
    ) -> dict[str, list[Picture]]:
        """Return drafts as they are laid; nothing for effects without art, or where edits start from noise."""
        if settings.draft == "none" or not has_art(effect.id):
            return {}
        alone = replace(settings, refine=0.0)
        costumes = [worn(pair.attributes) for pair in pairs]
        made = self.subject.answer([pair.source for pair in pairs], effect, seeds, alone, costumes)
        return {"draft": [answer.edit for answer in made]}
