"""A teacher whose clean pairs go through light, lens, sensor and file before they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillyou.draws import generator
from stillyou.pairs.degrade.chains import PHOTOGRAPH, degrade_pair
from stillyou.pairs.degrade.scene import Chain
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.protocol import PairRequest, Teacher


@dataclass(frozen=True)
class Degraded:
    """A teacher whose pictures have been degraded.

    Attributes:
        clean: Makes clean pairs.
        chain: What they go through.
    """

    clean: Teacher
    chain: Chain = PHOTOGRAPH

    @property
    def licences(self) -> Mapping[str, str]:
        """Those of the clean pictures."""
        return self.clean.licences

    @property
    def shares_sources(self) -> bool:
        """As the clean teacher: what happens to a picture, too, follows from the seed alone."""
        return self.clean.shares_sources

    @property
    def batch_size(self) -> int:
        """As the clean teacher."""
        return self.clean.batch_size

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make clean pairs and degrade them; see `Teacher.make`."""
        # "camera" keys the draws since the first datasets: another word would give other pictures.
        return [degrade_pair(pair, generator("camera", pair.seed), self.chain) for pair in self.clean.make(requests)]
