"""Exponential moving average of weights: what is saved and shown is the average, not the last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn


def decay_at(step: int, greatest: float) -> float:
    """Return the decay after step k, counted from 1: min(greatest, (1 + k) / (10 + k)), so early weights fade fast."""
    return min(greatest, (1 + step) / (10 + step))


class ExponentialAverage:
    """The average of named parameters; a ← d·a + (1 − d)·p after each step, by PyTorch's own function.

    `AveragedModel` around it would copy the whole model, frozen encoders and base weights included.

    Args:
        parameters: By name; their values are copied as the first average.
        decay: Greatest decay d, in [0, 1); with 0 the average is the parameters themselves and costs no memory.
    """

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter], decay: float) -> None:
        self.decay = decay
        self._parameters = dict(parameters)
        self._own = {name: p.detach().clone() for name, p in parameters.items()} if decay else {}

    @property
    def average(self) -> Mapping[str, torch.Tensor]:
        """The average by name."""
        return self._own or {name: p.detach() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        if self._own:
            follow = get_ema_multi_avg_fn(decay_at(step, self.decay))  # type: ignore[no-untyped-call]
            follow(list(self._own.values()), [p.detach() for p in self._parameters.values()], step)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average in the parameters' place for a while; they come back bit-identical."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        """Exchange average and parameters one by one: a copy of all of them would not fit beside large networks."""
        for name, average in self._own.items():
            kept = self._parameters[name].detach().clone()
            self._parameters[name].copy_(average)
            average.copy_(kept)

    @torch.no_grad()
    def apply(self) -> None:
        """Put the average in the parameters' place for good."""
        for name, average in self._own.items():
            self._parameters[name].copy_(average)

    @torch.no_grad()
    def load(self, average: Mapping[str, torch.Tensor]) -> None:
        """Take over a saved average."""
        for name, tensor in self._own.items():
            tensor.copy_(average[name])
