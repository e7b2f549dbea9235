"""A teacher that is quick and exact: a rectangle changes colour on a noisy picture."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np
from pydantic import Field

from stillyou.draws import generator
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.assemble import Execution
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.protocol import OneByOne, Teacher, TeacherConfig

LICENCES = {"rectangles": "CC0"}
QUIET = Execution(progress=False)


def quiet(workers: int = 1, seconds: float | None = None) -> Execution:
    return Execution(workers=workers, seconds=seconds, progress=False)


class FakeTeacher(TeacherConfig, OneByOne):
    """Config and teacher in one. Every fifth candidate or so changes nothing, for curation to reject."""

    kind: str = "fake"
    domain: Domain = "cartoon"
    size: int = 64
    shares_sources: bool = False

    @property
    def licences(self) -> dict[str, str]:
        return LICENCES

    def build(self, device: str = "auto") -> Teacher:
        return self

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
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
        words = (prompts.source, prompts.target, effect.id, self.kind, seed, attributes, self.domain)
        return Pair(source, target, mask, *words)


class BrokenTeacher(FakeTeacher):
    """Gives out at one candidate, the way it is told to; datasets do not record it, as they record no weak battery."""

    stop_at: int = Field(-1, exclude=True)
    failure: Literal["", "kill", "interrupt", "error"] = Field("", exclude=True)

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        if seed == self.stop_at:
            if self.failure == "kill":
                os._exit(9)
            if self.failure == "interrupt":
                raise KeyboardInterrupt
            raise ValueError("ink ran out")
        return super().pair(effect, seed)


class LeakyTeacher(FakeTeacher):
    """Breaks the invariant: one pixel outside the mask differs."""

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        pair = super().pair(effect, seed)
        pair.target[0, 0] = 255 - pair.source[0, 0]
        return pair


class SmallTeacher(FakeTeacher):
    """Makes smaller pictures than it says."""

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        return FakeTeacher(size=32).pair(effect, seed)
