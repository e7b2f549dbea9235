"""How far a run is: by steps, by minutes, or both; and the learning rate that follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stillyou.training.config import Optimisation


def learning_rate(settings: Optimisation, step: int, progress: float) -> float:
    """Return the learning rate of a step: warm-up, a plateau, then linear decay (see `Optimisation`).

    Args:
        settings: Rate, warm-up and decay.
        step: Counted from 0.
        progress: f in [0, 1].
    """
    warmup = min(1.0, (step + 1) / settings.warmup_steps)
    decay = min(1.0, (1 - progress) / (1 - settings.decay_from))
    return settings.learning_rate * warmup * (settings.final + (1 - settings.final) * decay)


@dataclass
class Limits:
    """When a stage ends or pauses.

    Attributes:
        steps: Steps of the stage, or None.
        budget: Seconds of the stage over all its sessions, or None.
        pause: Seconds of this session, after which the run saves and stops, or None.
    """

    steps: int | None = None
    budget: float | None = None
    pause: float | None = None


@dataclass
class Clock:
    """Seconds a stage has taken, accumulated over interruptions.

    Attributes:
        limits: When to end.
        spent: Seconds of earlier sessions.
        now: Source of time in seconds; tests replace it.
    """

    limits: Limits
    spent: float = 0.0
    now: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.now()

    @property
    def session(self) -> float:
        """Seconds since this session began."""
        return self.now() - self._start

    @property
    def elapsed(self) -> float:
        """Seconds of all sessions."""
        return self.spent + self.session

    def progress(self, step: int) -> float:
        """Return f, in [0, 1]: the greater of the used shares of steps and budget."""
        by_steps = step / self.limits.steps if self.limits.steps else 0.0
        by_time = self.elapsed / self.limits.budget if self.limits.budget else 0.0
        return min(1.0, max(by_steps, by_time))

    def finished(self, step: int) -> bool:
        """Whether a limit of the stage is reached before this step."""
        out_of_steps = self.limits.steps is not None and step >= self.limits.steps
        return out_of_steps or (self.limits.budget is not None and self.elapsed >= self.limits.budget)

    def paused(self) -> bool:
        """Whether this session has lasted as long as it may."""
        return self.limits.pause is not None and self.session >= self.limits.pause

    def remaining(self, step: int, steps_a_second: float) -> float:
        """Estimate the seconds until the stage ends."""
        estimates = []
        if self.limits.budget is not None:
            estimates.append(self.limits.budget - self.elapsed)
        if self.limits.steps is not None and steps_a_second > 0:
            estimates.append((self.limits.steps - step) / steps_a_second)
        return max(0.0, min(estimates, default=0.0))
