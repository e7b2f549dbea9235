"""What a benchmark measures and how a measurement is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import torch
from pydantic import Field

from stillyou.config import Strict

Unit = Literal["seconds an edit", "images a second", "training images a second"]


class Row(Strict):
    """One measured path through one task.

    Attributes:
        task: What is done, the same for all paths that are compared: "edit, batch 1", "training, batch 4".
        path: `released`, or a name for one of ours: "stillyou, compiled".
        unit: Of `value` and `runs`.
        runs: The value of each run, in order.
        peak_memory_gb: Most memory that the path had allocated on a GPU, its weights included; None on a CPU.
        compile_seconds: What `torch.compile` and the first run took, beyond an ordinary run.
        settings: How it was done: precision, steps, branches, batch.
        error: Why there is no value, in a line; empty if there is one.
    """

    task: str
    path: str
    unit: Unit
    runs: tuple[float, ...] = ()
    peak_memory_gb: float | None = None
    compile_seconds: float | None = None
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    error: str = ""

    @property
    def value(self) -> float | None:
        """Median of the runs; None if there are none."""
        return median(self.runs) if self.runs else None

    def document(self) -> dict[str, Any]:
        """Return the row for JSON, with its median."""
        return {**self.model_dump(mode="json"), "value": self.value}


@dataclass(frozen=True)
class Bench:
    """What a part of the benchmark is given.

    Attributes:
        device: Where it runs.
        build: Makes the components of a `MultiConditionedPipeline`, by name, with fresh random weights: fp32, on the
            device, in eval mode.
        resolution: Side of the pictures in pixels.
        runs: Timed runs of each path, in turn.
        quick: Whether a minute on a CPU must be enough.
        deadline: `time.monotonic()` after which no further measurement begins.
        say: Tells a person what is going on, in a line.
    """

    device: torch.device
    build: Callable[[], dict[str, Any]]
    resolution: int
    runs: int = 5
    quick: bool = False
    deadline: float = float("inf")
    say: Callable[[str], None] = field(default=lambda line: None)

    def seconds_left(self) -> float:
        """Return how much of the time budget is left; infinity without one."""
        return self.deadline - time.monotonic()


Part = Callable[[Bench], Iterator[Row]]
"""A half of the benchmark: yields its rows as they are measured. A path that fails yields a row with its `error`."""
