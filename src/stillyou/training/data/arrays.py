"""Arrays on disk that are written while a GPU goes on with the next batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap

AHEAD = 2
"""Batches that a GPU may be ahead of the disk."""


class GrowingArrays:
    """Arrays of (N, K, ...) on disk, filled batch by batch.

    A GPU goes on encoding while what it has encoded is fetched and written.

    Args:
        folder: Where they lie.
        count: N, pairs.
        copies: K, copies of each.
    """

    def __init__(self, folder: Path, count: int, copies: int) -> None:
        self._folder, self._shape = folder, (count, copies)
        self._arrays: dict[str, np.ndarray] = {}
        self._waiting: deque[tuple[slice, int, dict[str, torch.Tensor], torch.cuda.Event | None]] = deque()

    def put(self, rows: slice, copy: int, encoded: Mapping[str, torch.Tensor]) -> None:
        """Take a batch; it is written when the next ones have been given to the device."""
        fetched = {name: values.to("cpu", non_blocking=True) for name, values in encoded.items()}
        event = None
        if any(values.is_cuda for values in encoded.values()):
            event = torch.cuda.Event()  # type: ignore[no-untyped-call,unused-ignore]
            event.record()
        self._waiting.append((rows, copy, fetched, event))
        while len(self._waiting) > AHEAD:
            self._write(*self._waiting.popleft())

    def finish(self) -> None:
        """Write what waits, and see to it that all is on disk."""
        while self._waiting:
            self._write(*self._waiting.popleft())
        for array in self._arrays.values():
            array.flush()  # type: ignore[attr-defined]

    def _write(
        self, rows: slice, copy: int, fetched: Mapping[str, torch.Tensor], event: torch.cuda.Event | None
    ) -> None:
        if event is not None:
            event.synchronize()
        for name, tensor in fetched.items():
            values = tensor.numpy()
            if name not in self._arrays:
                shape = (*self._shape, *values.shape[1:])
                self._arrays[name] = open_memmap(self._folder / f"{name}.npy", "w+", values.dtype, shape)
            self._arrays[name][rows, copy] = values
