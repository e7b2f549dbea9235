"""Editors and a judge whose figures are known beforehand."""

import numpy as np

from stillyou.effects.lookup import catalogue
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.splits import cases

SIZE = 32


class LazyEditor:
    """Answers with the source and marks nothing."""

    resolution = SIZE

    def answer(self, batch):
        assert len(batch.pictures) == len(batch.seeds) == len(set(batch.seeds))
        return [Answer(picture, np.zeros(picture.shape[:2], np.uint8)) for picture in batch.pictures]


class OracleEditor:
    """Looks the answer up; at strength 0 it answers with the source."""

    resolution = SIZE

    def __init__(self, split, n, seed=0):
        pairs = [p for effect in catalogue().values() for p in cases(effect, split, n, size=SIZE, seed=seed)]
        self.truth = {(pair.effect, pair.source.tobytes()): pair for pair in pairs}
        self.batches = []

    def answer(self, batch):
        self.batches.append((batch.effect.id, len(batch.pictures), batch.settings))
        pairs = [self.truth[batch.effect.id, picture.tobytes()] for picture in batch.pictures]
        return [Answer(p.target if batch.settings.strength else p.source, p.mask) for p in pairs]


class TruthJudge:
    """Sees an effect in its true targets and nowhere else."""

    def __init__(self, oracle):
        self.targets = {(pair.effect, pair.target.tobytes()) for pair in oracle.truth.values()}

    def scores(self, effect, pictures):
        right = [(effect.id, picture.tobytes()) in self.targets for picture in pictures]
        return right, [0.9 if success else 0.1 for success in right]

    def seen(self, effect, pictures):
        return [effect.id if right else "nothing" for right in self.scores(effect, pictures)[0]]
