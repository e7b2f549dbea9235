"""What several processes must do alike although their clocks and signals differ."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import distributed


class Agreement:
    """Exchanges a few numbers between processes, on the host, so that no GPU has to wait; one process agrees at once.

    Args:
        accelerator: All processes make theirs at the same time.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self._group = None
        self._alone = accelerator.num_processes == 1
        if not self._alone:
            self._group = distributed.new_group(backend="gloo")

    def first(self, numbers: Sequence[float]) -> list[float]:
        """Return what the first process passed."""
        if self._alone:
            return list(numbers)
        tensor = torch.tensor(numbers, dtype=torch.float64)
        distributed.broadcast(tensor, src=0, group=self._group)
        return [float(number) for number in tensor]

    def total(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes, on the CPU."""
        tensor = tensor.detach().cpu()
        if not self._alone:
            tensor = tensor.clone()
            distributed.all_reduce(tensor, group=self._group)
        return tensor
