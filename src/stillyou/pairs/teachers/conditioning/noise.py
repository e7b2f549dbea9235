"""Shared noise: both pictures grow out of the same noise, so that what the prompts share comes out alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillyou.effects.conditions import NoiseSettings
from stillyou.pairs.teachers.conditioning.protocol import Begin, Condition, Job


@dataclass(frozen=True)
class SharedNoise(Condition):
    """The target's initial noise, and that of stochastic steps, is the source's, or partly so."""

    settings: NoiseSettings

    def begin(self, job: Job, begin: Begin) -> Begin:
        """Share the noise."""
        return replace(begin, share=self.settings.share)
