"""Arrays on disk that grow batch by batch, while a GPU goes on with the next one, and outlast an interruption.

They are written by plain appends: on a full disk these fail with an error, where writing to mapped files would kill the
process. What is not yet on disk for certain is cut off when the arrays are opened again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.lib import format as npy

AHEAD = 2
"""Batches that a GPU may be ahead of the disk."""


class AppendedArrays:
    """Arrays of (N, ...) on disk, filled from the first row on.

    Args:
        folder: Where they lie, as `NAME.npy`.
        count: N.
        done: Rows that an earlier session has put on disk; later ones are dropped.

    Raises:
        ValueError: The files of the earlier session are not what `done` says.
    """

    def __init__(self, folder: Path, count: int, done: int = 0) -> None:
        self._folder, self._count = folder, count
        self._files: dict[str, BinaryIO] = {}
        self._waiting: deque[tuple[dict[str, torch.Tensor], torch.cuda.Event | None]] = deque()
        if done:
            self._reopen(done)

    def _reopen(self, done: int) -> None:
        try:
            for path in sorted(self._folder.glob("*.npy")):
                self._files[path.stem] = path.open("r+b")
                _cut(self._files[path.stem], self._count, done)
            if not self._files:
                raise ValueError(f"{self._folder} has no arrays")
        except (OSError, ValueError):
            self.close()
            raise

    def put(self, encoded: Mapping[str, torch.Tensor]) -> None:
        """Take the next rows of all arrays; they are written when the next ones have been given to the device."""
        fetched = {name: values.to("cpu", non_blocking=True) for name, values in encoded.items()}
        event = None
        if any(values.is_cuda for values in encoded.values()):
            event = torch.cuda.Event()  # type: ignore[no-untyped-call,unused-ignore]
            event.record()
        self._waiting.append((fetched, event))
        while len(self._waiting) > AHEAD:
            self._write(*self._waiting.popleft())

    def settle(self) -> None:
        """Write what waits, and see to it that all is on disk."""
        while self._waiting:
            self._write(*self._waiting.popleft())
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Let go of the files; what was not settled is lost."""
        for file in self._files.values():
            file.close()

    def _write(self, fetched: Mapping[str, torch.Tensor], event: torch.cuda.Event | None) -> None:
        if event is not None:
            event.synchronize()
        for name, tensor in fetched.items():
            values = np.ascontiguousarray(tensor.numpy())
            if name not in self._files:
                self._files[name] = self._begun(name, values)
            self._files[name].write(values.data)

    def _begun(self, name: str, values: np.ndarray) -> BinaryIO:
        file = (self._folder / f"{name}.npy").open("wb")
        shape = (self._count, *values.shape[1:])
        header = {"descr": npy.dtype_to_descr(values.dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, header)
        return file


def _cut(file: BinaryIO, count: int, done: int) -> None:
    """Go to the end of an array's first `done` rows, and drop what is behind it."""
    if npy.read_magic(file) != (1, 0):
        raise ValueError(f"{file.name} is no array of this kind")
    shape, _, dtype = npy.read_array_header_1_0(file)
    end = file.tell() + done * dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
    if shape[0] != count or os.fstat(file.fileno()).st_size < end:
        raise ValueError(f"{file.name} holds fewer rows than it should")
    file.truncate(end)
    file.seek(end)
