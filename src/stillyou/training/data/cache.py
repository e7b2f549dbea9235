"""The latent cache: every accepted pair encoded once, in a memory-mapped folder named by what it depends on.

    NAME.npy               an array of the encoder's, (N, K, ...): latents, pictures, hidden states
    constants.safetensors  what does not depend on the pictures; with frozen encoders, the tokens of all prompts
    rows.json              N rows: key, effect, source and target prompt, origin (which of several datasets)

K copies of each pair are kept: copy 0 as rendered, the others augmented (source and target alike). Which arrays there
are is the `PairEncoder`'s affair: `pair_encoder.LatentEncoder` for encoders that are trained; `frozen.FrozenEncoder`
for those that are not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.data.augment import VERSION
from stillyou.training.data.building import CONSTANTS, PART, ROWS, CacheBuilder, done
from stillyou.training.data.pair_encoder import CacheRow, PairEncoder
from stillyou.untrusted.json_text import read_json
from stillyou.untrusted.rules import Rules, told

_RULES = Rules("Delete the folder and run again.", bytes=1 << 30)


@dataclass(frozen=True)
class LatentCache:
    """An opened cache; arrays are mapped from disk or lie on a device. The name tells caches apart."""

    name: str
    rows: tuple[CacheRow, ...]
    arrays: Mapping[str, torch.Tensor]
    constants: Mapping[str, torch.Tensor]

    @property
    def source(self) -> torch.Tensor:
        """Source latents (N, K, C, h, w)."""
        return self.arrays["source"]

    @property
    def copies(self) -> int:
        """K, encoded copies of each pair."""
        return int(self.source.shape[1])

    @property
    def bytes(self) -> int:
        """Size of all arrays."""
        return sum(tensor.nbytes for tensor in self.arrays.values())

    def placed(self, device: torch.device, reserve: int = 0) -> LatentCache:
        """Return the cache on a device if at most half of its free memory, less a reserve, suffices, else unchanged."""
        if device.type != "cuda" or self.bytes > (torch.cuda.mem_get_info(device)[0] - reserve) // 2:
            return self
        return replace(self, arrays={name: tensor.to(device) for name, tensor in self.arrays.items()})

    def gather(self, name: str, row: torch.Tensor, copy: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Return chosen entries of an array on a device; row and copy are (B,)."""
        tensor = self.arrays[name]
        picked = tensor[row.to(tensor.device), copy.to(tensor.device)]
        return picked.to(device, non_blocking=True)


def cache_key(datasets: Sequence[PairDataset], encoder: PairEncoder) -> str:
    """Return the name of the cache that belongs to these pairs and this encoder with its settings."""
    parts = [[data.fingerprint() for data in datasets], *encoder.identity(), VERSION]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def open_or_build(
    folder: Path,
    datasets: Sequence[PairDataset],
    encoder: PairEncoder,
    *,
    device: torch.device,
    go_on: Callable[[int, int], bool] = lambda done, total: True,
) -> LatentCache | None:
    """Open the cache that fits, or make what is missing of it; caches that fit nothing any more are removed.

    Args:
        folder: Where caches lie, one a subfolder.
        datasets: Pairs; their order is the rows' order.
        encoder: Encodes pairs on `device`.
        device: Where to encode.
        go_on: Asked before each batch with (pairs done, pairs).

    Returns:
        The cache; None if `go_on` said no. What is encoded by then stays, and the next call goes on behind it.

    Raises:
        StillYouError: There are no pairs, a shard is damaged, or the disk is full.
    """
    if not sum(len(data) for data in datasets):
        raise StillYouError("there are no accepted pairs to train on", "Look at them with: stillyou pairs show")
    final = folder / cache_key(datasets, encoder)
    if not (final / ROWS).is_file():
        part = folder / f"{PART}{final.name}"
        try:
            part.mkdir(parents=True, exist_ok=True)
            if not CacheBuilder(part, datasets, encoder, device).run(go_on):
                return None
            os.replace(part, final)
        except (OSError, SafetensorError) as error:
            raise StillYouError(
                f"cannot write the latent cache {final}: {error}", "Free some space; the same command then goes on."
            ) from error
    for other in folder.iterdir():
        if other != final:
            shutil.rmtree(other, ignore_errors=True)
    return _open(final)


def encoded_pairs(folder: Path) -> int | None:
    """Return how many pairs an unfinished cache in a folder holds, 0 if there is none; None for a finished one."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if any(not name.startswith(".") for name in names):
        return None
    return max((done(folder / name)[0] for name in names if name.startswith(PART)), default=0)


def _open(folder: Path) -> LatentCache:
    try:
        rows = [CacheRow(**row) for row in read_json(folder / ROWS, _RULES)]
        # Copy-on-write, because PyTorch warns of tensors over read-only memory; nothing writes to them.
        arrays = {path.stem: torch.from_numpy(np.load(path, mmap_mode="c")) for path in sorted(folder.glob("*.npy"))}
        constants = load_file(folder / CONSTANTS)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise _RULES.refuse(f"the latent cache {folder}", f"does not hold what it should ({told(error)})") from error
    return LatentCache(folder.name, tuple(rows), arrays, constants)
