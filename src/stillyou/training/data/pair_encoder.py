"""What encodes pairs for the latent cache: the protocol, and the encoder for networks that are trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from stillyou.diffusion.autoencoder import Autoencoder, to_latents
from stillyou.drafts.network import load as fit_network
from stillyou.draws import generator
from stillyou.effects.domains import Domain
from stillyou.images.tensors import to_uint8
from stillyou.training.data.augment import augment, draw_augmentation, reach
from stillyou.training.device import fast_precision

DRAFTS = 2
"""Raised when drafts of the same art and fit would look otherwise; part of the key of caches with drafts."""
_PIXELS_AT_A_TIME = {"cpu": 4 * 256**2, "cuda": 64 * 256**2}
"""Pixels of the sources of a batch. The embedded autoencoder keeps 17 MB a picture of 256 px in every layer (fp32)."""


@dataclass(frozen=True)
class CacheRow:
    """One pair's words."""

    key: str
    effect: str
    source_prompt: str
    target_prompt: str
    origin: int
    domain: Domain | None = None


@dataclass(frozen=True)
class CacheSettings:
    """What the cache depends on besides pairs and autoencoder; `drafts` asks for a third picture of each pair."""

    resolution: int
    vision_size: int
    copies: int
    seed: int
    drafts: bool = False


def pairs_at_a_time(resolution: int, device: torch.device) -> int:
    """Return how many pairs of a side in pixels are encoded at a time: few on a CPU, where more are no faster."""
    return max(1, _PIXELS_AT_A_TIME[device.type] // resolution**2)


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

    def encode(self, frames: torch.Tensor, rows: Sequence[CacheRow], copy: int) -> dict[str, torch.Tensor]:
        """Encode one copy of a batch of pairs, (B, 2 or 3, 3, H, W) in [-1, 1]; returns a batch of each array."""
        ...

    def constants(self, rows: Sequence[CacheRow]) -> dict[str, torch.Tensor]:
        """Return what is kept once for all rows."""
        ...


def weights_digest(module: torch.nn.Module) -> str:
    """Return a digest of a module's weights and configured latent statistics."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    config = getattr(module, "config", {})
    config = config if isinstance(config, Mapping) else {}  # encoders of transformers have no latents
    digest.update(json.dumps([config.get("latents_mean"), config.get("latents_std")]).encode())
    return digest.hexdigest()


@cache
def _art_digest() -> str:
    """Return a digest of the files that drafts are drawn from."""
    art, digest = Path(str(resources.files("stillyou") / "art")), hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in art.rglob("*") if path.is_file()):
        digest.update(path.relative_to(art).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def augmented(frames: torch.Tensor, rows: Sequence[CacheRow], copy: int, seed: int) -> torch.Tensor:
    """Return a copy of a batch of pairs (B, 2 or 3, 3, H, W): the first as it is, the others as seed and row say."""
    if not copy:
        return frames
    drawn = [draw_augmentation(generator(seed, "copy", row.key, copy), reach(row.domain)) for row in rows]
    return augment(frames, torch.from_numpy(np.stack(drawn)).to(frames.device))


def small_pictures(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return pictures (B, 3, H, W) in [-1, 1] at another size as (B, 3, side, side) uint8."""
    small = functional.interpolate(pixels, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    return to_uint8(small)


@dataclass(frozen=True)
class LatentEncoder:
    """Encodes pairs for encoders that are trained: latents, and pictures for the image encoder.

        source, target   latents (N, K, C, h, w) fp16, unit variance
        draft            latents of drafts, where the settings ask for them; of the target for pairs that have none
        vision           source pictures at the image encoder's size (N, K, 3, s, s) uint8

    Attributes:
        vae: Autoencoder, in fp32, on the device where pictures are encoded.
        settings: Seed and sizes.
        at_a_time: Pairs encoded at a time.
    """

    vae: Autoencoder
    settings: CacheSettings
    at_a_time: int = 4

    def identity(self) -> list[object]:
        """Return what the arrays depend on."""
        settings = {name: value for name, value in vars(self.settings).items() if name != "drafts"}
        drawn = [weights_digest(fit_network()), DRAFTS, _art_digest()] if self.settings.drafts else []
        return [weights_digest(self.vae), settings, *drawn]

    def constants(self, rows: Sequence[CacheRow]) -> dict[str, torch.Tensor]:
        """Return nothing: prompts are encoded while training."""
        return {}

    @torch.no_grad()
    def encode(self, frames: torch.Tensor, rows: Sequence[CacheRow], copy: int) -> dict[str, torch.Tensor]:
        """Encode one copy of a batch of pairs; see `PairEncoder`."""
        frames = augmented(frames, rows, copy, self.settings.seed)
        with fast_precision(frames.device):
            pixels = frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            latents = to_latents(self.vae, pixels).half()
        vision = small_pictures(frames[:, 0], self.settings.vision_size)
        pictures = ("source", "target", "draft")[: frames.shape[1]]
        named = {name: latents[index :: len(pictures)] for index, name in enumerate(pictures)}
        return {**named, "vision": vision}
