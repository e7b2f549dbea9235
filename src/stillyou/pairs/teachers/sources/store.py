"""Sources by number: looked at when they are first asked for, and kept as far as memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

Looked = TypeVar("Looked")
BUDGET = 96_000_000
"""Bytes of pixels that one worker keeps."""


class Kept(Generic[Looked]):
    """What was found out about files, the least used forgotten first.

    Args:
        files: The sources; number n is file n, counted round.
        look: Finds out what depends on a file alone.
        weigh: Says how many bytes that takes.
        budget: How many may be kept; the last one always is.
    """

    def __init__(
        self,
        files: Sequence[Path],
        look: Callable[[Path], Looked],
        weigh: Callable[[Looked], int],
        budget: int = BUDGET,
    ) -> None:
        self.files = files
        self._look, self._weigh, self._budget = look, weigh, budget
        self._kept: OrderedDict[Path, Looked] = OrderedDict()
        self._bytes = 0

    def get(self, number: int) -> Looked:
        """Return what is known of a source."""
        path = self.files[number % len(self.files)]
        if path not in self._kept:
            self._kept[path] = self._look(path)
            self._bytes += self._weigh(self._kept[path])
        self._kept.move_to_end(path)
        while self._bytes > self._budget and len(self._kept) > 1:
            self._bytes -= self._weigh(self._kept.popitem(last=False)[1])
        return self._kept[path]
