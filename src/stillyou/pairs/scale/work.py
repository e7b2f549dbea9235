"""Shards to be made, what makes them, and the signature that all executors have.

An executor takes shards that are independent of one another and makes each with `ShardWork.make`. Where and in which
order is its own affair: what comes out never depends on it. A new engine is a new function of the signature `Executor`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from stillyou.pairs.dataset.destination import Destination
from stillyou.pairs.dataset.shards import Row, shard_name, write_shard

ATTEMPTS = 3
"""How often a shard is tried whose worker dies."""


Source = TypeVar("Source", bound="RowSource")
Answer = TypeVar("Answer")


class RowSource(Protocol):
    """Makes the rows of candidate indices, from nothing but its settings and the indices."""

    def rows(self, indices: range) -> Iterator[Row]:
        """Make one row for each effect of each index, index by index; lazily, a batch at a time."""
        ...


@dataclass(frozen=True)
class Shard:
    """One shard to be made: its number and its candidate indices ``start`` to ``stop - 1``."""

    number: int
    start: int
    stop: int


@dataclass(frozen=True)
class ShardWork:
    """How a dataset's shards are made; goes to each worker once.

    Attributes:
        open_source: Builds the row source in a worker; must be picklable if there are several workers.
        destination: Where shards go.
        settings: Digest of the dataset's settings.
    """

    open_source: Callable[[], RowSource]
    destination: Destination
    settings: str

    def make(self, source: RowSource, shard: Shard, tick: Callable[[int], None]) -> None:
        """Make one shard; `tick` is called with the number of rows made since its last call."""

        def rows() -> Iterator[Row]:
            for row in source.rows(range(shard.start, shard.stop)):
                yield row
                tick(1)

        with self.destination.writing(shard_name(shard.number)) as path:
            write_shard(path, rows(), settings=self.settings, start=shard.start, stop=shard.stop)


class Executor(Protocol):
    """Makes shards."""

    def __call__(
        self,
        shards: Sequence[Shard],
        work: ShardWork,
        workers: int,
        *,
        advance: Callable[[int], None],
        until: float | None = None,
    ) -> None:
        """Make shards.

        Args:
            shards: Those to be made, in any order.
            work: What makes them.
            workers: How many at a time, at most.
            advance: Called every now and then with the number of rows made since the last call.
            until: Value of `time.monotonic` from which no further shards are begun. The shards made are then the first
                ones of `shards`, at least one.

        Raises:
            StillYouError: A shard could not be made or written; finished shards stay.
        """
        ...


class Asking(Protocol):
    """Puts a question to a row source where an executor's workers run."""

    def __call__(self, open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
        """Open the source, ask, and return the answer; all of it must be picklable."""
        ...


def late(until: float | None) -> bool:
    """Tell whether a time of `time.monotonic` has come."""
    return until is not None and time.monotonic() >= until
