"""Studio pairs: sources that the text-to-image teacher draws beside, with the true target and mask of each.

Training and test pictures are of the same kind and of different benchmark seeds, so that they share none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stillyou.draws import stable_seed
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.known_truth.splits import PairSample, cases, in_domain
from stillyou.pairs.pair import Pair

_MANY = 1_000_000


def effects_of(settings: ClaimSettings) -> list[EffectSpec]:
    """Return the effects with the words of their domain."""
    return [in_domain(catalogue()[name], settings.split) for name in settings.effects]


def training_seed(settings: ClaimSettings) -> int:
    """Return the benchmark seed of the pictures that pairs are drawn beside."""
    return stable_seed("claim training", settings.seed) % 2**31


def unseen_sample(settings: ClaimSettings, drift: float = 0.0) -> PairSample:
    """Return the test pictures with their truth, made; or with targets that drift from it."""
    sample = PairSample(settings.split, settings.tests, settings.seed, effects_of(settings), settings.side)
    return replace(sample, designs=True, drift=drift).made(settings.side)


class StudioPairs:
    """The studio's pairs by effect and number, drawn when they are first asked for.

    Args:
        split: What is drawn.
        seed: Benchmark seed.
        side: Of the pictures, in pixels.
        drift: Of targets that are wrong on purpose; 0 is the truth.
    """

    def __init__(self, split: str, seed: int, side: int, drift: float = 0.0) -> None:
        self._split, self._options = split, {"size": side, "seed": seed, "designs": True, "drift": drift}
        self._supply: dict[str, Iterator[Pair]] = {}
        self._made: dict[str, list[Pair]] = {}

    def get(self, effect: EffectSpec, number: int) -> Pair:
        """Return a pair."""
        made = self._made.setdefault(effect.id, [])
        if effect.id not in self._supply:
            self._supply[effect.id] = cases(catalogue()[effect.id], self._split, _MANY, **self._options)  # type: ignore[arg-type]
        while len(made) <= number:
            made.append(next(self._supply[effect.id]))
        return made[number]
