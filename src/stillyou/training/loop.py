"""The training loop of both trained stages: one step, one average, one checkpoint format.

The loop knows no networks: a `Task` brings a module whose forward pass returns the loss, and its batches from any step
on. It never waits for the device except when it logs, saves or validates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from stillyou.errors import StillYouError
from stillyou.training.checkpoint import (
    Checkpoint,
    latest_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from stillyou.training.config import Optimisation
from stillyou.training.ema import ExponentialAverage
from stillyou.training.meter import Meter
from stillyou.training.progress import StageReporter
from stillyou.training.schedule import Clock, Limits, learning_rate
from stillyou.training.signals import StopSignals

LOG_STEPS = 50
"""Steps between figures on a GPU, where reading one makes the host wait; on a CPU every step is read."""
_CPU_LOG_SECONDS = 10.0
_BETAS = (0.9, 0.99)


class Batch(Protocol):
    """What the loop itself reads of a batch."""

    @property
    def group(self) -> torch.Tensor:
        """Index into the task's labels for each sample, (B,)."""
        ...


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        name: Stage name.
        model: forward(batch) returns the loss and each sample's error (B,). Parameters that require gradients are
            trained.
        labels: Names of the groups whose errors are logged apart.
        batches: Batches on the device, of this process, from a step on.
        identity: Plain values that a checkpoint must share to be resumed.
        validate: Called with the step every now and then and at the end, the average in the parameters' place; returns
            figures for the log.
    """

    name: str
    model: torch.nn.Module
    labels: tuple[str, ...]
    batches: Callable[[int], Iterator[Any]]
    identity: Mapping[str, Any]
    validate: Callable[[int, StageReporter], Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Intervals:
    """How often the loop saves and validates."""

    checkpoint_minutes: float = 3.0
    checkpoint_steps: int | None = None
    validate_minutes: float = 5.0


class Outcome(Enum):
    """Why a session of a stage ended."""

    FINISHED = "finished"
    PAUSED = "paused"
    TERMINATED = "terminated"
    INTERRUPTED = "interrupted"


class Trainer:
    """Trains a task until a limit, resuming from its newest checkpoint.

    Args:
        accelerator: Device, precision and processes.
        task: What to train.
        settings: Learning rate, clipping, average.
        limits: When to end or pause.
        intervals: When to save and validate.
        folder: Where checkpoints lie.
        reporter: Where progress goes.
        spent: Seconds the stage took before the loop began, preparation included.

    Raises:
        StillYouError: The checkpoint belongs to another run.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        task: Task,
        settings: Optimisation,
        limits: Limits,
        intervals: Intervals,
        folder: Path,
        reporter: StageReporter,
        spent: float = 0.0,
    ) -> None:
        self.accelerator, self.task, self.settings, self.intervals = accelerator, task, settings, intervals
        self.folder, self.reporter = folder, reporter
        task.model.to(accelerator.device)
        self.parameters = {name: p for name, p in task.model.named_parameters() if p.requires_grad}
        optimizer = torch.optim.AdamW(
            self.parameters.values(),
            lr=settings.learning_rate,
            betas=_BETAS,
            weight_decay=settings.weight_decay,
            fused=accelerator.device.type == "cuda",
        )
        self.average = ExponentialAverage(self.parameters, settings.ema_decay)
        self.model, self.optimizer = accelerator.prepare(task.model, optimizer)
        self.step = 0
        self.clock = Clock(limits, spent + self._resume(optimizer))
        self._plain_optimizer = optimizer
        self._meter = Meter(len(task.labels), accelerator.device)
        self._saved_at = self._validated_at = self.clock.elapsed

    def _resume(self, optimizer: torch.optim.Optimizer) -> float:
        """Take over the newest checkpoint; return the seconds it had taken."""
        checkpoint = latest_checkpoint(self.folder)
        if checkpoint is None:
            return 0.0
        check_identity(checkpoint.identity, self.task.identity, self.folder)
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(checkpoint.model[name])
        self.average.load(checkpoint.average)
        restore_optimizer(optimizer, self.parameters, checkpoint.optimizer)
        if self.accelerator.scaler is not None and checkpoint.scaler:
            self.accelerator.scaler.load_state_dict(dict(checkpoint.scaler))
        self.step = checkpoint.step
        self.reporter.say(f"resuming at step {self.step}")
        return checkpoint.elapsed

    def run(self) -> Outcome:
        """Train; at the end or at a pause everything is saved.

        Raises:
            StillYouError: The loss is no finite number any more; the last good checkpoint is kept.
        """
        self.task.model.train()
        with StopSignals() as signals:
            batches = self.task.batches(self.step)
            while True:
                outcome, progress = self._decide(signals)
                if outcome is not None:
                    break
                self._train_step(next(batches), progress)
                self._housekeeping()
        self._check_finite()
        if outcome is Outcome.FINISHED:
            self._validate()
        self._save()
        return outcome

    def _decide(self, signals: StopSignals) -> tuple[Outcome | None, float]:
        """Say whether to stop, and f for the learning rate; the first process decides for all."""
        outcome = signals.outcome
        if self.clock.finished(self.step):
            outcome = Outcome.FINISHED.value
        elif outcome is None and self.clock.paused():
            outcome = Outcome.PAUSED.value
        decision = [outcome, self.clock.progress(self.step)]
        if self.accelerator.num_processes > 1:
            broadcast_object_list(decision)
        return (None if decision[0] is None else Outcome(decision[0])), float(decision[1])  # type: ignore[arg-type]

    def _train_step(self, batch: Batch, progress: float) -> None:
        rate = learning_rate(self.settings, self.step, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss, errors = self.model(batch)
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(list(self.parameters.values()), self.settings.clip)
        self.optimizer.step()
        self.step += 1
        self.average.update(self.step)
        # The loss scaler of fp16 expects infinite gradients now and then and skips those steps.
        watched = loss if self.accelerator.scaler is not None else loss + norm
        self._meter.add(errors.detach(), batch.group, norm, watched.detach())
        self._rate = rate

    def _housekeeping(self) -> None:
        """Log, validate and save when it is time."""
        on_cpu = self.accelerator.device.type == "cpu"
        if on_cpu or self.step % LOG_STEPS == 0:
            self._check_finite()
        if self.step % LOG_STEPS == 0 or self.step == 1 or (on_cpu and self._meter.seconds >= _CPU_LOG_SECONDS):
            self._log()
        if self.clock.elapsed - self._validated_at >= 60 * self.intervals.validate_minutes:
            self._validate()
        every = self.intervals.checkpoint_steps
        by_step = every is not None and self.step % every == 0
        if by_step or self.clock.elapsed - self._saved_at >= 60 * self.intervals.checkpoint_minutes:
            self._check_finite()
            self._save()

    def _check_finite(self) -> None:
        if not self._meter.finite():
            kept = sorted(self.folder.glob("checkpoint-*"))
            remedy = f"The last good checkpoint is {kept[-1]}. " if kept else ""
            raise StillYouError(
                f"{self.task.name}: the loss is no finite number any more (noticed at step {self.step})",
                f"{remedy}Lower the learning rate or use --precision fp32.",
            )

    def _log(self) -> None:
        figures = self._meter.read(self.task.labels)
        samples = figures.pop("steps_per_second") * self.settings.batch
        remaining = self.clock.remaining(self.step, samples / self.settings.batch)
        note = f"step {self.step}, loss {figures['loss']:.4f}, {samples:.0f} samples/s"
        self.reporter.update(self.clock.progress(self.step), note, remaining=remaining)
        self.reporter.scalars(self.step, {**figures, "learning_rate": self._rate, "samples_per_second": samples})

    def _validate(self) -> None:
        """Let the callback look at the averaged weights; the first process does, the others wait."""
        self._validated_at = self.clock.elapsed
        if self.task.validate is not None and self.accelerator.is_main_process:
            self.task.model.eval()
            tuned, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False  # these shapes come once
            with self.average.applied():
                self.reporter.scalars(self.step, self.task.validate(self.step, self.reporter))
            torch.backends.cudnn.benchmark = tuned
            self.task.model.train()
        self.accelerator.wait_for_everyone()

    def _save(self) -> None:
        self._saved_at = self.clock.elapsed
        if self.accelerator.is_main_process:
            scaler = self.accelerator.scaler
            save_checkpoint(
                self.folder,
                Checkpoint(
                    step=self.step,
                    elapsed=self.clock.elapsed,
                    identity=self.task.identity,
                    model={name: p.detach() for name, p in self.parameters.items()},
                    average=self.average.average,
                    optimizer=optimizer_tensors(self._plain_optimizer, self.parameters),
                    scaler={} if scaler is None else scaler.state_dict(),
                ),
            )
        self.accelerator.wait_for_everyone()


def check_identity(saved: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    """Refuse to resume a run that was started with other settings.

    Raises:
        StillYouError: The first setting that differs, with both values.
    """
    for key in wanted:
        if saved.get(key) != wanted[key]:
            raise StillYouError(
                f"{folder} was started with {key} = {saved.get(key)}, now it is {wanted[key]}",
                "Repeat the first command to resume, or choose another folder with -o.",
            )
