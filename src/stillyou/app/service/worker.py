"""The two threads of a service: one runs the model, the other ends what takes too long and removes what is old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from stillyou.app.service import outputs
from stillyou.app.service.board import Board
from stillyou.app.service.folder import PrivateFolder
from stillyou.app.service.interrupt import interruptible
from stillyou.app.service.jobs import Doing, EditTask, Failure, Job, State
from stillyou.app.service.requests import OPTIONS
from stillyou.app.service.uploads import told
from stillyou.app.service.words import all_in_fields, field_of
from stillyou.editing.answering import Stage
from stillyou.editing.editor import Editor, EditResult
from stillyou.editing.request import EditRequest
from stillyou.errors import StillYouError
from stillyou.images import Picture

LOG = logging.getLogger("stillyou.app")
_IDLE, _TICK = 1.0, 1.0
"""Seconds after which the worker looks for something else to do, and between two looks at what is late."""
_REST = 2.0
"""Seconds after an edit for which the worker does nothing else: whoever moves a slider sends the next one soon."""


class Stopped(Exception):
    """Nobody waits for a running batch any more."""


class Worker(threading.Thread):
    """Takes edits from the board and carries them out, one batch at a time.

    Args:
        board: Where they come from.
        editor: Carries them out; no other thread uses it meanwhile.
        folder: Where results go.
        idle: Does something else while nothing waits; False when there is nothing more to do.
    """

    def __init__(self, board: Board, editor: Editor, folder: PrivateFolder, idle: Callable[[], bool]) -> None:
        super().__init__(name="stillyou-model", daemon=True)
        self._board, self._editor, self._folder, self._idle = board, editor, folder, idle
        self._more = True

    def run(self) -> None:
        """Work until the board is closed."""
        rest = 0.0
        while not self._board.closed:
            batch = self._board.take(rest if self._more else _IDLE)
            rest = _REST if batch else 0.0
            if batch:
                self._carry_out(batch)
            elif self._more and not self._board.closed:
                self._more = self._do_something_else()

    def _do_something_else(self) -> bool:
        try:
            return self._idle()
        except Exception:
            LOG.exception("thumbnails cannot be drawn")
            return False

    def _carry_out(self, batch: Sequence[Job]) -> None:
        ready: list[tuple[Job, EditRequest, Picture]] = []
        for job in batch:
            with_pictures = self._opened(job)
            if with_pictures is not None:
                ready.append((job, *with_pictures))
        if ready:
            jobs, requests, pictures = zip(*ready, strict=True)
            for job, result in zip(jobs, self._edited(jobs, requests, pictures), strict=True):
                self._end(job, result)

    def _opened(self, job: Job) -> tuple[EditRequest, Picture] | None:
        """Return a job's request with its files, and its picture; None if they cannot be used, or nobody waits."""
        if job.state.final:
            return None
        try:
            return files_in(job.task), job.task.picture.read()
        except Exception as error:
            self._board.fail(job, failure(error, job.task))
            return None

    def _edited(
        self, jobs: Sequence[Job], requests: Sequence[EditRequest], pictures: Sequence[Picture]
    ) -> Sequence[EditResult | Exception]:
        def wanted() -> None:
            if self._board.closed or all(job.state.final for job in jobs):
                raise Stopped

        def stage(name: Stage) -> None:
            wanted()
            self._board.doing(jobs, Doing(name))

        def progress(done: int, steps: int) -> None:
            wanted()
            self._board.progress(jobs, done, steps)

        try:
            with interruptible(wanted):
                return self._editor.run_all(requests, pictures, progress, stage)
        except Exception as error:
            return [error] * len(jobs)

    def _end(self, job: Job, result: EditResult | Exception) -> None:
        """Write an edit's files, or note why there are none."""
        if job.state is not State.RUNNING:
            return
        try:
            if isinstance(result, Exception):
                raise result
            self._board.doing([job], Doing.WRITING)
            files, notes = outputs.write(result, job.task.output, self._folder)
        except Exception as error:
            self._board.fail(job, failure(error, job.task))
            return
        report = result.report.model_copy(update={"notes": all_in_fields((*result.report.notes, *notes))})
        if not self._board.finish(job, report, files):
            for file in files.values():
                file.path.unlink(missing_ok=True)


class Keeper(threading.Thread):
    """Does a chore every second until it is stopped."""

    def __init__(self, chore: Callable[[], None]) -> None:
        super().__init__(name="stillyou-keeper", daemon=True)
        self._chore, self._stopped = chore, threading.Event()

    def run(self) -> None:
        """Do the chore until the end."""
        while not self._stopped.wait(_TICK):
            try:
                self._chore()
            except Exception:
                LOG.exception("tidying up failed")

    def stop(self) -> None:
        """End it."""
        self._stopped.set()


def files_in(task: EditTask) -> EditRequest:
    """Return a task's request with the paths of its files."""
    request = task.request
    if task.mask is not None:
        request = replace(request, mask=task.mask.path)
    if task.draft is not None:
        request = replace(request, draft=task.draft.path)
    return request


def failure(error: Exception, task: EditTask) -> Failure:
    """Return why an edit failed, in the words of who sent it; what nobody foresaw is logged, and not told."""
    if isinstance(error, StillYouError):
        known = told(error, *task.uploads)
        if any(str(upload.path) in error.what for upload in task.uploads):
            return Failure("input", str(known), known.field)
        said = [name for name in OPTIONS if getattr(task.request, name) is not None]
        return Failure("input", str(known), field_of(error.what, said) or known.field)
    LOG.error("an edit failed", exc_info=error)
    return Failure("internal", "the edit failed for a reason inside the server; its log says more")
