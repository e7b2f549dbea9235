"""The latent cache: every accepted pair encoded once, in a memory-mapped folder named by what it depends on.

    NAME.npy               an array of the encoder's, (N, K, ...): latents, pictures, hidden states
    constants.safetensors  what does not depend on the pictures; with frozen encoders, the tokens of all prompts
    rows.json              N rows: key, effect, source and target prompt, origin (which of several datasets)

K copies of each pair are kept: copy 0 as rendered, the others augmented (source and target alike). Which arrays there
are is the `PairEncoder`'s affair: `LatentEncoder` here, for encoders that are trained; `frozen.FrozenEncoder` for those
that are not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn import functional

from stillyou.diffusion.autoencoder import Autoencoder, to_latents
from stillyou.draws import generator
from stillyou.errors import StillYouError
from stillyou.files import write_json
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.data.arrays import GrowingArrays
from stillyou.training.data.augment import VERSION, augment, draw_augmentation, reach
from stillyou.training.data.frames import frame_batches
from stillyou.training.device import fast_precision

_CONSTANTS = "constants.safetensors"


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


class PairEncoder(Protocol):
    """Turns pictures and words into what a training step reads."""

    @property
    def settings(self) -> CacheSettings:
        """Sizes, copies and seed."""
        ...

    @property
    def at_a_time(self) -> int:
        """Pairs encoded at a time."""
        ...

    def identity(self) -> list[object]:
        """Return plain values that change whenever the result would."""
        ...

    def encode(self, frames: torch.Tensor, keys: Sequence[str], copy: int) -> dict[str, torch.Tensor]:
        """Encode one copy of a batch of pairs, (B, 2, 3, H, W) in [-1, 1]; returns a batch of each array."""
        ...

    def constants(self, rows: Sequence[CacheRow]) -> dict[str, torch.Tensor]:
        """Return what is kept once for all rows."""
        ...


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


def weights_digest(module: torch.nn.Module) -> str:
    """Return a digest of a module's weights and configured latent statistics."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    config = getattr(module, "config", {})
    config = config if isinstance(config, Mapping) else {}  # encoders of transformers have no latents
    digest.update(json.dumps([config.get("latents_mean"), config.get("latents_std")]).encode())
    return digest.hexdigest()


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
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> LatentCache:
    """Open the cache that fits, or make it; caches that fit nothing any more are removed.

    Args:
        folder: Where caches lie, one a subfolder.
        datasets: Pairs; their order is the rows' order.
        encoder: Encodes pairs on `device`.
        device: Where to encode.
        advance: Called with (pairs done, pairs).

    Raises:
        StillYouError: There are no pairs, a shard is damaged, or the disk is full.
    """
    if not sum(len(data) for data in datasets):
        raise StillYouError("there are no accepted pairs to train on", "Look at them with: stillyou pairs show")
    final = folder / cache_key(datasets, encoder)
    if not (final / "rows.json").is_file():
        part = folder / f".part-{final.name}"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            _build(part, datasets, encoder, device, advance)
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
        arrays = {path.stem: torch.from_numpy(np.load(path, mmap_mode="c")) for path in sorted(folder.glob("*.npy"))}
        constants = load_file(folder / _CONSTANTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise StillYouError(f"the latent cache {folder} is damaged", "Delete the folder and run again.") from error
    return LatentCache(folder.name, tuple(CacheRow(**row) for row in rows), arrays, constants)


def _rows(datasets: Sequence[PairDataset]) -> list[dict[str, str | int]]:
    columns = ("key", "effect", "source_prompt", "target_prompt")
    return [row | {"origin": origin} for origin, data in enumerate(datasets) for row in data.rows(columns)]


def _frames(datasets: Sequence[PairDataset], encoder: PairEncoder, device: torch.device) -> Iterator[torch.Tensor]:
    resolution = encoder.settings.resolution
    for data in datasets:
        yield from frame_batches(data, range(len(data)), batch=encoder.at_a_time, device=device, resolution=resolution)


def _build(
    folder: Path,
    datasets: Sequence[PairDataset],
    encoder: PairEncoder,
    device: torch.device,
    advance: Callable[[int, int], None],
) -> None:
    rows, start = _rows(datasets), 0
    arrays = GrowingArrays(folder, len(rows), encoder.settings.copies)
    for frames in _frames(datasets, encoder, device):
        stop = start + len(frames)
        keys = [str(row["key"]) for row in rows[start:stop]]
        for copy in range(encoder.settings.copies):
            arrays.put(slice(start, stop), copy, encoder.encode(frames, keys, copy))
        start = stop
        advance(start, len(rows))
    arrays.finish()
    constants = encoder.constants([CacheRow(**row) for row in rows])  # type: ignore[arg-type]
    save_file({name: tensor.cpu().contiguous() for name, tensor in constants.items()}, folder / _CONSTANTS)
    write_json(folder / "rows.json", rows)


def augmented(frames: torch.Tensor, keys: Sequence[str], copy: int, seed: int) -> torch.Tensor:
    """Return a copy of a batch of pairs (B, 2, 3, H, W): the first as it is, the others changed as seed and key say."""
    if not copy:
        return frames
    drawn = [draw_augmentation(generator(seed, "copy", key, copy), reach(key)) for key in keys]
    return augment(frames, torch.from_numpy(np.stack(drawn)).to(frames.device))


def small_pictures(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return pictures (B, 3, H, W) in [-1, 1] at another size as (B, 3, side, side) uint8."""
    small = functional.interpolate(pixels, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    return ((small.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@dataclass(frozen=True)
class LatentEncoder:
    """Encodes pairs for encoders that are trained: latents, and pictures for the image encoder.

        source, target   latents (N, K, C, h, w) fp16, unit variance
        vision           source pictures at the image encoder's size (N, K, 3, s, s) uint8

    Attributes:
        vae: Autoencoder, in fp32, on the device where pictures are encoded.
        settings: Seed and sizes.
        at_a_time: Pairs encoded at a time.
    """

    vae: Autoencoder
    settings: CacheSettings
    at_a_time: int = 64

    def identity(self) -> list[object]:
        """Return what the arrays depend on."""
        return [weights_digest(self.vae), vars(self.settings)]

    def constants(self, rows: Sequence[CacheRow]) -> dict[str, torch.Tensor]:
        """Return nothing: prompts are encoded while training."""
        return {}

    @torch.no_grad()
    def encode(self, frames: torch.Tensor, keys: Sequence[str], copy: int) -> dict[str, torch.Tensor]:
        """Encode one copy of a batch of pairs; see `PairEncoder`."""
        frames = augmented(frames, keys, copy, self.settings.seed)
        with fast_precision(frames.device):
            pixels = frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            latents = to_latents(self.vae, pixels).half()
        vision = small_pictures(frames[:, 0], self.settings.vision_size)
        return {"source": latents[0::2], "target": latents[1::2], "vision": vision}
