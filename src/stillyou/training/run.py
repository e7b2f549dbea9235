"""A run: what was asked for, its folder, and the time its stages have taken."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.files import write_json
from stillyou.training.config import Stage, TrainingConfig
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.loop.clock import Clock, Limits
from stillyou.training.loop.progress import StageReporter
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE, Rules

if TYPE_CHECKING:
    from accelerate import Accelerator

_SHARES: Mapping[Stage, float] = {"render": 0.25, "autoencoder": 0.11, "editor": 0.64}
_RESERVE_SECONDS = 15.0
"""Kept for saving the model at the end of a budget, but no more than 3% of it."""


@dataclass(frozen=True)
class Request:
    """What the command asks for.

    Attributes:
        folder: The run's folder.
        config: Resolved settings.
        stages: What to run, in order.
        pairs: The user's pairs, or None for rendered ones.
        device: `auto`, `cpu` or `cuda`.
        pause_minutes: Length of this session, or None.
        init: Model to fine-tune, or None.
        base: Text-to-image model to start from, or None.
        image_encoder: CLIP image encoder beside the base; None takes the released models'.
        effects: Specs of effects that the catalogue lacks.
    """

    folder: Path
    config: TrainingConfig
    stages: tuple[Stage, ...]
    pairs: Path | None = None
    device: str = "auto"
    pause_minutes: float | None = None
    init: str | None = None
    base: str | None = None
    image_encoder: str | None = None
    effects: tuple[EffectSpec, ...] = ()


@dataclass
class Run:
    """A run's folder and clocks; all paths of a run come from here."""

    request: Request
    started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Root of the run."""
        return self.request.folder

    def pairs(self, teacher: str) -> Path:
        """Return the folder of the pairs that a teacher has rendered."""
        return self.folder / "pairs" / teacher

    @property
    def vae(self) -> Path:
        """The autoencoder stage's result."""
        return self.folder / "autoencoder" / "vae"

    @property
    def model(self) -> Path:
        """The editor stage's result."""
        return self.folder / "model"

    @property
    def compact(self) -> Path:
        """The model in the form that ships."""
        return self.folder / "compact"

    @property
    def lora(self) -> Path:
        """The editor stage's result if low-rank updates are trained."""
        return self.folder / "lora"

    def spent(self) -> dict[str, float]:
        """Return the seconds that each stage has taken so far."""
        path = self.folder / "spent.json"
        recorded: dict[str, float] = {}
        if path.is_file():
            rules = Rules("Delete it; the budget then starts anew.")
            try:
                recorded = {name: float(value) for name, value in read_object(path, rules).items()}
            except (ValueError, TypeError) as error:
                raise rules.refuse(path, "holds other things than seconds") from error
        for stage in ("autoencoder", "editor"):
            state = newest_state(self.folder / stage)
            if state is not None:
                recorded[stage] = max(recorded.get(stage, 0.0), state.elapsed)
        return recorded

    def record(self, stage: str, seconds: float) -> None:
        """Note the seconds that a stage, or a teacher in it, has taken over all sessions."""
        write_json(self.folder / "spent.json", self.spent() | {stage: seconds})

    def rendered(self) -> dict[str, int]:
        """Return the candidates that each teacher was asked for when it was done; 0 for one that has failed."""
        path = self.folder / "render.json"
        if not path.is_file():
            return {}
        try:
            return {name: int(goal) for name, goal in read_object(path, RUN_FILE)["candidates"].items()}
        except (StillYouError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # rendering again makes only what is missing

    def mark_rendered(self, teacher: str, goal: int) -> None:
        """Note that a teacher is done."""
        write_json(self.folder / "render.json", {"candidates": self.rendered() | {teacher: goal}})

    def limits(self, stage: Stage) -> Limits:
        """Return the limits of a stage; time that earlier stages saved goes to later ones.

        Raises:
            UsageError: There is neither a budget nor a number of steps.
        """
        config = self.request.config
        steps = None if stage == "render" else config.steps
        budget = self._budget(stage, self.spent())
        if budget is None and steps is None and stage != "render":
            raise UsageError("this run has no end", "Give --steps or --budget-minutes.")
        return Limits(steps, budget, self.session_left())

    def clock(self, stage: Stage) -> Clock:
        """Start the clock of a session of a stage; raises as `limits` does."""
        return Clock(self.limits(stage), self.spent().get(stage, 0.0))

    def expected_seconds(self, shortest: Mapping[str, float] = MappingProxyType({})) -> dict[Stage, float]:
        """Return what each stage will get of the budget if the earlier ones use theirs up; empty without a budget.

        Args:
            shortest: Seconds that a stage takes even if it gets fewer.
        """
        spent = self.spent()
        expected: dict[Stage, float] = {}
        for stage in self.request.stages:
            budget = self._budget(stage, spent)
            if budget is not None:
                expected[stage] = budget
                spent[stage] = max(budget, shortest.get(stage, 0.0))
        return expected

    def _budget(self, stage: Stage, spent: Mapping[str, float]) -> float | None:
        minutes = self.request.config.budget_minutes
        if minutes is None:
            return None
        total = 60 * minutes
        total -= min(_RESERVE_SECONDS, 0.03 * total)
        stages = self.request.stages
        earlier, later = stages[: stages.index(stage)], stages[stages.index(stage) :]
        left = total - sum(spent.get(name, 0.0) for name in earlier)
        return max(0.0, left * _SHARES[stage] / sum(_SHARES[name] for name in later))

    def session_left(self) -> float | None:
        """Return the seconds until this session must pause, or None."""
        if self.request.pause_minutes is None:
            return None
        return max(0.0, 60 * self.request.pause_minutes - (time.monotonic() - self.started))


def stage_reporter(stage: Stage, accelerator: Accelerator) -> StageReporter:
    """Return the reporter of a trained stage; of several processes the first one talks."""
    return StageReporter(stage, accelerator, quiet=not accelerator.is_main_process)
