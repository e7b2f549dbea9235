"""Looks of a model's edits (`evaluation.looks`), beside its autoencoder, its drafts alone, lazy and oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stillyou.drafts.draw import is_drawn
from stillyou.evaluation.features import Features
from stillyou.evaluation.known_truth.settings import Batch
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

    def add(self, batch: Batch, pairs: Sequence[Pair], edits: Sequence[Picture]) -> None:
        """Take a batch of edits, and make the answers that stand beside them."""
        answers = {
            "edit": list(edits),
            "lazy": [pair.source for pair in pairs],
            "autoencoder": self.subject.copies(pairs),
            **self._drafts(batch),
            "oracle": [pair.target for pair in pairs],
        }
        self._looks.add(pairs, answers, batch.effect.group)

    def document(self) -> dict[str, Any]:
        """Return what `Looks.document` tells."""
        return self._looks.document()

    def _drafts(self, batch: Batch) -> dict[str, list[Picture]]:
        """Return drafts as they are laid; nothing for effects without art, or where edits start from noise."""
        if batch.settings.draft == "none" or not is_drawn(batch.effect.id):
            return {}
        made = self.subject.answer(replace(batch, settings=replace(batch.settings, refine=0.0)))
        return {"draft": [answer.edit for answer in made]}
