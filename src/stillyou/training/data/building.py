"""Makes a latent cache batch by batch, and goes on where an earlier session has stopped.

A cache that is being made lies in `.part-NAME`, with `progress.json` beside the arrays: how many pairs are on disk for
certain. An interrupted one ends byte-identical to one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from stillyou.errors import StillYouError
from stillyou.files import write_json
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.data.arrays import AppendedArrays
from stillyou.training.data.frames import frame_batches
from stillyou.training.data.pair_encoder import CacheRow, PairEncoder
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE

PART = ".part-"
CONSTANTS = "constants.safetensors"
ROWS = "rows.json"
_PROGRESS = "progress.json"
_SETTLED = 16
"""Batches between two moments at which all is on disk for certain."""


def _rows(datasets: Sequence[PairDataset]) -> list[CacheRow]:
    columns = ("key", "effect", "source_prompt", "target_prompt")
    return [
        CacheRow(**row, origin=origin, domain=data.meta.domain)
        for origin, data in enumerate(datasets)
        for row in data.rows(columns)
    ]


def done(part: Path) -> tuple[int, int]:
    """Return how many pairs are encoded for certain, and how many at a time; (0, 0) for none."""
    try:
        noted = read_object(part / _PROGRESS, RUN_FILE)
        return int(noted["pairs"]), int(noted["at_a_time"])
    except (StillYouError, ValueError, KeyError, TypeError):
        return 0, 0


class CacheBuilder:
    """Encodes pairs into a folder, going on behind what an earlier session has left there."""

    def __init__(
        self, folder: Path, datasets: Sequence[PairDataset], encoder: PairEncoder, device: torch.device
    ) -> None:
        self._folder, self._datasets, self._encoder, self._device = folder, datasets, encoder, device
        self._rows = _rows(datasets)
        self._arrays, self._pairs = self._begun()

    def _begun(self) -> tuple[AppendedArrays, int]:
        pairs, at_a_time = done(self._folder)
        if pairs and at_a_time == self._encoder.at_a_time:  # other batches may give other bits
            try:
                return AppendedArrays(self._folder, len(self._rows), pairs), pairs
            except (OSError, ValueError):
                pass  # damaged: encode again
        for path in self._folder.iterdir():
            path.unlink()
        return AppendedArrays(self._folder, len(self._rows)), 0

    def run(self, go_on: Callable[[int, int], bool]) -> bool:
        """Encode until all is done or `go_on` says no; return whether all is done."""
        try:
            for number, frames in enumerate(self._frames(), start=1):
                if not go_on(self._pairs, len(self._rows)):
                    self._settle()
                    return False
                self._encode(frames)
                if number % _SETTLED == 0:
                    self._settle()
            self._settle()
        finally:
            self._arrays.close()
        constants = self._encoder.constants(self._rows)
        save_file({name: tensor.cpu().contiguous() for name, tensor in constants.items()}, self._folder / CONSTANTS)
        write_json(self._folder / ROWS, [vars(row) for row in self._rows])
        (self._folder / _PROGRESS).unlink()
        return True

    def _frames(self) -> Iterator[torch.Tensor]:
        """Yield the pairs that are left, in batches that do not depend on where an earlier session has stopped."""
        encoder, start, skipped = self._encoder, 0, self._pairs
        for data in self._datasets:
            order = range(min(len(data), max(0, skipped - start)), len(data))
            start += len(data)
            if order:
                yield from frame_batches(
                    data,
                    order,
                    batch=encoder.at_a_time,
                    device=self._device,
                    resolution=encoder.settings.resolution,
                    drafts=encoder.settings.drafts,
                )

    def _encode(self, frames: torch.Tensor) -> None:
        stop = self._pairs + len(frames)
        rows = self._rows[self._pairs : stop]
        copies = [self._encoder.encode(frames, rows, copy) for copy in range(self._encoder.settings.copies)]
        self._arrays.put({name: torch.stack([copy[name] for copy in copies], dim=1) for name in copies[0]})
        self._pairs = stop

    def _settle(self) -> None:
        self._arrays.settle()
        write_json(self._folder / _PROGRESS, {"pairs": self._pairs, "at_a_time": self._encoder.at_a_time})
