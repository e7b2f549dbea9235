"""Pairs of people and a face reader whose figures are known beforehand."""

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.pair import Pair

SIDE = 32
LOOKS = {"hair": "bob", "hair_length": "medium", "head_covering": "none"}


def person(effect, index, **attributes):
    """A pair whose source has a grey level of its own, and whose target is red in its upper half."""
    rng = generator("test person", effect, index)
    source = np.full((SIDE, SIDE, 3), int(rng.integers(1, 200)), np.uint8)
    source[..., 2] = rng.integers(0, 256)
    target, mask = source.copy(), np.zeros((SIDE, SIDE), np.uint8)
    mask[: SIDE // 2] = 255
    target[mask > 0] = (255, 0, 0)
    about = {"age_band": "old", "gender": "female", "skin_tone": 5, **LOOKS, **attributes}
    return Pair(source, target, mask, "a person", f"a person, {effect}", effect, "people", index, about)


class ColourReader:
    """Takes the colour of the last row for the face; blue alone (level 0 of red) shows none."""

    def __init__(self):
        self.calls = 0

    def describe(self, pictures):
        self.calls += 1
        if pictures[0][-1, 0, 0] == 0:
            return None
        return [picture[-1, 0].astype(np.float64) / 255 for picture in pictures]


class RedJudge:
    """Sees any effect in a picture whose first pixel is red."""

    def scores(self, effect, pictures):
        right = [tuple(picture[0, 0]) == (255, 0, 0) for picture in pictures]
        return right, [float(success) for success in right]

    def seen(self, effect, pictures):
        return [effect.id if right else "neutral" for right in self.scores(effect, pictures)[0]]
