"""Answers that are read off the pair: lazy, oracle and teacher."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.figures import Answer
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

if TYPE_CHECKING:
    from stillyou.evaluation.known_truth.settings import Batch
    from stillyou.evaluation.known_truth.splits import PairSample


class Truth:
    """Finds a pair by its effect and source.

    Args:
        sample: Its pairs must be made.
    """

    def __init__(self, sample: PairSample) -> None:
        self._places = {
            (effect.id, pair.source.tobytes()): (index, pair)
            for effect in sample.shown()
            for index, pair in enumerate((sample.pairs or {})[effect.id])
        }

    def find(self, effect: EffectSpec, source: Picture) -> tuple[int, Pair]:
        """Return a source's pair and its number within the effect."""
        return self._places[effect.id, source.tobytes()]


class FromTruth:
    """Answers by what a pair holds.

    Args:
        truth: The pairs.
        resolution: Side of the pictures.
        choose: Takes the answer from a pair.
    """

    def __init__(self, truth: Truth, resolution: int, choose: Callable[[Pair], Answer]) -> None:
        self._truth, self._choose, self.resolution = truth, choose, resolution

    def answer(self, batch: Batch) -> list[Answer]:
        """Answer a batch."""
        return [self._choose(self._truth.find(batch.effect, picture)[1]) for picture in batch.pictures]


def lazy(pair: Pair) -> Answer:
    """Return the source, nothing marked."""
    return Answer(pair.source, pair.mask * 0, 0)


def oracle(pair: Pair) -> Answer:
    """Return the target with the true mask."""
    return Answer(pair.target, pair.mask, 0)


def teacher(pair: Pair) -> Answer:
    """Return the target as its teacher gave it: no mask of its own, so everything counts as marked."""
    return Answer(pair.target, pair.mask * 0 + 255, 0)
