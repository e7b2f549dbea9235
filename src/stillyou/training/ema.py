"""Exponential moving average of weights: what is saved and shown is the average, not the last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch


def decay_at(step: int, greatest: float) -> float:
    """Return the decay after step k, counted from 1: min(greatest, (1 + k) / (10 + k)), so early weights fade fast."""
    return min(greatest, (1 + step) / (10 + step))


class ExponentialAverage:
    """The average of named parameters; a ← d·a + (1 − d)·p after each step.

    Args:
        parameters: By name; their values are copied as the first average.
        decay: Greatest decay d, in [0, 1).
    """

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter], decay: float) -> None:
        self.decay = decay
        self._parameters = dict(parameters)
        self.average = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        torch._foreach_lerp_(
            list(self.average.values()),
            [p.detach() for p in self._parameters.values()],
            1 - decay_at(step, self.decay),
        )

    @contextmanager
    @torch.no_grad()
    def applied(self) -> Iterator[None]:
        """Put the average in the parameters' place for a while; they come back bit-identical."""
        kept = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._copy(self.average)
        try:
            yield
        finally:
            self._copy(kept)

    @torch.no_grad()
    def apply(self) -> None:
        """Put the average in the parameters' place for good."""
        self._copy(self.average)

    @torch.no_grad()
    def load(self, average: Mapping[str, torch.Tensor]) -> None:
        """Take over a saved average."""
        for name, tensor in self.average.items():
            tensor.copy_(average[name])

    def _copy(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(values[name])
