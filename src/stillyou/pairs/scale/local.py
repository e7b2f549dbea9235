"""Runs shards of candidates over worker processes; what comes out never depends on how many there are.

A worker makes whole shards. It builds its row source once, checks a shared stop flag between candidates (so Ctrl-C
ends at once and leaves no half-written file) and dies with its parent (so killing a run leaves no strays).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stillyou.errors import StillYouError
from stillyou.pairs.dataset.shards import Row, shard_name, write_shard

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event


_THREADS = ("VIPS_CONCURRENCY", "LP_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class RowSource(Protocol):
    """Makes the rows of a candidate index, from nothing but its settings and the index."""

    def rows(self, index: int) -> list[Row]:
        """Return one row for each effect."""
        ...


@dataclass(frozen=True)
class ShardJob:
    """One shard to be made: its number and its candidate indices ``start`` to ``stop - 1``."""

    number: int
    start: int
    stop: int


@dataclass(frozen=True)
class ShardTask:
    """What all jobs of a run share; goes to each worker once.

    Attributes:
        open_source: Builds the row source in a worker; must be picklable if there are several workers.
        folder: Where shards go.
        settings: Digest of the dataset's settings.
    """

    open_source: Callable[[], RowSource]
    folder: Path
    settings: str

    def make(self, source: RowSource, job: ShardJob, tick: Callable[[int], None]) -> None:
        """Make one shard; `tick` is called with the number of rows after each candidate."""

        def rows() -> Iterator[Row]:
            for index in range(job.start, job.stop):
                made = source.rows(index)
                yield from made
                tick(len(made))

        path = self.folder / shard_name(job.number)
        write_shard(path, rows(), settings=self.settings, start=job.start, stop=job.stop)


class _Stopped(Exception):
    """The run was told to stop."""


class _Worker:
    """One worker process: its row source, and the counter and flag that it shares with its parent."""

    current: _Worker

    def __init__(self, task: ShardTask, made: Synchronized[int], stop: Event) -> None:
        self.task, self.made, self.stop = task, made, stop
        self.source = task.open_source()

    def tick(self, rows: int) -> None:
        """Count rows, and stop here if the run stops."""
        with self.made.get_lock():
            self.made.value += rows
        if self.stop.is_set():
            raise _Stopped


def _start_worker(task: ShardTask, made: Synchronized[int], stop: Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which sets the stop flag
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _Worker.current = _Worker(task, made, stop)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_in_worker(job: ShardJob) -> None:
    worker = _Worker.current
    worker.task.make(worker.source, job, worker.tick)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that are started meanwhile keep to a core each: libvips, Mesa's renderer, linear algebra.

    Libraries read these when they load, which is before any code of ours runs in a fresh process. What the user has set
    stays.
    """
    ours = {name: "1" for name in _THREADS if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def run_jobs(
    task: ShardTask,
    jobs: Sequence[ShardJob],
    *,
    workers: int,
    advance: Callable[[int], None],
    until: float | None = None,
) -> None:
    """Make shards.

    Args:
        task: What they share.
        jobs: Shards to be made, in any order.
        workers: Processes; 1 works in this one.
        advance: Called every now and then with the number of rows made since the last call.
        until: Value of `time.monotonic` from which no further shards are begun. The shards made are then the first ones
            of `jobs`, at least one.

    Raises:
        StillYouError: A shard could not be made or written; finished shards stay.
    """
    if min(workers, len(jobs)) <= 1:
        source = task.open_source()
        for done, job in enumerate(jobs):
            if done and _late(until):
                return
            task.make(source, job, advance)
        return
    context = multiprocessing.get_context("spawn")
    made, stop = context.Value("q", 0), context.Event()
    shared = (task, made, stop)
    pool = ProcessPoolExecutor(min(workers, len(jobs)), context, initializer=_start_worker, initargs=shared)
    try:
        with one_thread_each():
            _follow(pool, jobs, min(workers, len(jobs)), made, advance, until)
    except BrokenProcessPool as error:
        raise StillYouError(
            "a worker process died (perhaps for want of memory)",
            "Run the same command again with fewer --workers; finished shards are kept.",
        ) from error
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _follow(
    pool: ProcessPoolExecutor,
    jobs: Sequence[ShardJob],
    workers: int,
    made: Synchronized[int],
    advance: Callable[[int], None],
    until: float | None,
) -> None:
    """Hand out jobs one by one and report progress; raises the first error of a worker."""
    waiting, reported = deque(jobs), 0
    pending: set[Future[None]] = set()
    while pending or waiting:
        while waiting and len(pending) < workers:
            pending.add(pool.submit(_make_in_worker, waiting.popleft()))
        done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        advance(made.value - reported)
        reported = made.value
        if _late(until):
            waiting.clear()


def _late(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until
