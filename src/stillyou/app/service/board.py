"""The board: every edit that is known, the queue, and who is told when something changes.

All state lies under one lock. Watchers are called without it, from whichever thread made the change; they must return
at once.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from stillyou.app.service.errors import Busy, Gone, NotFound
from stillyou.app.service.jobs import Doing, EditTask, Failure, Job, JobView, State
from stillyou.app.service.limits import Limits
from stillyou.app.service.outputs import ResultFile
from stillyou.app.service.tally import Tally
from stillyou.editing.result import EditReport

Clock = Callable[[], float]
_REMEMBERED = 10_000
"""Edits whose results are gone that are told from those that never were."""


class Board:
    """Edits by id.

    Args:
        limits: How many may wait, how long they may take and are kept.
        clock: Seconds that only grow.
        on_end: Called with an edit as it ends, under the lock.
    """

    def __init__(
        self, limits: Limits, clock: Clock = time.monotonic, on_end: Callable[[Job], None] = lambda job: None
    ) -> None:
        self.limits, self.clock, self.tally, self._on_end = limits, clock, Tally(), on_end
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: list[Job] = []
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._reserved, self._closed = 0, False

    def reserve(self) -> None:
        """Keep a place in the queue for an edit that is about to be sent; `submit` or `release` gives it back.

        Raises:
            Busy: The queue is full.
        """
        with self._changed:
            if len(self._waiting) + self._reserved >= self.limits.queue:
                self.tally.refused += 1
                raise Busy(f"the queue is full ({self.limits.queue} edits wait)", self.tally.seconds_a_place)
            self._reserved += 1

    def release(self) -> None:
        """Give a reserved place back."""
        with self._changed:
            self._reserved -= 1

    def submit(self, task: EditTask) -> JobView:
        """Put an edit into a place that was reserved."""
        with self._changed:
            job = Job(secrets.token_urlsafe(24), task, self.clock())
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._reserved -= 1
            self.tally.submitted += 1
            self._changed.notify_all()
            return self._view(job)

    def view(self, id: str) -> JobView:
        """Return an edit as it is now.

        Raises:
            NotFound: There never was such an edit.
            Gone: Its results are no longer kept.
        """
        with self._changed:
            return self._view(self._job(id))

    def file(self, id: str, kind: str) -> ResultFile:
        """Return a finished edit's file; raises NotFound or Gone."""
        with self._changed:
            files = self._job(id).files
            if kind not in files:
                raise NotFound(f"this edit has no {kind:.40}", "It may not be finished, or have started from noise.")
            return files[kind]

    def wait(self, id: str, timeout: float) -> JobView:
        """Wait until an edit has ended; return it as it is then, or after `timeout` seconds."""
        with self._changed:
            job = self._job(id)
            self._changed.wait_for(lambda: job.state.final, timeout)
            return self._view(job)

    def watch(self, id: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Have a callback called after every change of an edit.

        Returns:
            What ends that.
        """
        with self._changed:
            job = self._job(id)
            job.watchers.append(callback)
        return lambda: self._unwatch(job, callback)

    def _unwatch(self, job: Job, callback: Callable[[], None]) -> None:
        with self._changed:
            if callback in job.watchers:
                job.watchers.remove(callback)

    def take(self, timeout: float) -> list[Job]:
        """Return the next edits that may go through the model together; none after `timeout` seconds or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            if self._closed or not self._waiting:
                return []
            batch = self._batch()
            self._waiting = [job for job in self._waiting if job not in batch]
            for job in batch:
                job.state, job.started = State.RUNNING, self.clock()
        self._tell([*batch, *self._waiting])
        return batch

    def _batch(self) -> list[Job]:
        """Return the first that waits, and those behind it with equal settings, as many as fit."""
        first, room = self._waiting[0], self.limits.batch_pixels - self._waiting[0].task.picture.pixels
        batch = [first]
        for job in self._waiting[1:]:
            if len(batch) < self.limits.batch and _alike(first.task, job.task) and job.task.picture.pixels <= room:
                room -= job.task.picture.pixels
                batch.append(job)
        return batch

    def doing(self, jobs: Iterable[Job], doing: Doing) -> None:
        """Note what running edits are at."""
        jobs = list(jobs)
        with self._changed:
            for job in jobs:
                job.doing = doing
        self._tell(jobs)

    def progress(self, jobs: Iterable[Job], step: int, steps: int) -> None:
        """Note how far running edits are."""
        jobs = list(jobs)
        with self._changed:
            for job in jobs:
                job.doing, job.step, job.steps = Doing.DRAWING, step, steps
        self._tell(jobs)

    def finish(self, job: Job, report: EditReport, files: dict[str, ResultFile]) -> bool:
        """Note an edit's results; False if it ended before, so that nobody wants them."""
        with self._changed:
            if job.state.final:
                return False
            job.report, job.files = report, files
            self._end(job, State.DONE)
        self._tell([job])
        return True

    def fail(self, job: Job, failure: Failure) -> None:
        """Note why an edit that has not ended failed."""
        with self._changed:
            if job.state.final:
                return
            job.failure = failure
            self._end(job, State.FAILED)
            told = [job, *self._waiting]
        self._tell(told)

    def cancel(self, id: str) -> JobView:
        """End an edit that nobody wants any more; one that has ended stays as it is."""
        with self._changed:
            job = self._job(id)
            if not job.state.final:
                self._end(job, State.CANCELLED)
            told = [job, *self._waiting]
        self._tell(told)
        return self.view(id)

    def _end(self, job: Job, state: State) -> None:
        job.state, job.ended = state, self.clock()
        if job in self._waiting:
            self._waiting.remove(job)
        self.tally.ended(state.value, job.ended - (job.started if job.started is not None else job.submitted))
        self._on_end(job)
        self._changed.notify_all()

    def late(self) -> list[tuple[Job, str]]:
        """Return edits that have waited or run for too long, and what is to be said of them."""
        with self._changed:
            now, limits = self.clock(), self.limits
            waited = [job for job in self._waiting if now - job.submitted > limits.wait_seconds]
            run = [
                job
                for job in self._jobs.values()
                if job.state is State.RUNNING and now - (job.started or 0) > limits.seconds
            ]
        return [(job, f"it waited for more than {limits.wait_seconds:g} s") for job in waited] + [
            (job, f"it took more than {limits.seconds:g} s") for job in run
        ]

    def forget(self) -> list[Job]:
        """Forget edits that ended long ago, and the oldest while all take too much room; return them."""
        with self._changed:
            ended = [job for job in self._jobs.values() if job.ended is not None]
            ended.sort(key=lambda job: job.ended or 0)
            total, old = sum(job.bytes for job in ended), self.clock() - self.limits.keep_seconds
            gone = []
            for job in ended:
                if (job.ended or 0) <= old or total > self.limits.keep_bytes:
                    total -= job.bytes
                    gone.append(self._forget(job))
        self._tell(gone)
        return gone

    def remove(self, id: str) -> Job | None:
        """Forget an edit that has ended; None if it goes on. Raises NotFound or Gone."""
        with self._changed:
            job = self._job(id)
            return self._forget(job) if job.state.final else None

    def _forget(self, job: Job) -> Job:
        del self._jobs[job.id]
        self._gone[job.id] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        return job

    def close(self) -> list[Job]:
        """Cancel everything and let nobody wait any longer; return all edits."""
        with self._changed:
            self._closed = True
            for job in [job for job in self._jobs.values() if not job.state.final]:
                self._end(job, State.CANCELLED)
            self._changed.notify_all()
            jobs = list(self._jobs.values())
        self._tell(jobs)
        return jobs

    @property
    def closed(self) -> bool:
        """Whether the service ends."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many edits wait."""
        with self._changed:
            return len(self._waiting)

    def task(self, id: str) -> EditTask:
        """Return what an edit is about; raises NotFound or Gone."""
        with self._changed:
            return self._job(id).task

    def kept_bytes(self) -> int:
        """Return the size of the results that are kept."""
        with self._changed:
            return sum(job.bytes for job in self._jobs.values())

    def running(self) -> int:
        """Return how many edits the model works on."""
        with self._changed:
            return sum(job.state is State.RUNNING for job in self._jobs.values())

    def _job(self, id: str) -> Job:
        if id in self._jobs:
            return self._jobs[id]
        if id in self._gone:
            raise Gone("the results of this edit are no longer kept", "Ask for it again.")
        raise NotFound("there is no such edit", "Use the address that came with it.")

    def _view(self, job: Job) -> JobView:
        position = self._waiting.index(job) + 1 if job.state is State.QUEUED else None
        until = self.clock() if job.ended is None else job.ended
        seconds = max(0.0, until - job.submitted)
        doing = job.doing if job.state is State.RUNNING else None
        return JobView(
            job.id, job.state, position, doing, job.step, job.steps, job.failure, job.report, dict(job.files), seconds
        )

    def _tell(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            for callback in list(job.watchers):
                callback()


def _alike(one: EditTask, other: EditTask) -> bool:
    """Tell whether two edits differ in picture, seed, mask and draft alone."""
    given = [(task.mask is None, task.draft is None) for task in (one, other)]
    return given[0] == given[1] and replace(one.request, seed=None) == replace(other.request, seed=None)
