"""The latent cache: every accepted pair encoded once, in a memory-mapped folder named by what it depends on.

    source, target   latents (N, K, C, h, w) fp16, unit variance
    vision           source pictures at the image encoder's size (N, K, 3, s, s) uint8
    rows.json        N rows: key, effect, source and target prompt, origin (which of several datasets)

K copies of each pair are kept: copy 0 as rendered, the others augmented (source and target alike).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch.nn import functional

from stillyou.diffusion.autoencoder import Autoencoder, to_latents
from stillyou.draws import generator
from stillyou.errors import StillYouError
from stillyou.files import write_json
from stillyou.pairs.store import PairDataset
from stillyou.training.augment import VERSION, augment, draw_augmentation
from stillyou.training.frames import frame_batches

_ARRAYS = ("source", "target", "vision")
_BATCH = 64
"""Pairs encoded at a time."""


@dataclass(frozen=True)
class CacheRow:
    """One pair's words."""

    key: str
    effect: str
    source_prompt: str
    target_prompt: str
    origin: int


@dataclass(frozen=True)
class CacheSettings:
    """What the cache depends on besides pairs and autoencoder."""

    resolution: int
    vision_size: int
    copies: int
    seed: int


@dataclass(frozen=True)
class LatentCache:
    """An opened cache; tensors are mapped from disk or lie on a device. The name tells caches apart."""

    name: str
    rows: tuple[CacheRow, ...]
    source: torch.Tensor
    target: torch.Tensor
    vision: torch.Tensor

    @property
    def copies(self) -> int:
        """K, encoded copies of each pair."""
        return int(self.source.shape[1])

    @property
    def bytes(self) -> int:
        """Size of all tensors."""
        return sum(tensor.nbytes for tensor in (self.source, self.target, self.vision))

    def placed(self, device: torch.device) -> LatentCache:
        """Return the cache on a device if at most half of its free memory suffices, else unchanged."""
        if device.type != "cuda" or self.bytes > torch.cuda.mem_get_info(device)[0] // 2:
            return self
        return LatentCache(self.name, self.rows, *(getattr(self, name).to(device) for name in _ARRAYS))

    def gather(self, name: str, row: torch.Tensor, copy: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Return chosen entries of an array on a device; row and copy are (B,)."""
        tensor: torch.Tensor = getattr(self, name)
        picked = tensor[row.to(tensor.device), copy.to(tensor.device)]
        return picked.to(device, non_blocking=True)


def weights_digest(module: torch.nn.Module) -> str:
    """Return a digest of a module's weights and configured latent statistics."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    config = getattr(module, "config", {})
    digest.update(json.dumps([config.get("latents_mean"), config.get("latents_std")]).encode())
    return digest.hexdigest()


def cache_key(datasets: Sequence[PairDataset], vae: Autoencoder, settings: CacheSettings) -> str:
    """Return the name of the cache that belongs to these pairs, this autoencoder and these settings."""
    parts = [[data.fingerprint() for data in datasets], weights_digest(vae), vars(settings), VERSION]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def open_or_build(
    folder: Path,
    datasets: Sequence[PairDataset],
    vae: Autoencoder,
    settings: CacheSettings,
    *,
    device: torch.device,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> LatentCache:
    """Open the cache that fits, or make it; caches that fit nothing any more are removed.

    Args:
        folder: Where caches lie, one a subfolder.
        datasets: Pairs; their order is the rows' order.
        vae: Autoencoder on `device`, in fp32.
        settings: Resolution, copies and so on.
        device: Where to encode.
        advance: Called with (pairs done, pairs).

    Raises:
        StillYouError: There are no pairs, a shard is damaged, or the disk is full.
    """
    if not sum(len(data) for data in datasets):
        raise StillYouError("there are no accepted pairs to train on", "Look at them with: stillyou pairs show")
    final = folder / cache_key(datasets, vae, settings)
    if not (final / "rows.json").is_file():
        part = folder / f".part-{final.name}"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            _build(part, datasets, vae, settings, device, advance)
            os.replace(part, final)
        except OSError as error:
            raise StillYouError(f"cannot write the latent cache {final}: {error}", "Free some space.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    for other in folder.iterdir():
        if other != final:
            shutil.rmtree(other, ignore_errors=True)
    return _open(final)


def _open(folder: Path) -> LatentCache:
    try:
        rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
        # Copy-on-write, because PyTorch warns of tensors over read-only memory; nothing writes to them.
        arrays = [torch.from_numpy(np.load(folder / f"{name}.npy", mmap_mode="c")) for name in _ARRAYS]
    except (OSError, ValueError) as error:
        raise StillYouError(f"the latent cache {folder} is damaged", "Delete the folder and run again.") from error
    return LatentCache(folder.name, tuple(CacheRow(**row) for row in rows), *arrays)


def _rows(datasets: Sequence[PairDataset]) -> list[dict[str, str | int]]:
    columns = ("key", "effect", "source_prompt", "target_prompt")
    return [row | {"origin": origin} for origin, data in enumerate(datasets) for row in data.rows(columns)]


def _frames(datasets: Sequence[PairDataset], settings: CacheSettings, device: torch.device) -> Iterator[torch.Tensor]:
    for data in datasets:
        order = range(len(data))
        yield from frame_batches(data, order, batch=_BATCH, device=device, resolution=settings.resolution)


def _build(
    folder: Path,
    datasets: Sequence[PairDataset],
    vae: Autoencoder,
    settings: CacheSettings,
    device: torch.device,
    advance: Callable[[int, int], None],
) -> None:
    rows, start = _rows(datasets), 0
    arrays: Mapping[str, np.ndarray] = {}
    for frames in _frames(datasets, settings, device):
        stop = start + len(frames)
        keys = [str(row["key"]) for row in rows[start:stop]]
        for copy in range(settings.copies):
            encoded = encode_copy(vae, frames, keys, copy, settings)
            arrays = arrays or _allocate(folder, encoded, len(rows), settings.copies)
            for name, values in encoded.items():
                arrays[name][start:stop, copy] = values.cpu().numpy()
        start = stop
        advance(start, len(rows))
    for array in arrays.values():
        array.flush()  # type: ignore[attr-defined]
    write_json(folder / "rows.json", rows)


def _allocate(folder: Path, encoded: Mapping[str, torch.Tensor], count: int, copies: int) -> Mapping[str, np.ndarray]:
    return {
        name: open_memmap(
            folder / f"{name}.npy",
            "w+",
            np.uint8 if name == "vision" else np.float16,
            (count, copies, *values.shape[1:]),
        )
        for name, values in encoded.items()
    }


@torch.no_grad()
def encode_copy(
    vae: Autoencoder, frames: torch.Tensor, keys: Sequence[str], copy: int, settings: CacheSettings
) -> dict[str, torch.Tensor]:
    """Encode one copy of a batch of pairs.

    Args:
        vae: Autoencoder on the frames' device.
        frames: (B, 2, 3, H, W) in [-1, 1].
        keys: The pairs' keys; with seed and copy they fix the augmentation.
        copy: 0 for the frames as they are.
        settings: Seed and sizes.

    Returns:
        One batch of each array of the cache.
    """
    if copy:
        drawn = [draw_augmentation(generator(settings.seed, "copy", key, copy)) for key in keys]
        frames = augment(frames, torch.from_numpy(np.stack(drawn)).to(frames.device))
    with torch.autocast(frames.device.type, torch.bfloat16, enabled=frames.device.type == "cuda"):
        pixels = frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        latents = to_latents(vae, pixels).half()
    side = settings.vision_size
    small = functional.interpolate(frames[:, 0], size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    vision = ((small.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return {"source": latents[0::2], "target": latents[1::2], "vision": vision}
