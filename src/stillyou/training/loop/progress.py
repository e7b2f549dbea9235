"""What a run says while it works: a bar on terminals, plain lines elsewhere, and trackers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from stillyou.console import console

if TYPE_CHECKING:
    from accelerate import Accelerator

PLAIN_SECONDS = 20.0
"""Time between plain lines where standard error is no terminal."""


class StageReporter:
    """Progress of one stage on standard error, and its figures for trackers.

    Args:
        stage: Name shown to people and put before trackers' tags.
        trackers: Brings the trackers that figures and pictures go to; None tracks nothing.
        quiet: Say nothing, as all processes but the first do.
        now: Source of time in seconds.
    """

    def __init__(
        self,
        stage: str,
        trackers: Accelerator | None = None,
        *,
        quiet: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage, self._trackers, self._quiet, self._now = stage, trackers, quiet, now
        self._bar: Progress | None = None
        self._said = -PLAIN_SECONDS

    def __enter__(self) -> StageReporter:
        if console.is_terminal and not self._quiet:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._bar = Progress(*columns, console=console)
            self._bar.add_task(self._stage, total=1.0, note="")
            self._bar.start()
        self._said = -PLAIN_SECONDS
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, fraction: float, note: str, *, remaining: float | None = None) -> None:
        """Show how far the stage is.

        Args:
            fraction: In [0, 1].
            note: Figures in a few words.
            remaining: Estimated seconds to the end.
        """
        left = "" if remaining is None else f", {duration(remaining)} left"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=fraction, note=note + left)
        elif self._now() - self._said >= PLAIN_SECONDS:
            self._said = self._now()
            self.say(f"{100 * fraction:.0f}%, {note}{left}")

    def say(self, text: str) -> None:
        """Print one line about the stage."""
        if not self._quiet:
            console.print(f"{self._stage}: {text}", markup=False)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Track figures."""
        if self._trackers is not None:
            self._trackers.log({f"{self._stage}/{name}": value for name, value in values.items()}, step)

    def picture(self, step: int, name: str, pixels: npt.NDArray[np.uint8]) -> None:
        """Track a picture (H, W, 3) uint8."""
        for tracker in [] if self._trackers is None else self._trackers.trackers:
            tracker.log_images({f"{self._stage}/{name}": pixels[None]}, step, dataformats="NHWC")


def duration(seconds: float) -> str:
    """Write seconds as people do: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
