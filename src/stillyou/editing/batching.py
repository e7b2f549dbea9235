"""Editing many pictures at a time: each in a thread of its own, and one batch of what they ask of the model together.

Whatever a picture needs besides the model (reading, faces, squares, compositing) stays written for one picture. The
threads' calls of the pipeline wait until every thread either waits too or is done; then the calling thread runs them
in batches of equal settings, in the order of the pictures. So batches do not depend on timing, and the model stays in
one thread, as CUDA graphs need it.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from stillyou.diffusion.pipeline import Edits

if TYPE_CHECKING:
    from stillyou.editing.editor import Editor

Result = TypeVar("Result")
_BATCHED = ("pixels", "prompts", "seeds", "mask")
"""Arguments of `edit` that have an entry a picture; all others must be equal within a batch."""


@dataclass
class _Call:
    """A call of `edit` that waits for its answer."""

    order: int
    arguments: dict[str, Any]
    answer: Future[Any] = field(default_factory=Future)

    @property
    def key(self) -> str:
        alone = {name: value for name, value in self.arguments.items() if name not in (*_BATCHED, "progress")}
        return repr((tuple(self.arguments["pixels"].shape[1:]), self.arguments.get("mask") is None, alone))


def edit_together(editor: Editor, tasks: Sequence[Callable[[Editor], Result]]) -> list[Result | Exception]:
    """Run tasks that edit a picture each, all at a time.

    Args:
        editor: With its model loaded.
        tasks: Called with an editor that gathers the model's work.

    Returns:
        What each task returned or raised, in order.
    """
    gathering, batcher = copy.copy(editor), Batcher(editor.pipeline)
    gathering.pipeline = batcher
    if editor.detector is not None:
        gathering.detector = _one_at_a_time(editor.detector)
    return batcher.together([partial(task, gathering) for task in tasks])


def _one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    """Guard a function that keeps state of its own, as dlib's detectors do."""
    lock = threading.Lock()

    def guarded(*arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    return guarded


class Batcher:
    """Stands in for a pipeline inside `together`; everything but `edit` is the pipeline's own."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []
        self._running = 0
        self._stopped = False
        self._order = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    def edit(self, pixels: Any, prompts: Any, settings: Any, seeds: Any, **options: Any) -> Any:
        """Wait for the next batch and return this call's part of its answer."""
        arguments = {"pixels": pixels, "prompts": prompts, "settings": settings, "seeds": seeds, **options}
        call = _Call(self._order.value, arguments)
        with self._changed:
            if self._stopped:
                raise RuntimeError("stopped")
            self._waiting.append(call)
            self._changed.notify_all()
        return call.answer.result()

    def together(self, tasks: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
        """Run tasks that call `edit`, all at a time; return their results or what they raised, in order."""
        self._running = len(tasks)
        with ThreadPoolExecutor(len(tasks)) as threads:
            futures = [threads.submit(self._task, order, task) for order, task in enumerate(tasks)]
            calls: list[_Call] = []
            try:
                while calls := self._gather():
                    for batch in _groups(calls):
                        self._answer(batch)
            except BaseException:  # Ctrl-C: no thread may go on waiting
                self._stop(calls)
                raise
        return [_outcome(future) for future in futures]

    def _task(self, order: int, task: Callable[[], Result]) -> Result:
        self._order.value = order
        try:
            return task()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _gather(self) -> list[_Call]:
        """Wait until no task can go on by itself; return the calls that wait, none when all tasks are done."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) == self._running)
            calls, self._waiting = sorted(self._waiting, key=lambda call: call.order), []
        return calls

    def _stop(self, calls: Sequence[_Call]) -> None:
        with self._changed:
            self._stopped = True
            for call in (*calls, *self._waiting):
                if not call.answer.done():
                    call.answer.set_exception(RuntimeError("stopped"))

    def _answer(self, batch: Sequence[_Call]) -> None:
        try:
            edits = self._pipeline.edit(**_joined(batch))
        except BaseException as error:
            for call in batch:
                call.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return  # the failure belongs to the pictures of this batch, not to the others
        start = 0
        for call in batch:
            end = start + len(call.arguments["pixels"])
            call.answer.set_result(_part(edits, slice(start, end)))
            start = end


def _groups(calls: Sequence[_Call]) -> list[list[_Call]]:
    groups: dict[str, list[_Call]] = {}
    for call in calls:
        groups.setdefault(call.key, []).append(call)
    return list(groups.values())


def _joined(batch: Sequence[_Call]) -> dict[str, Any]:
    """Put the arguments of calls into those of one call."""
    joined = {**batch[0].arguments, "progress": None}  # one picture's progress is not the batch's
    for name in _BATCHED:
        values: list[Any] = [call.arguments.get(name) for call in batch]
        if values[0] is None:
            continue
        joined[name] = torch.cat(values) if name in ("pixels", "mask") else [item for value in values for item in value]
    return joined


def _part(edits: Any, rows: slice) -> Edits:
    """Return some rows of an answer."""
    pixels, mask, reconstruction = edits.pixels[rows], edits.mask[rows], edits.reconstruction[rows]
    return Edits(pixels, mask, reconstruction, edits.evaluations, getattr(edits, "notes", ()))


def _outcome(future: Future[Any]) -> Any:
    """Return what a task returned or raised."""
    try:
        return future.result()
    except Exception as error:  # one picture's; the caller says which
        return error
