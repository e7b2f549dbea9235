"""The draft alone: the effect's art as it is laid on the portrait, no sampling (docs/reference/drafts.md)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillyou.drafts.draw import is_drawn
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.settings import Batch
from stillyou.evaluation.known_truth.subject import ModelSubject


class DraftAlone:
    """Answers with drafts; an effect without art has none, so its pictures stay as they are.

    Where the fit is unsure there is no draft either, and the answer is the model's edit from noise, as users get it.
    """

    def __init__(self, subject: ModelSubject) -> None:
        self._subject = subject

    @property
    def resolution(self) -> int:
        """Side of the pictures that the model edits, in pixels."""
        return self._subject.resolution

    def answer(self, batch: Batch) -> list[Answer]:
        """Answer a batch of square pictures uint8 (N, N, 3)."""
        if not is_drawn(batch.effect.id):
            return [Answer(picture, np.zeros(picture.shape[:2], np.uint8), 0) for picture in batch.pictures]
        alone = replace(batch.settings, draft="auto", refine=0.0, guidance=None, text_scale=None)
        return self._subject.answer(replace(batch, settings=alone))
