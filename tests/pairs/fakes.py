"""A teacher that is quick and exact: a rectangle changes colour on a noisy picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.pair import Pair

LICENCES = {"rectangles": "CC0"}


@dataclass(frozen=True)
class FakeTeacher:
    """Every fifth candidate or so changes nothing, so that curation has something to reject."""

    size: int = 64
    name: str = "fake"
    shares_sources: bool = False

    @property
    def licences(self) -> dict[str, str]:
        return LICENCES

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        draws = generator(seed, effect.id)
        size = self.size
        source = draws.integers(0, 256, (size, size, 3), dtype=np.uint8)
        mask = np.zeros((size, size), np.uint8)
        if draws.random() > 0.2:
            side = size // 4 if effect.group == "expression" else size // 2
            mask[3 : 3 + side, 5 : 5 + side] = 255
        target = np.where(mask[..., None] > 0, 255 - source, source)
        prompts = effect.prompts()
        attributes = {"style": "plain", "source_expression": "neutral", "shade": 0.5, "count": 3}
        return Pair(source, target, mask, prompts.source, prompts.target, effect.id, self.name, seed, attributes)


@dataclass(frozen=True)
class BrokenTeacher(FakeTeacher):
    """Gives out at one candidate, the way it is told to."""

    stop_at: int = -1
    failure: str = ""

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        if seed == self.stop_at:
            if self.failure == "kill":
                import os

                os._exit(9)
            if self.failure == "interrupt":
                raise KeyboardInterrupt
            raise ValueError("ink ran out")
        return super().make(effect, seed)


@dataclass(frozen=True)
class LeakyTeacher(FakeTeacher):
    """Breaks the invariant: one pixel outside the mask differs."""

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        pair = super().make(effect, seed)
        pair.target[0, 0] = 255 - pair.source[0, 0]
        return pair
