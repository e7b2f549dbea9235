"""Runs shards of candidates over worker processes; what comes out never depends on how many there are.

A worker makes whole shards. It opens its row source once, checks a shared stop flag between candidates (so Ctrl-C
ends at once and leaves no half-written file) and dies with its parent (so killing a run leaves no strays).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.pairs.scale.work import ATTEMPTS, Answer, Shard, ShardWork, Source, late

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

THREADS = ("VIPS_CONCURRENCY", "LP_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Stopped(Exception):
    """The run was told to stop."""


class _Worker:
    """One worker process: the row source that is open in it, and the counter and flag that it shares."""

    current: _Worker

    def __init__(self, made: Synchronized[int], stop: Event) -> None:
        self.made, self.stop = made, stop
        self._opened: tuple[bytes, Any] | None = None

    def source(self, open_source: Callable[[], Source]) -> Source:
        """Open a row source, or return the one that is open if it is the same."""
        key = pickle.dumps(open_source)
        if self._opened is None or self._opened[0] != key:
            self._opened = key, open_source()
        opened: Source = self._opened[1]
        return opened

    def tick(self, rows: int) -> None:
        """Count rows, and stop here if the run stops."""
        with self.made.get_lock():
            self.made.value += rows
        if self.stop.is_set():
            raise _Stopped


def _start_worker(made: Synchronized[int], stop: Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which sets the stop flag
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _Worker.current = _Worker(made, stop)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_in_worker(work: ShardWork, shard: Shard) -> None:
    worker = _Worker.current
    work.make(worker.source(work.open_source), shard, worker.tick)


def _ask_in_worker(open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
    return question(_Worker.current.source(open_source))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that are started meanwhile keep to a core each: libvips, Mesa's renderer, linear algebra.

    Libraries read these when they load, which is before any code of ours runs in a fresh process. What the user has set
    stays.
    """
    ours = {name: "1" for name in THREADS if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


class Processes:
    """Processes of this machine, started at their first task and kept; an instance is an executor (`work.Executor`).

    A context manager: its end, also by an error or Ctrl-C, is that of the processes.

    Args:
        workers: How many, at most; with one, shards are made in this process.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: _Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._end()

    def ask(self, open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
        """Put a question to a row source in a worker, which keeps it open for its shards.

        Raises:
            BrokenProcessPool: The worker died.
        """
        return self._ready().ask(open_source, question)

    def __call__(
        self,
        shards: Sequence[Shard],
        work: ShardWork,
        workers: int,
        *,
        advance: Callable[[int], None],
        until: float | None = None,
    ) -> None:
        """Make shards; see `work.Executor`."""
        if not shards:
            return
        workers = min(workers, self._workers, len(shards))
        if workers <= 1:
            _make_here(shards, work, advance, until)
            return
        left = dict.fromkeys(shards)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._ready().make(left, work, workers, advance, until)
                return
            except BrokenProcessPool as error:
                if attempt == ATTEMPTS:
                    raise StillYouError(
                        f"a worker process died (perhaps for want of memory), {ATTEMPTS} times",
                        "Run the same command again with fewer --workers; finished shards are kept.",
                    ) from error
                console.print(f"a worker process died: {len(left)} shards are begun again", markup=False)
                self._end()

    def _ready(self) -> _Pool:
        if self._pool is None:
            self._pool = _Pool(self._workers)
        return self._pool

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.end()
            self._pool = None


class _Pool:
    """A pool of processes, the counter of rows that they share, and the flag that stops them."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._made, self._stop, self._told = context.Value("q", 0), context.Event(), 0
        shared = (self._made, self._stop)
        self._pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=shared)

    def ask(self, open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
        """See `Processes.ask`."""
        with one_thread_each():
            return self._pool.submit(_ask_in_worker, open_source, question).result()

    def make(
        self,
        left: dict[Shard, None],
        work: ShardWork,
        workers: int,
        advance: Callable[[int], None],
        until: float | None,
    ) -> None:
        """Make shards; those that are done are taken out of `left`."""
        with one_thread_each():
            for _ in self._handed_out(left, work, workers, until):
                made = self._made.value
                advance(made - self._told)
                self._told = made

    def _handed_out(
        self, left: dict[Shard, None], work: ShardWork, workers: int, until: float | None
    ) -> Iterator[None]:
        """Hand out shards one by one, and come back every now and then; raises the first error of a worker."""
        waiting = deque(left)
        pending: dict[Future[None], Shard] = {}
        while pending or waiting:
            while waiting and len(pending) < workers:
                shard = waiting.popleft()
                pending[self._pool.submit(_make_in_worker, work, shard)] = shard
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                del left[pending.pop(future)]
            yield
            if late(until):
                waiting.clear()

    def end(self) -> None:
        """Stop what runs, at its next candidate, and the processes."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)


def run(
    shards: Sequence[Shard],
    work: ShardWork,
    workers: int,
    *,
    advance: Callable[[int], None],
    until: float | None = None,
) -> None:
    """Make shards in processes of this machine that end with it; see `work.Executor`."""
    with Processes(workers) as processes:
        processes(shards, work, workers, advance=advance, until=until)


def _make_here(shards: Sequence[Shard], work: ShardWork, advance: Callable[[int], None], until: float | None) -> None:
    """Make shards one after another in this process."""
    source = work.open_source()
    for done, shard in enumerate(shards):
        if done and late(until):
            return
        work.make(source, shard, advance)
