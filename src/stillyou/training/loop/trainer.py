"""The training loop of both trained stages: one step, one average, one checkpoint format.

The loop knows no networks: a `Task` brings a module whose forward pass returns the loss, and its batches from any step
on. It never waits for the device except when it logs, saves or validates.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from stillyou.errors import StillYouError
from stillyou.training.config import Optimisation
from stillyou.training.loop.checkpoint import (
    Checkpoint,
    latest_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from stillyou.training.loop.clock import Clock, learning_rate
from stillyou.training.loop.ema import ExponentialAverage
from stillyou.training.loop.meter import Meter
from stillyou.training.loop.nan_trace import first_not_finite
from stillyou.training.loop.optimiser import make_optimizer, place, split_batch, wrap
from stillyou.training.loop.process_sync import Agreement
from stillyou.training.loop.progress import StageReporter
from stillyou.training.loop.sharding import like, settle, whole, wholes
from stillyou.training.loop.signals import StopSignals
from stillyou.training.loop.task import Batch, Intervals, Outcome, Task

LOG_STEPS = 50
"""Steps between figures on a GPU, where reading one makes the host wait; on a CPU every step is read."""
_CPU_LOG_SECONDS = 10.0

__all__ = ["Intervals", "Outcome", "Task", "Trainer"]


@dataclass(frozen=True)
class _Decision:
    """What the first process says for all before a step: whether to stop, f for the learning rate, what is due."""

    outcome: Outcome | None
    progress: float
    log: bool
    validate: bool
    save: bool


class Trainer:
    """Trains a task until a limit, resuming from its newest checkpoint.

    What it is made of stands in `__init__`, a line a part; each part is a module of this folder, to be swapped there.

    Args:
        accelerator: Device, precision and processes.
        task: What to train.
        settings: Learning rate, clipping, average.
        clock: When to end or pause; it runs since the stage began, preparation included.
        intervals: When to save and validate.
        folder: Where checkpoints lie.
        reporter: Where progress goes.

    Attributes:
        task: Model, batches, labels and validation.
        clock: Time taken, limits, f of the learning rate.
        step: Steps taken.
        parameters: What is trained, by name.
        average: Their moving average: what is validated and saved.

    Raises:
        StillYouError: The checkpoint belongs to another run.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        task: Task,
        settings: Optimisation,
        clock: Clock,
        intervals: Intervals,
        folder: Path,
        reporter: StageReporter,
    ) -> None:
        self.accelerator = accelerator  # device, precision, processes
        self.task = task  # model and loss, batches, validation
        self.settings, self.clock, self.intervals = settings, clock, intervals  # learning rate; limits; what is due
        self.folder, self.reporter = folder, reporter  # checkpoints; bar, lines, trackers
        place(task, accelerator.device)  # whole, or shared among processes
        self.parameters = {name: p for name, p in task.model.named_parameters() if p.requires_grad}
        self._plain_optimizer = make_optimizer(list(self.parameters.values()), settings, accelerator.device)
        self.average = ExponentialAverage(self.parameters, settings.ema_decay)
        self.model, self.optimizer = wrap(accelerator, task, self._plain_optimizer)
        self._agreement = Agreement(accelerator)  # one process decides for all
        self._meter = Meter(len(task.labels), accelerator.device)  # figures of the log
        self.step = self._resume(self._plain_optimizer)
        self._saved_at = self._validated_at = self.clock.elapsed

    def _resume(self, optimizer: torch.optim.Optimizer) -> int:
        """Take over the newest checkpoint; return its step."""
        checkpoint = latest_checkpoint(self.folder)
        if checkpoint is None:
            return 0
        check_identity(checkpoint.identity, self.task.identity, self.folder)
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(like(checkpoint.model[name], parameter))
        self.average.load({name: like(checkpoint.average[name], p) for name, p in self.parameters.items()})
        restore_optimizer(optimizer, self.parameters, checkpoint.optimizer)
        if self.accelerator.scaler is not None and checkpoint.scaler:
            self.accelerator.scaler.load_state_dict(dict(checkpoint.scaler))
        self.clock.spent = max(self.clock.spent, checkpoint.elapsed)
        self.reporter.say(f"resuming at step {checkpoint.step}")
        return checkpoint.step

    def run(self) -> Outcome:
        """Train; at the end or at a pause everything is saved.

        Raises:
            StillYouError: The loss is no finite number any more; the last good checkpoint is kept.
        """
        self.task.model.train()
        with StopSignals() as signals:
            batches = self.task.batches(self.step)
            while True:
                decision = self._decide(signals)
                self._housekeeping(decision)
                if decision.outcome is not None:
                    break
                self.train_step(next(batches), decision.progress)
        self._check_finite()
        if decision.outcome is Outcome.FINISHED:
            self._validate()
        self._save()
        return decision.outcome

    def _decide(self, signals: StopSignals) -> _Decision:
        """Say what is next; the first process decides for all, since clocks and signals differ."""
        outcome = signals.outcome
        if self.clock.finished(self.step):
            outcome = Outcome.FINISHED.value
        elif outcome is None and self.clock.paused():
            outcome = Outcome.PAUSED.value
        outcomes = list(Outcome)
        mine = [-1.0 if outcome is None else outcomes.index(Outcome(outcome)), self.clock.progress(self.step)]
        stop, progress, *due = self._agreement.first(mine + [float(flag) for flag in self._due()])
        return _Decision(None if stop < 0 else outcomes[int(stop)], progress, *map(bool, due))

    def _due(self) -> tuple[bool, bool, bool]:
        """Say whether to log, to validate and to save after the last step."""
        if not self._meter.steps:
            return False, False, False
        on_cpu, since, every = self.accelerator.device.type == "cpu", self.clock.elapsed, self.intervals
        slow = on_cpu and self._meter.seconds >= _CPU_LOG_SECONDS
        by_step = every.checkpoint_steps is not None and self.step % every.checkpoint_steps == 0
        return (
            self.step % LOG_STEPS == 0 or self.step == 1 or slow,
            since - self._validated_at >= 60 * every.validate_minutes,
            by_step or since - self._saved_at >= 60 * every.checkpoint_minutes,
        )

    def train_step(self, batch: Batch, progress: float) -> None:
        """Take one step.

        Args:
            batch: Of this process.
            progress: f in [0, 1], for the learning rate.
        """
        rate = learning_rate(self.settings, self.step, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss, errors = self._backward(batch)
        norm = whole(self.accelerator.clip_grad_norm_(list(self.parameters.values()), self.settings.clip))
        # The loss scaler of fp16 expects infinite gradients now and then and skips those steps.
        watched = loss if self.accelerator.scaler is not None else loss + norm
        self._meter.add(errors, batch.group, norm, watched)
        self._batch, self._rate = batch, rate
        self.step += 1
        if self.accelerator.device.type == "cpu":
            self._check_finite()  # before the weights are poisoned, so that the message can name where it begins
        self.optimizer.step()
        self.average.update(self.step)

    def _backward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Add up the gradients of a step, part by part; return the loss and each sample's error."""
        parts = split_batch(batch, self.settings.accumulation)
        losses, errors = [], []
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            # Processes meet at the end, unless they share weights: then they meet in every block.
            apart = not last and self.task.shard is None
            with self.accelerator.no_sync(self.model) if apart else nullcontext():
                loss, error = self._forward(part)
                loss = loss if len(parts) == 1 else loss / len(parts)
                self.accelerator.backward(loss)
            losses.append(loss.detach())
            errors.append(error.detach())
        return (losses[0], errors[0]) if len(parts) == 1 else (torch.stack(losses).sum(), torch.cat(errors))

    def _forward(self, part: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the model; accelerate's wrapper brings its own autocast."""
        with nullcontext() if self.task.shard is None else self.accelerator.autocast():
            result: tuple[torch.Tensor, torch.Tensor] = self.model(part)
        return result

    def _housekeeping(self, due: _Decision) -> None:
        """Log, validate and save when it is time."""
        if due.log:
            self._check_finite()
            self._log()
        if due.outcome is not None:
            return  # the end validates and saves
        if due.validate:
            self._validate()
        if due.save:
            self._check_finite()
            self._save()

    def _check_finite(self) -> None:
        if not self._meter.finite():
            kept = sorted(self.folder.glob("checkpoint-*"))
            remedy = f"The last good checkpoint is {kept[-1]}. " if kept else ""
            with self.accelerator.autocast():
                place = first_not_finite(self.task.model, self._batch)
            where = f"; it begins in {place}" if place else ""
            half = self.accelerator.mixed_precision == "fp16"
            advice = (
                "fp16 is too narrow here: use --precision bf16" if half else "Lower the learning rate in a new folder"
            )
            raise StillYouError(
                f"{self.task.name}: the loss is no finite number any more (noticed at step {self.step}{where})",
                f"{remedy}{advice} or use --precision fp32.",
            )

    def _log(self) -> None:
        figures = self._meter.read(self.task.labels, self._agreement.total)
        samples = figures.pop("steps_per_second") * self.settings.batch
        remaining = self.clock.remaining(self.step, samples / self.settings.batch)
        note = f"step {self.step}, loss {figures['loss']:.4f}, {samples:.0f} samples/s"
        self.reporter.update(self.clock.progress(self.step), note, remaining=remaining)
        self.reporter.scalars(self.step, {**figures, "learning_rate": self._rate, "samples_per_second": samples})

    def _validate(self) -> None:
        """Let the callback look at the averaged weights; the first process does, the others wait."""
        self._validated_at = self.clock.elapsed
        self.optimizer.zero_grad(set_to_none=True)  # their memory is needed for editing
        shared = self.task.shard is not None
        if self.task.validate is not None and (shared or self.accelerator.is_main_process):
            self.task.model.eval()
            tuned, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False  # these shapes come once
            with self.average.applied():
                self.reporter.scalars(self.step, self.task.validate(self.step, self.reporter))
            torch.backends.cudnn.benchmark = tuned
            if shared:
                settle(self.task.model)
            self.task.model.train()
        self.accelerator.wait_for_everyone()

    def _save(self) -> None:
        self._saved_at = self.clock.elapsed
        # All processes bring what they share together; the first writes.
        model, average = wholes(self.parameters), wholes(self.average.average)
        optimizer = wholes(optimizer_tensors(self._plain_optimizer, self.parameters))
        if self.accelerator.is_main_process:
            scaler = self.accelerator.scaler
            save_checkpoint(
                self.folder,
                Checkpoint(
                    step=self.step,
                    elapsed=self.clock.elapsed,
                    identity=self.task.identity,
                    model=model,
                    average=average,
                    optimizer=optimizer,
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
