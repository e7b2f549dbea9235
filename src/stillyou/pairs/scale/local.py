"""Runs shards of candidates over worker processes; what comes out never depends on how many there are.

A worker makes whole shards. It builds its row source once, checks a shared stop flag between candidates (so Ctrl-C
ends at once and leaves no half-written file) and dies with its parent (so killing a run leaves no strays).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.pairs.scale.work import ATTEMPTS, Shard, ShardWork, late

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event


THREADS = ("VIPS_CONCURRENCY", "LP_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Stopped(Exception):
    """The run was told to stop."""


class _Worker:
    """One worker process: its row source, and the counter and flag that it shares with its parent."""

    current: _Worker

    def __init__(self, work: ShardWork, made: Synchronized[int], stop: Event) -> None:
        self.work, self.made, self.stop = work, made, stop
        self.source = work.open_source()

    def tick(self, rows: int) -> None:
        """Count rows, and stop here if the run stops."""
        with self.made.get_lock():
            self.made.value += rows
        if self.stop.is_set():
            raise _Stopped


def _start_worker(work: ShardWork, made: Synchronized[int], stop: Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which sets the stop flag
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _Worker.current = _Worker(work, made, stop)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_in_worker(shard: Shard) -> None:
    worker = _Worker.current
    worker.work.make(worker.source, shard, worker.tick)


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


def run(
    shards: Sequence[Shard],
    work: ShardWork,
    workers: int,
    *,
    advance: Callable[[int], None],
    until: float | None = None,
) -> None:
    """Make shards in processes of this machine, or in this process if there is one worker; see `work.Executor`."""
    if not shards:
        return
    workers = min(workers, len(shards))
    if workers <= 1:
        source = work.open_source()
        for done, shard in enumerate(shards):
            if done and late(until):
                return
            work.make(source, shard, advance)
        return
    left = dict.fromkeys(shards)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _run_pool(left, work, workers, advance, until)
            return
        except BrokenProcessPool as error:
            if attempt == ATTEMPTS:
                raise StillYouError(
                    f"a worker process died (perhaps for want of memory), {ATTEMPTS} times",
                    "Run the same command again with fewer --workers; finished shards are kept.",
                ) from error
            console.print(f"a worker process died: {len(left)} shards are begun again", markup=False)


def _run_pool(
    left: dict[Shard, None], work: ShardWork, workers: int, advance: Callable[[int], None], until: float | None
) -> None:
    """Make shards in one pool of processes; those that are done are taken out of `left`."""
    context = multiprocessing.get_context("spawn")
    made, stop, reported = context.Value("q", 0), context.Event(), 0
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(work, made, stop))
    try:
        with one_thread_each():
            for _ in _handed_out(pool, left, workers, until):
                advance(made.value - reported)
                reported = made.value
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _handed_out(
    pool: ProcessPoolExecutor, left: dict[Shard, None], workers: int, until: float | None
) -> Iterator[None]:
    """Hand out shards one by one, and come back every now and then; raises the first error of a worker."""
    waiting = deque(left)
    pending: dict[Future[None], Shard] = {}
    while pending or waiting:
        while waiting and len(pending) < workers:
            shard = waiting.popleft()
            pending[pool.submit(_make_in_worker, shard)] = shard
        done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
            del left[pending.pop(future)]
        yield
        if late(until):
            waiting.clear()
