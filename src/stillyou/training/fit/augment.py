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
_ROUNDS = 4


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
    changed = _mirrored(moved(batch, side, draw), draw)
    pixels = _coloured(changed.pixels, draw)
    pixels = _hidden(_spoilt(pixels, draw), draw)
    whole = (pixels.clamp(0, 1) * 2 - 1).contiguous(memory_format=torch.channels_last)
    return Batch(whole, changed.points, changed.turns)


def _uniform(shape: tuple[int, ...], low: float, high: float, draw: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=draw) * (high - low) + low


def _some(count: int, share: float, draw: torch.Generator, rank: int = 4) -> Tensor:
    """Return 1 for a random share of the batch, else 0; (count, 1, ...)."""
    return (torch.rand((count,) + (1,) * (rank - 1), generator=draw) < share).float()


def moved(batch: Batch, side: int, draw: torch.Generator) -> Batch:
    """Return a batch turned, scaled, sheared, shifted and bent, at another side; points and turns go along."""
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
    coarse = _uniform((count, 2, 5, 5), -_BEND, _BEND, draw) * _some(count, _BENT, draw)
    axis = (torch.arange(side) + 0.5) / side
    new = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    bend = functional.interpolate(coarse, (side, side), mode="bilinear", align_corners=True)
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
    """Mirror half of the batch."""
    half = len(batch.pixels) // 2
    points, turns = batch.points.clone(), batch.turns.clone()
    points[:half] = points[:half, list(MIRRORED)] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    turns[:half] *= torch.tensor([-1.0, 1.0, -1.0])
    return Batch(torch.cat([batch.pixels[:half].flip(3), batch.pixels[half:]]), points, turns)


def _coloured(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Permute channels, take colour away, mix and bend levels, invert a few."""
    count = len(pixels)
    for row in _chosen(count, 0.3, draw).tolist():
        pixels[row] = pixels[row, torch.randperm(3, generator=draw)]
    grey = pixels.mean(1, keepdim=True)
    keep = 1 - _some(count, 0.15, draw) * _uniform((count, 1, 1, 1), 0.5, 1, draw)
    keep = keep * _uniform((count, 1, 1, 1), 0.6, 1.4, draw)
    gain = torch.exp(_uniform((count, 1, 1, 1), -0.35, 0.3, draw) + _uniform((count, 3, 1, 1), -0.2, 0.2, draw))
    level = 0.5 - 0.5 * gain + _uniform((count, 1, 1, 1), -0.12, 0.12, draw)
    sign = 1 - 2 * _some(count, 0.03, draw)
    pixels = pixels * (keep * gain * sign) + grey * ((1 - keep) * gain * sign) + (level - 0.5) * sign + 0.5
    bent = _chosen(count, 0.4, draw)
    gamma = torch.exp(_uniform((len(bent), 1, 1, 1), -0.5, 0.5, draw))
    pixels[bent] = pixels[bent].clamp(1e-3, 1) ** gamma
    return pixels


def _chosen(count: int, share: float, draw: torch.Generator) -> Tensor:
    """Return the rows of a random share of the batch."""
    return (torch.rand(count, generator=draw) < share).nonzero()[:, 0]


def _spoilt(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Blur some, coarsen some, and add noise to some."""
    count, side = len(pixels), pixels.shape[-1]
    rows = _chosen(count, 0.25, draw)
    pixels[rows] = functional.avg_pool2d(functional.pad(pixels[rows], (1, 1, 1, 1), mode="replicate"), 3, 1)
    rows = _chosen(count, 0.12, draw)
    small = functional.avg_pool2d(pixels[rows], 2)
    pixels[rows] = functional.interpolate(small, (side, side), mode="bilinear", align_corners=False)
    rows = _chosen(count, 0.35, draw)
    strength = _uniform((len(rows), 1, 1, 1), 0, 0.09, draw)
    pixels[rows] += torch.randn((len(rows), *pixels.shape[1:]), generator=draw) * strength
    return pixels


def _hidden(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Lay up to two plain boxes or discs over a part of some pictures."""
    axis = (torch.arange(pixels.shape[-1]) + 0.5) / pixels.shape[-1]
    for share in (0.35, 0.2):
        rows = _chosen(len(pixels), share, draw)
        centre, half = _uniform((len(rows), 2, 1, 1), 0, 1, draw), _uniform((len(rows), 2, 1, 1), 0.03, 0.16, draw)
        across = ((axis[None, None] - centre[:, 0]) / half[:, 0]).abs()
        down = ((axis[None, :, None] - centre[:, 1]) / half[:, 1]).abs()
        round_one = _some(len(rows), 0.5, draw, 3) > 0
        inside = torch.where(round_one, across**2 + down**2 < 1, torch.maximum(across, down) < 1)
        colour = torch.rand((len(rows), 3, 1, 1), generator=draw)
        pixels[rows] = torch.where(inside[:, None], colour, pixels[rows])
    return pixels
