"""Figures of a run, summed on the device so that the host need not wait for each step."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


class Meter:
    """Sums figures on the device between two looks at them.

    Args:
        groups: How many groups of samples are told apart.
        device: Where the figures are made.
    """

    def __init__(self, groups: int, device: torch.device) -> None:
        self._errors = torch.zeros(groups, device=device)
        self._counts = torch.zeros(groups, device=device)
        self._norm = torch.zeros((), device=device)
        self._watched = torch.zeros((), device=device)
        self._steps, self._since = 0, time.monotonic()

    @property
    def steps(self) -> int:
        """Steps since the last look."""
        return self._steps

    @property
    def seconds(self) -> float:
        """Seconds since the last look."""
        return time.monotonic() - self._since

    def add(self, errors: torch.Tensor, group: torch.Tensor, norm: torch.Tensor, watched: torch.Tensor) -> None:
        """Take in a step: errors and group (B,), gradient norm, and the number that must stay finite."""
        self._errors.index_add_(0, group, errors.float())
        self._counts.index_add_(0, group, torch.ones_like(errors, dtype=torch.float32))
        self._norm += norm
        self._watched += watched * 0  # stays 0 while all is finite, and NaN ever after
        self._steps += 1

    def finite(self) -> bool:
        """Whether all watched numbers so far were finite; waits for the device."""
        return bool(self._watched.isfinite())

    def read(
        self, labels: tuple[str, ...], total: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor
    ) -> dict[str, float]:
        """Return mean errors by label, the loss, the gradient norm and the speed since the last call.

        Args:
            labels: Names of the groups.
            total: Adds up a tensor over processes; all of them call it.
        """
        errors, counts = total(torch.stack([self._errors, self._counts])).tolist()
        seconds = max(self.seconds, 1e-9)
        figures = {
            "loss": sum(errors) / max(sum(counts), 1.0),
            "gradient_norm": float(self._norm) / max(self._steps, 1),
        }
        for label, error, count in zip(labels, errors, counts, strict=True):
            if count:
                figures[f"loss_{label}"] = error / count
        figures["steps_per_second"] = self._steps / seconds
        for tensor in (self._errors, self._counts, self._norm):
            tensor.zero_()
        self._steps, self._since = 0, time.monotonic()
        return figures
