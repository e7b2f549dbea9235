"""The autoencoder stage: the tiny autoencoder learns the pictures, then its latents are measured.

With x pixels, z = encoder(x), n noise and y = decoder(z + σ n), a step minimises

    |x − y| + |∂x − ∂y| + q (x − y)² + 10⁻³ (mean(z)² + (deviation(z) − 1)²)

where ∂ are the differences of neighbours in both directions, and q is ½ unless settings say otherwise. σ makes latents
tolerant to what the editor gets wrong. On crops (`autoencoder.crops`) pixels weigh more where an edit changes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from stillyou.diffusion.autoencoder import SmallAutoencoder, copied
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.draws import generator
from stillyou.images.tensors import to_signed
from stillyou.training.data.augment import augment, draw_augmentation, no_augmentation
from stillyou.training.data.stream import WHOLE, Share, drawn_batches
from stillyou.training.device import fast_precision

_STATISTICS_WEIGHT = 1e-3
_PLAIN_SHARE = 0.5
_MEASURED = 2048
"""Pictures over which the latents' statistics are measured."""


class PictureDraws(NamedTuple):
    """Random choices of a batch: picture (B,), augmentation (B, P), latent noise (B, C, h, w)."""

    picture: torch.Tensor
    augmentation: torch.Tensor
    noise: torch.Tensor


class DrawPictures:
    """Draws samples of the autoencoder stage, each from (seed, position) alone.

    Args:
        seed: Seed of the run.
        pictures: How many there are.
        latent_shape: (C, h, w).
    """

    def __init__(self, seed: int, pictures: int, latent_shape: tuple[int, int, int]) -> None:
        self._seed, self._pictures, self._shape = seed, pictures, latent_shape

    def batch(self, positions: Sequence[int]) -> PictureDraws:
        """Draw the samples at some positions."""
        picture, changes, noise = [], [], []
        for position in positions:
            source = generator(self._seed, "autoencoder", position)
            picture.append(int(source.integers(self._pictures)))
            plain = source.random() < _PLAIN_SHARE
            changes.append(no_augmentation() if plain else draw_augmentation(source))
            noise.append(source.standard_normal(self._shape, dtype=np.float32))
        stacked = (torch.from_numpy(np.stack(values)) for values in (changes, noise))
        return PictureDraws(torch.tensor(picture), *stacked)


@dataclass(frozen=True)
class PictureBatch:
    """Pixels (B, 3, H, W) in [-1, 1], latent noise (B, C, h, w), a group for the log (B,), and weights of pixels.

    Weights are (B, 1, H, W) or (B, 1, 1, 1), 1 on average.
    """

    pixels: torch.Tensor
    noise: torch.Tensor
    group: torch.Tensor
    weight: torch.Tensor


class AutoencoderObjective(nn.Module):
    """Autoencoder and loss as one module.

    Args:
        vae: What is trained.
        latent_noise: σ.
        squares: q.
    """

    def __init__(self, vae: SmallAutoencoder, latent_noise: float, squares: float = 0.5) -> None:
        super().__init__()
        self.vae = vae
        self.latent_noise, self.squares = latent_noise, squares
        self.together = isinstance(vae, FoldedAutoencoder)

    def forward(self, batch: PictureBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's reconstruction error (B,)."""
        x = batch.pixels
        z = self.vae.encoder(x)
        y = self.vae.decoder(z + self.latent_noise * batch.noise).float()
        errors = reconstruction_errors(x, y, batch.weight, self.squares)
        penalty = statistics_penalty(z.float(), self.together)
        return errors.mean() + _STATISTICS_WEIGHT * penalty, errors.detach()


def reconstruction_errors(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, squares: float = 0.5) -> torch.Tensor:
    """Return |x − y| + |∂x − ∂y| + q (x − y)² of each picture, (B,).

    Args:
        x: Pixels (B, 3, H, W).
        y: Their copies.
        weight: Of pixels, (B, 1, H, W) or (B, 1, 1, 1), 1 on average.
        squares: q.
    """
    difference, weight = x - y, weight.expand(-1, 1, *x.shape[2:])
    rows = (difference[..., 1:, :] - difference[..., :-1, :]).abs() * weight[..., 1:, :]
    columns = (difference[..., 1:] - difference[..., :-1]).abs() * weight[..., 1:]
    plain = difference.abs() * weight
    squared = squares * (difference.square() * weight)
    return sum(
        (term.mean(dim=(1, 2, 3)) for term in (plain, rows, columns, squared)), torch.zeros(len(x), device=x.device)
    )


def statistics_penalty(z: torch.Tensor, together: bool = False) -> torch.Tensor:
    """Return how far latents (B, C, h, w) are from mean 0 and deviation 1, per channel or all channels together."""
    mean, variance = z.mean(dim=(0, 2, 3)), z.var(dim=(0, 2, 3))
    deviation = variance.mean().sqrt() if together else variance.sqrt()
    return mean.square().mean() + (deviation - 1).square().mean()


class PictureBatches:
    """Batches of pictures on a device.

    Args:
        pictures: All pictures (M, 3, H, W) uint8, anywhere.
        draws: What to draw.
        batch: B over all processes.
        device: Where batches go.
        share: What this process does of them.
    """

    def __init__(
        self,
        pictures: torch.Tensor,
        draws: DrawPictures,
        batch: int,
        device: torch.device,
        share: Share = WHOLE,
    ) -> None:
        self._pictures, self._draws, self._batch = pictures, draws, batch
        self._device, self._share = device, share

    def __call__(self, first_step: int) -> Iterator[PictureBatch]:
        """Yield batches from a step on."""
        for drawn in drawn_batches(self._draws, self._batch, first_step, self._share, self._device):
            chosen = drawn.picture.to(self._pictures.device, non_blocking=True)
            pixels = to_signed(self._pictures[chosen].to(self._device))
            changes = drawn.augmentation.to(self._device, non_blocking=True)
            yield PictureBatch(
                augment(pixels[:, None], changes)[:, 0].contiguous(memory_format=torch.channels_last),
                drawn.noise.to(self._device, non_blocking=True),
                torch.zeros(len(pixels), dtype=torch.long, device=self._device),
                torch.ones(len(pixels), 1, 1, 1, device=self._device),
            )


@torch.no_grad()
def measure_latents(vae: SmallAutoencoder, pictures: torch.Tensor, device: torch.device, batch: int = 32) -> None:
    """Write mean and deviation per latent channel into the autoencoder's config (docs/reference/model.md).

    The folded autoencoder's channels keep their sizes beside one another: it gets one deviation for all of them.

    Args:
        vae: On `device`.
        pictures: (M, 3, H, W) uint8.
        device: Where to encode.
        batch: Pictures at a time.
    """
    mean, variance = latent_statistics(vae, pictures, device, batch)
    if isinstance(vae, FoldedAutoencoder):
        variance = variance.mean().expand_as(mean)
    deviation = variance.sqrt()
    vae.register_to_config(latents_mean=mean.tolist(), latents_std=deviation.tolist())


@torch.no_grad()
def latent_statistics(
    vae: SmallAutoencoder, pictures: torch.Tensor, device: torch.device, batch: int = 32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and variance of each raw latent channel, (C,) each, in double precision; see `measure_latents`."""
    count, total, squares = 0, torch.zeros(vae.config.latent_channels, dtype=torch.float64), 0.0
    for start in range(0, min(len(pictures), _MEASURED), batch):
        x = to_signed(pictures[start : start + batch].to(device)).contiguous(memory_format=torch.channels_last)
        with fast_precision(device):
            z = vae.encoder(x)
        z = z.double().cpu()
        count += z.numel() // z.shape[1]
        total = total + z.sum(dim=(0, 2, 3))
        squares = squares + z.square().sum(dim=(0, 2, 3))
    mean = total / count
    return mean, (squares / count - mean.square()).clamp_min(1e-8)


def reconstruction_psnr(
    vae: SmallAutoencoder,
    pictures: torch.Tensor,
    device: torch.device,
    masks: torch.Tensor | None = None,
    *,
    details: bool = False,
) -> float:
    """Return the mean PSNR of reconstructions in decibels; NaN if no picture has a masked pixel.

    Args:
        vae: On `device`.
        pictures: (M, 3, H, W) uint8.
        device: Where to compute.
        masks: (M, H, W) bool, which pixels count; None is all.
        details: Copy with the second layer, where there is one.
    """
    inside = [None] * len(pictures) if masks is None else list(masks)
    values = [
        picture_psnr(vae, picture, device, mask, details=details)
        for picture, mask in zip(pictures, inside, strict=True)
        if mask is None or mask.any()
    ]
    return sum(values) / len(values) if values else math.nan


@torch.no_grad()
def picture_psnr(
    vae: SmallAutoencoder,
    picture: torch.Tensor,
    device: torch.device,
    mask: torch.Tensor | None = None,
    *,
    details: bool = False,
) -> float:
    """Return the PSNR of one picture (3, H, W) uint8 in decibels, within a mask (H, W) if there is one."""
    x = to_signed(picture[None].to(device))
    with fast_precision(device):
        y = copied(vae, x) if details else vae.decoder(vae.encoder(x)).float()
    squares = ((y.clamp(-1, 1) - x) / 2).square()
    mse = (squares if mask is None else squares[:, :, mask.to(device)]).mean().item()
    return -10 * math.log10(max(mse, 1e-10))
