"""The service: takes uploads and edits, and hands out progress and results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from stillyou.app.service.board import Board, Clock
from stillyou.app.service.errors import Busy, NotFound
from stillyou.app.service.folder import PrivateFolder
from stillyou.app.service.jobs import EditTask, Failure, Job, JobView
from stillyou.app.service.limits import Limits
from stillyou.app.service.looking import Seen, remembering, see
from stillyou.app.service.outputs import ResultFile
from stillyou.app.service.own_effects import ID, OwnEffects
from stillyou.app.service.recipes import command_line, python_code
from stillyou.app.service.requests import known_effects, read_request
from stillyou.app.service.tally import Tally
from stillyou.app.service.thumbnails import Thumbnails
from stillyou.app.service.uploads import Shelf, Upload
from stillyou.app.service.worker import Keeper, Worker
from stillyou.editing.editor import Editor
from stillyou.editing.request import EditRequest
from stillyou.effects.spec import EffectSpec


class Service:
    """Edits for many callers with one model.

    Args:
        editor: The model; the service alone uses it from now on.
        limits: What is taken on.
        clock: Seconds that only grow; for tests.
        root: Where the private folder is made; by default the system's place for temporary files.
        thumbnails: Where thumbnails are kept; None draws none.
    """

    def __init__(
        self,
        editor: Editor,
        limits: Limits | None = None,
        clock: Clock = time.monotonic,
        root: Path | None = None,
        thumbnails: Path | None = None,
    ) -> None:
        self.editor, self.limits = editor, limits or Limits()
        self.folder = PrivateFolder(root)
        self.board = Board(self.limits, clock, self._leave_uploads)
        self.shelf = Shelf(self.folder, self.limits, clock)
        self.own = OwnEffects(self.folder, self.limits, clock)
        self._looks = threading.BoundedSemaphore(self.limits.looks)
        if editor.detector is not None:
            editor.detector = remembering(editor.detector)
        self.thumbnails = None if thumbnails is None else Thumbnails(editor, known_effects(editor), thumbnails)
        self._worker = Worker(self.board, editor, self.folder, self._draw_thumbnail)
        self._keeper = Keeper(self.tidy)
        self._worker.start()
        self._keeper.start()

    def close(self) -> None:
        """Cancel what is under way and remove all files."""
        self.board.close()
        self._keeper.stop()
        self._worker.join(timeout=10)
        self.folder.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What goes in

    def take(self, data: bytes, field: str = "picture", *, once: bool = False) -> Upload:
        """Keep an uploaded file, checked by length and header alone.

        Args:
            data: Its bytes.
            field: What the sender calls it.
            once: Whether it is for one edit alone, and removed when that ends.

        Raises:
            TooLarge: Too many bytes or pixels.
            FieldError: No picture that can be read.
            Busy: There is no room for it.
        """
        return self.shelf.take(data, field, once=once)

    def kept(self, id: str) -> Upload:
        """Return an upload that is kept for further edits, by its id; raises FieldError where it is not."""
        return self.shelf.find(id)

    def drop(self, *files: Upload) -> None:
        """Remove uploads that nobody needs any more."""
        self.shelf.drop(*files)

    def _leave_uploads(self, job: Job) -> None:
        self.shelf.done(*job.task.uploads)

    def request(self, effect: str, options: Mapping[str, Any]) -> EditRequest:
        """Check an edit's options, and that this model can do it.

        Args:
            effect: A name of `effects`, or the id of an effect that `own` keeps.
            options: By the names of `EditOptions`, but for files: `mask` is none, `draft` is ``auto`` or ``none``.

        Raises:
            FieldError: What is wrong, and in which field.
        """
        known = self.own.find(effect) if ID.fullmatch(effect) else effect
        return read_request(known, options, self.editor, self.limits)

    def submit(self, task: EditTask) -> JobView:
        """Put an edit into the queue.

        Raises:
            Busy: The queue is full.
            FieldError: An upload is no longer kept.
        """
        with self.place() as submit:
            return submit(task)

    @contextmanager
    def place(self) -> Iterator[Callable[[EditTask], JobView]]:
        """Keep a place in the queue while an edit is received; yields what submits it.

        Raises:
            Busy: The queue is full.
        """
        self.board.reserve()
        used = False

        def submit(task: EditTask) -> JobView:
            nonlocal used
            self.shelf.need(*task.uploads)
            view = self.board.submit(task)
            used = True
            return view

        try:
            yield submit
        finally:
            if not used:
                self.board.release()

    # What comes out

    def view(self, id: str) -> JobView:
        """Return an edit as it is now; raises NotFound or Gone."""
        return self.board.view(id)

    def wait(self, id: str, timeout: float) -> JobView:
        """Wait for an edit's end, at most `timeout` seconds; raises NotFound or Gone."""
        return self.board.wait(id, timeout)

    def watch(self, id: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Have a callback called after every change of an edit, from any thread; it must return at once.

        Returns:
            What ends that.
        """
        return self.board.watch(id, callback)

    def cancel(self, id: str) -> JobView:
        """End an edit that nobody wants any more; one that has ended stays as it is. Raises NotFound or Gone."""
        return self.board.cancel(id)

    def remove(self, id: str) -> None:
        """Remove the results of an edit that has ended, before its time. Raises NotFound or Gone."""
        if (job := self.board.remove(id)) is not None:
            self._remove(job)

    def task(self, id: str) -> EditTask:
        """Return what an edit is about; raises NotFound or Gone."""
        return self.board.task(id)

    def open_result(self, id: str, kind: str = "picture") -> tuple[ResultFile, BinaryIO]:
        """Open a file of a finished edit: `picture`, `mask` or `draft`. It stays readable when it is removed meanwhile.

        Raises:
            NotFound: No such edit or file.
            Gone: It is no longer kept.
        """
        file = self.board.file(id, kind)
        try:
            return file, file.path.open("rb")
        except FileNotFoundError as error:
            raise NotFound("the results of this edit are no longer kept", "Ask for it again.") from error

    def read_result(self, id: str, kind: str = "picture") -> bytes:
        """Return the bytes of a file of a finished edit; raises as `open_result`."""
        _, handle = self.open_result(id, kind)
        with handle:
            return handle.read()

    # What is known

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Take one of the few places for pictures that are only looked at; raises Busy where all are taken."""
        if not self._looks.acquire(blocking=False):
            raise Busy("too many pictures are being looked at", 1)
        try:
            yield
        finally:
            self._looks.release()

    def look(self, upload: Upload) -> Seen:
        """Tell what a picture shows: size, kind, faces with their boxes and numbers. Takes some tenths of a second.

        Raises:
            FieldError: It cannot be decoded.
        """
        return see(upload.read(), self.editor.detector)

    def thumbnail(self, effect: str, design: str | None = None) -> bytes | None:
        """Return an effect's thumbnail or that of a design, WebP of 192 pixels a side; None while it is not drawn."""
        return None if self.thumbnails is None else self.thumbnails.get(effect, design)

    def _draw_thumbnail(self) -> bool:
        return self.thumbnails is not None and self.thumbnails.draw_next(self._is_wanted)

    def _is_wanted(self) -> bool:
        return self.board.closed or self.board.waiting > 0

    def recipes(self, task: EditTask) -> dict[str, str]:
        """Return an edit as a `command` line and as `python`, of ``me.png``, ``mask.png`` and ``draft.png``."""
        files = tuple(name for name in ("mask", "draft") if getattr(task, name) is not None)
        model = self.editor.model
        return {
            "command": command_line(task.request, model, files=files),
            "python": python_code(task.request, model, files=files),
        }

    def effects(self) -> tuple[EffectSpec, ...]:
        """Return the effects that people may ask this model for."""
        return known_effects(self.editor)

    @property
    def tally(self) -> Tally:
        """Counts since the start."""
        return self.board.tally

    @property
    def alive(self) -> bool:
        """Whether the worker runs."""
        return self._worker.is_alive() and not self.board.closed

    def tidy(self) -> None:
        """End what takes too long, and remove what is no longer kept; done every second."""
        for job, why in self.board.late():
            self.board.fail(job, Failure("timeout", f"the edit was given up: {why}. Fewer steps, or later, may help."))
        for job in self.board.forget():
            self._remove(job)
        self.shelf.tidy()
        self.own.tidy()

    def _remove(self, job: Job) -> None:
        for file in job.files.values():
            file.path.unlink(missing_ok=True)
