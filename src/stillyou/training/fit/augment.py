"""Augmentation of portraits and their fits, a whole batch at a time: bends, turns and crops, colours, what hides.

Points go along with every move. A move is told from the new picture back to the old one, which is how pixels are
looked up: old = A new + b + bend(new); points are moved by solving that for `new`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stillyou.drafts.fit import MIRRORED

_BENT = 0.5
"""Share of pictures that are bent."""
_BEND = 0.05
"""Most of a bend, in shares of the side."""
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures and their fits.

    Attributes:
        pixels: (B, 3, side, side) in [0, 1] before `augmented` is done, then in [-1, 1].
        points: (B, K, 2) in shares of the side.
        turns: (B, 3).
    """

    pixels: Tensor
    points: Tensor
    turns: Tensor


def plain(batch: Batch, side: int) -> Batch:
    """Return a batch as the network sees it, without augmentation."""
    small = functional.interpolate(batch.pixels, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return Batch((small * 2 - 1).contiguous(memory_format=torch.channels_last), batch.points, batch.turns)


def augmented(batch: Batch, side: int, draw: torch.Generator) -> Batch:
    """Return a batch moved, recoloured, spoilt and partly hidden, at another side."""
    moved = _mirrored(_moved(batch, side, draw), draw)
    pixels = _coloured(moved.pixels, draw)
    pixels = _hidden(_spoilt(pixels, draw), draw)
    whole = (pixels.clamp(0, 1) * 2 - 1).contiguous(memory_format=torch.channels_last)
    return Batch(whole, moved.points, moved.turns)


def _uniform(shape: tuple[int, ...], low: float, high: float, draw: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=draw) * (high - low) + low


def _some(count: int, share: float, draw: torch.Generator, rank: int = 4) -> Tensor:
    """Return 1 for a random share of the batch, else 0; (count, 1, ...)."""
    return (torch.rand((count,) + (1,) * (rank - 1), generator=draw) < share).float()


def _moved(batch: Batch, side: int, draw: torch.Generator) -> Batch:
    count = len(batch.pixels)
    angle = torch.randn(count, generator=draw).clamp(-2.5, 2.5) * math.radians(7)
    zoom = torch.exp(_uniform((count,), -0.3, 0.25, draw))  # above 1 sees more of the old picture
    stretch, shear = torch.exp(_uniform((count,), -0.1, 0.1, draw)), _uniform((count,), -0.08, 0.08, draw)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], -2)
    bent = torch.stack(
        [torch.stack([zoom * stretch, shear], -1), torch.stack([torch.zeros_like(zoom), zoom / stretch], -1)], -2
    )
    linear = bent @ turn
    shift = _uniform((count, 2), -0.13, 0.13, draw) + 0.5 - (linear @ torch.full((2, 1), 0.5)).squeeze(-1)
    coarse = _uniform((count, 2, 4, 4), -_BEND, _BEND, draw) * _some(count, _BENT, draw)
    axis = (torch.arange(side) + 0.5) / side
    new = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    bend = functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=True)
    old = torch.einsum("bij,hwj->bhwi", linear, new) + shift[:, None, None] + bend.permute(0, 2, 3, 1)
    padding = "border" if torch.rand(1, generator=draw) < 0.7 else "reflection"
    pixels = functional.grid_sample(batch.pixels, old * 2 - 1, padding_mode=padding, align_corners=False)
    points = _solve(batch.points, torch.linalg.inv(linear), shift, bend)
    return Batch(pixels, points, batch.turns + torch.stack([0 * angle, 0 * angle, angle], -1))


def _solve(old: Tensor, inverse: Tensor, shift: Tensor, bend: Tensor) -> Tensor:
    """Return the new places of points (B, K, 2): where the move leads back to the old ones."""
    new = (old - shift[:, None]) @ inverse.mT
    for _ in range(_ROUNDS):
        there = functional.grid_sample(bend, new[:, None] * 2 - 1, padding_mode="border", align_corners=False)
        new = (old - shift[:, None] - there[:, :, 0].mT) @ inverse.mT
    return new


def _mirrored(batch: Batch, draw: torch.Generator) -> Batch:
    chosen = _some(len(batch.pixels), 0.5, draw, 1) > 0
    pixels = torch.where(chosen[:, None, None, None], batch.pixels.flip(3), batch.pixels)
    other = batch.points[:, list(MIRRORED)] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    points = torch.where(chosen[:, None, None], other, batch.points)
    turns = torch.where(chosen[:, None], batch.turns * torch.tensor([-1.0, 1.0, -1.0]), batch.turns)
    return Batch(pixels, points, turns)


def _coloured(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Mix and permute channels, shift and bend levels, take colour away, invert a few."""
    count = len(pixels)
    orders = torch.rand((count, 3), generator=draw).argsort(1)
    orders = torch.where(_some(count, 0.3, draw, 2) > 0, orders, torch.arange(3))
    pixels = torch.gather(pixels, 1, orders[:, :, None, None].expand_as(pixels))
    grey = pixels.mean(1, keepdim=True)
    keep = 1 - _some(count, 0.15, draw) * _uniform((count, 1, 1, 1), 0.5, 1, draw)
    pixels = grey + (pixels - grey) * keep * _uniform((count, 1, 1, 1), 0.6, 1.4, draw)
    gamma = torch.exp(_uniform((count, 1, 1, 1), -0.5, 0.5, draw))
    gain = torch.exp(_uniform((count, 1, 1, 1), -0.35, 0.3, draw) + _uniform((count, 3, 1, 1), -0.2, 0.2, draw))
    pixels = pixels.clamp(1e-3, 1) ** gamma
    pixels = (pixels - 0.5) * gain + 0.5 + _uniform((count, 1, 1, 1), -0.12, 0.12, draw)
    inverted = _some(count, 0.03, draw)
    return pixels * (1 - inverted) + (1 - pixels) * inverted


def _spoilt(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Blur, coarsen and add noise."""
    count, side = len(pixels), pixels.shape[-1]
    soft = functional.avg_pool2d(functional.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, 1)
    blurred = _some(count, 0.25, draw) * _uniform((count, 1, 1, 1), 0.3, 1, draw)
    pixels = pixels + (soft - pixels) * blurred
    small = functional.interpolate(functional.avg_pool2d(pixels, 2), (side, side), mode="bilinear", align_corners=False)
    pixels = pixels + (small - pixels) * _some(count, 0.12, draw)
    noise = torch.randn(pixels.shape, generator=draw) * _uniform((count, 1, 1, 1), 0, 0.09, draw)
    return pixels + noise * _some(count, 0.35, draw)


def _hidden(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Lay up to two plain boxes or discs over a part of each picture."""
    count, side = len(pixels), pixels.shape[-1]
    axis = (torch.arange(side) + 0.5) / side
    for share in (0.35, 0.2):
        centre, half = _uniform((count, 2, 1, 1), 0, 1, draw), _uniform((count, 2, 1, 1), 0.03, 0.16, draw)
        across = ((axis[None, None] - centre[:, 0]) / half[:, 0]).abs()
        down = ((axis[None, :, None] - centre[:, 1]) / half[:, 1]).abs()
        round_one = _some(count, 0.5, draw, 3) > 0
        inside = torch.where(round_one, across**2 + down**2 < 1, torch.maximum(across, down) < 1)
        laid = (inside[:, None].float()) * _some(count, share, draw)
        pixels = pixels + (torch.rand((count, 3, 1, 1), generator=draw) - pixels) * laid
    return pixels
