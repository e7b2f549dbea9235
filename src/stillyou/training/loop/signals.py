"""Ctrl-C and SIGTERM during training: finish the step, save, then stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from stillyou.console import console

_OUTCOMES = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class StopSignals:
    """While open, the first SIGINT or SIGTERM is noted in `outcome`; a second one acts as usual."""

    def __init__(self) -> None:
        self.outcome: str | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
            self._before = {number: signal.signal(number, self._note) for number in _OUTCOMES}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.outcome = _OUTCOMES[signal.Signals(number)]
        console.print("Saving a checkpoint, then stopping; once more stops at once.", markup=False)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
