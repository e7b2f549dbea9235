"""An edit under way: what is wanted, how far it is, and what came of it.

queued -> running -> done | failed
queued, running -> cancelled
done, failed, cancelled -> gone, after `Limits.keep_seconds`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from stillyou.app.service.outputs import OutputWish, ResultFile
from stillyou.app.service.uploads import Upload
from stillyou.editing.request import EditRequest
from stillyou.editing.result import EditReport

__all__ = ["Doing", "EditTask", "Failure", "Job", "JobView", "OutputWish", "State"]


class State(str, Enum):
    """Where an edit is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class Doing(str, Enum):
    """What a running edit is at."""

    LOOKING = "looking"
    """It finds out what the picture shows and where to edit it."""
    MASK = "mask"
    """The model is asked where the edit goes."""
    DRAWING = "drawing"
    """The model, or the effect's own art, draws; `step` of `steps` tells how far, where the model does."""
    WRITING = "writing"
    """The results are written as files."""


@dataclass(frozen=True)
class Failure:
    """Why an edit failed.

    Attributes:
        kind: `input`: it could not be done with what was given; `timeout`: it took too long; `internal`: a fault here.
        detail: What is wrong and the remedy, for people.
        field: The field to change, if it is known.
    """

    kind: Literal["input", "timeout", "internal"]
    detail: str
    field: str | None = None


@dataclass(frozen=True)
class EditTask:
    """An edit that somebody wants.

    Attributes:
        picture: What to edit.
        request: How, of `Service.request`: its mask and draft are unsaid or words, never files.
        mask: Where to edit: a grey picture of the same size.
        draft: What to start from: a picture of the same size with alpha, or drawn over it.
        output: How the result is written.
    """

    picture: Upload
    request: EditRequest
    mask: Upload | None = None
    draft: Upload | None = None
    output: OutputWish = field(default_factory=OutputWish)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """All files that it needs."""
        return tuple(each for each in (self.picture, self.mask, self.draft) if each is not None)


@dataclass(frozen=True)
class JobView:
    """An edit as it was when somebody asked.

    Attributes:
        id: Unguessable: who knows it may read the results.
        state: Where it is.
        position: Place in the queue, 1 = next; None unless it waits.
        doing: What it is at; None unless it runs.
        step: Steps of the sampler that are done.
        steps: Of how many; 0 before the model was asked.
        failure: Why it failed.
        report: Settings and figures of a finished edit.
        files: What can be read of it, by kind: `picture`, `mask`, `draft`.
        seconds: From submission until now, or until it ended.
    """

    id: str
    state: State
    position: int | None = None
    doing: Doing | None = None
    step: int = 0
    steps: int = 0
    failure: Failure | None = None
    report: EditReport | None = None
    files: Mapping[str, ResultFile] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(eq=False)
class Job:
    """An edit as the board keeps it; only the board changes it, under its lock."""

    id: str
    task: EditTask
    submitted: float
    state: State = State.QUEUED
    doing: Doing = Doing.LOOKING
    step: int = 0
    steps: int = 0
    started: float | None = None
    ended: float | None = None
    failure: Failure | None = None
    report: EditReport | None = None
    files: dict[str, ResultFile] = field(default_factory=dict)
    watchers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Size of its results."""
        return sum(each.bytes for each in self.files.values())
