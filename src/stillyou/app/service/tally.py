"""Figures of a running service: counts since it started, and how long edits take."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BUCKETS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper ends of the histogram of seconds."""
_FIRST_GUESS, _WEIGHT = 2.0, 0.2
_LONGEST_WAIT = 60


@dataclass
class Tally:
    """Counts since the start; the board changes them under its lock.

    Attributes:
        submitted: Edits that were taken.
        refused: Edits that the full queue had no place for.
        ends: How many ended, by state.
        histogram: How many finished edits ran for at most so many seconds, by `BUCKETS` and infinity.
        seconds: Their sum.
        usual: Seconds that an edit takes, lately.
    """

    submitted: int = 0
    refused: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    histogram: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0
    usual: float = _FIRST_GUESS

    def ended(self, state: str, seconds: float) -> None:
        """Count an edit that ran for so long."""
        self.ends[state] += 1
        if state == "done":
            self.histogram[next((end for end in BUCKETS if seconds <= end), math.inf)] += 1
            self.seconds += seconds
            self.usual += _WEIGHT * (seconds - self.usual)

    @property
    def seconds_a_place(self) -> int:
        """Whole seconds after which a full queue has a place again, as far as can be told."""
        return min(_LONGEST_WAIT, max(1, math.ceil(self.usual)))
