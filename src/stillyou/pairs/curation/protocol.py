"""What a scorer is: a small class that measures candidates, and says under which licence, at what cost and by what.

scorers = available(options)                  # those that this machine has what they need for (`scorers.py`)
scores = scorer.measure([candidate, ...])     # {"shift": 0.0, ...} each; a score that cannot be told is left out

A scorer only measures. What a good pair measures is told by the rules (`verdict.py`), the effect's spec and the user.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from stillyou.errors import StillYouError
from stillyou.pairs.curation.candidate import Candidate

Scores = dict[str, float]
"""By name; finite."""
OURS = "Apache-2.0, no weights"
"""Licence of scorers that are code of ours alone."""


@dataclass(frozen=True)
class ScorerOptions:
    """What the user gives to scorers that need weights.

    Attributes:
        clip: Folder of a CLIP model of transformers (text and image), or None.
        safety: Folder of a safety checker of diffusers, or None.
        scorer: Folder of a curation scorer; None takes the one that ships.
        device: Where networks run.
    """

    clip: Path | None = None
    safety: Path | None = None
    scorer: Path | None = None
    device: str = "cpu"


class Scorer(ABC):
    """Measures candidates; subclasses say what they are in class variables.

    Args:
        options: Folders of weights.
    """

    name: ClassVar[str]
    """What reports call it."""
    measures: ClassVar[Mapping[str, str]]
    """Its scores: name, and meaning with unit."""
    licence: ClassVar[str] = OURS
    """Of its weights, or of its code."""
    cost: ClassVar[str]
    """Time for a pair at 256 px on one core, as measured."""
    needs: ClassVar[str] = "nothing"
    """What must be installed or given."""
    version: ClassVar[int] = 1
    """Goes up when the same pair measures otherwise, so that pairs are measured again."""

    def __init__(self, options: ScorerOptions) -> None:
        self.options = options

    @classmethod
    def missing(cls, options: ScorerOptions) -> str:
        """Say in a few words what it lacks, or return an empty string."""
        return ""

    @classmethod
    def weights(cls, options: ScorerOptions) -> str:
        """Return what tells the weights that the user gave from others; empty where none are given."""
        return ""

    @classmethod
    def check(cls, options: ScorerOptions) -> None:
        """Refuse, before any pair is read, what will be of no use.

        Raises:
            StillYouError: It lacks something, or the folder that the user gave is not what it should be.
        """
        if lack := cls.missing(options):
            raise StillYouError(f"the scorer '{cls.name}' cannot work here", f"It needs {lack}.")

    @abstractmethod
    def measure(self, candidates: Sequence[Candidate]) -> list[Scores]:
        """Measure candidates of one size.

        Returns:
            Scores of each, in their order; those that cannot be told of a candidate are left out.

        Raises:
            StillYouError: Its weights are damaged.
        """


class PairScorer(Scorer):
    """A scorer that looks at one candidate after another."""

    @abstractmethod
    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""

    def measure(self, candidates: Sequence[Candidate]) -> list[Scores]:
        """Measure candidates one after another."""
        return [self.score(candidate) for candidate in candidates]
