"""What the judge's training does to pictures, so that it judges generated ones fairly.

An editor's pictures come out of an autoencoder: a little soft, noisy and off in colour. The judge must read the
expression all the same, and not take softness for a costume or a smile.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_SOFTNESS_GROUPS = 4
"""Parts of a batch that share a resampling and a blur (both need one size for a whole tensor)."""


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Move, recolour, soften and disturb pictures.

    Args:
        pixels: (B, 3, R, R) float in [-1, 1].
        generator: Where the draws come from, on the pixels' device.

    Returns:
        (B, 3, R, R) float in [-1, 1].
    """
    moved = _move(pixels, generator)
    groups = torch.tensor_split(_recolour(moved, generator), min(_SOFTNESS_GROUPS, len(pixels)))
    softened = torch.cat([_soften(group, generator) for group in groups])
    levels = 0.05 * _uniform(len(pixels), generator) ** 2
    noise = torch.randn(softened.shape, generator=generator, device=pixels.device)
    return (softened + levels[:, None, None, None] * noise).clamp(-1, 1)


def _uniform(count: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def _move(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Scale by 0.85 to 1.15, turn by up to 10 degrees, shift by up to 5% of the side, and flip half of them."""
    count = len(pixels)
    angle = _uniform(count, generator, -1, 1) * math.radians(10)
    scale = _uniform(count, generator, 0.85, 1.15)
    flip = torch.where(_uniform(count, generator) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    shift_x, shift_y = (_uniform(count, generator, -0.1, 0.1) for _ in range(2))  # the side is 2 long here
    rows = [torch.stack([cos * flip, -sin, shift_x], 1), torch.stack([sin * flip, cos, shift_y], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _recolour(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Mix with grey, and give each channel a gain of 0.85 to 1.15 and an offset of up to 0.1."""
    count = len(pixels)
    grey = _uniform(count, generator)[:, None, None, None] ** 3
    mixed = pixels + grey * (pixels.mean(1, keepdim=True) - pixels)
    gain = _uniform(3 * count, generator, 0.85, 1.15).view(count, 3, 1, 1)
    offset = _uniform(3 * count, generator, -0.1, 0.1).view(count, 3, 1, 1)
    return mixed * gain + offset


def _soften(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Leave, resample through 45 to 100% of the side, or blur with a sigma of up to 1.2 pixels: a third each."""
    kind, amount = _uniform(2, generator).tolist()
    if kind < 1 / 3:
        return pixels
    if kind < 2 / 3:
        side = round(pixels.shape[-1] * (0.45 + 0.55 * amount))
        small = F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        return F.interpolate(small, pixels.shape[-2:], mode="bicubic")
    return _blur(pixels, 0.3 + 0.9 * amount)


def _blur(pixels: Tensor, sigma: float) -> Tensor:
    """Convolve with a Gaussian of the given deviation in pixels, one axis after the other."""
    offsets = torch.arange(-3, 4, device=pixels.device, dtype=pixels.dtype)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (weights / weights.sum()).view(1, 1, 1, 7).expand(3, 1, 1, 7)
    across = F.conv2d(F.pad(pixels, (3, 3, 0, 0), mode="replicate"), kernel, groups=3)
    return F.conv2d(F.pad(across, (0, 0, 3, 3), mode="replicate"), kernel.mT, groups=3)
