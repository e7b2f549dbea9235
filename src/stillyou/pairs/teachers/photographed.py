"""A teacher whose clean renders pass through light, lens, sensor and file before they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stillyou.draws import generator
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.degrade.photograph import photograph
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.registry import Teacher


@dataclass(frozen=True)
class Photographed:
    """A teacher whose pictures have been photographed.

    Attributes:
        studio: Makes clean pairs.
    """

    studio: Teacher

    @property
    def name(self) -> str:
        """The studio's name."""
        return self.studio.name

    @property
    def licences(self) -> Mapping[str, str]:
        """The studio's licences."""
        return self.studio.licences

    @property
    def shares_sources(self) -> bool:
        """As the studio: the camera, too, follows from the seed alone."""
        return self.studio.shares_sources

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        """Make a clean pair and photograph it; see `Teacher.make`."""
        return photograph(self.studio.make(effect, seed), generator("camera", seed))
