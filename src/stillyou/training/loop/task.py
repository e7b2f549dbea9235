"""What the loop trains, how often it saves and validates, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import torch

from stillyou.training.loop.progress import StageReporter


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
        shard: Shares the model's weights among processes, in place; None repeats them.
        validate: Called with the step every now and then and at the end, the average in the parameters' place; returns
            figures for the log.
    """

    name: str
    model: torch.nn.Module
    labels: tuple[str, ...]
    batches: Callable[[int], Iterator[Any]]
    identity: Mapping[str, Any]
    validate: Callable[[int, StageReporter], Mapping[str, float]] | None = None
    shard: Callable[[torch.device], None] | None = None


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
