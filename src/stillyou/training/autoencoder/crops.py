"""Crops around what edits change, weighted by it; a pure function of (seed, position), like the editor's stream.

A crop's middle is a random pixel of its pair's mask, so that small edits are seen as often as large ones. Half of the
crops are recoloured, and all are turned and mirrored at random: the code should not depend on which way up hats are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from stillyou.draws import generator
from stillyou.images.tensors import to_signed
from stillyou.training.autoencoder.learn import PictureBatch
from stillyou.training.data.stream import WHOLE, Share, drawn_batches

_TARGETS = 0.7
"""Share of targets among the pictures of pairs: that is where the art is."""
_RECOLOURED = 0.5
_COLOURS = 12
"""Numbers of a recolouring: matrix and offset."""


@dataclass(frozen=True)
class Source:
    """Pictures that share a part of the samples.

    Attributes:
        name: For the log.
        pictures: (M, 3, H, W) uint8; of pairs, sources and targets take turns.
        masks: (M / 2, H, W) bool of pairs; None for pictures without edits.
        share: Part of all samples; shares are normalised.
    """

    name: str
    pictures: torch.Tensor
    masks: torch.Tensor | None
    share: float


class CropDraws(NamedTuple):
    """Random choices of a batch.

    Attributes:
        source: Index of the `Source`, (B,).
        picture: In [0, 1), which of its pictures or pairs, (B,).
        target: Whether a pair's target is taken, (B,) bool.
        place: In [0, 1)³: which masked pixel is the middle; where, if there is none, (B, 3).
        side: 0 to 7, a turn by quarters, mirrored or not, (B,).
        colours: Matrix and offset, (B, 12).
        noise: For the latents, (B, C, h, w).
    """

    source: torch.Tensor
    picture: torch.Tensor
    target: torch.Tensor
    place: torch.Tensor
    side: torch.Tensor
    colours: torch.Tensor
    noise: torch.Tensor


class DrawCrops:
    """Draws crops, each from (seed, position) alone.

    Args:
        seed: Seed of the run.
        shares: Of the sources.
        latent_shape: (C, h, w) of a crop.
    """

    def __init__(self, seed: int, shares: Sequence[float], latent_shape: tuple[int, int, int]) -> None:
        self._seed, self._shape = seed, latent_shape
        self._bounds = np.cumsum(np.asarray(shares, np.float64) / sum(shares))

    def batch(self, positions: Sequence[int]) -> CropDraws:
        """Draw the crops at some positions."""
        rows = [self._draw(position) for position in positions]
        columns = (np.stack(values) for values in zip(*rows, strict=True))
        source, picture, target, place, side, colours, noise = map(torch.from_numpy, columns)
        return CropDraws(source, picture, target, place, side, colours, noise)

    def _draw(self, position: int) -> tuple[npt.NDArray[np.generic], ...]:
        rng = generator(self._seed, "crop", position)
        u = rng.random(8)
        source = min(int(np.searchsorted(self._bounds, u[0], side="right")), len(self._bounds) - 1)
        colours = _draw_colours(rng) if u[7] < _RECOLOURED else np.eye(3, 4).ravel()
        return (
            np.asarray(source),
            np.asarray(u[1]),
            np.asarray(u[2] < _TARGETS),
            u[3:6],
            np.asarray(int(8 * u[6])),
            colours.astype(np.float32),
            rng.standard_normal(self._shape, dtype=np.float32),
        )


def _draw_colours(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw an exchange of channels, a little mixing, contrast and an offset, (12,)."""
    matrix = np.eye(3)[rng.permutation(3)] + 0.08 * rng.standard_normal((3, 3))
    return np.concatenate([matrix * rng.uniform(0.6, 1.3), 0.15 * rng.standard_normal((3, 1))], axis=1).ravel()


class CutCrops(NamedTuple):
    """Crops as they are cut: index of the `Source` (B,), pixels (B, 3, s, s) uint8, masks (B, 1, s, s) bool, and draws.

    `colours` and `noise` are those of `CropDraws`.
    """

    source: torch.Tensor
    pixels: torch.Tensor
    masks: torch.Tensor
    colours: torch.Tensor
    noise: torch.Tensor


class CropCutter:
    """Draws crops and cuts them out, in whichever process it is called.

    Args:
        sources: What to cut out of.
        draws: What to draw.
        side: s, of a crop in pixels.
    """

    def __init__(self, sources: Sequence[Source], draws: DrawCrops, side: int) -> None:
        self._sources, self._draws, self._side = list(sources), draws, side

    def batch(self, positions: Sequence[int]) -> CutCrops:
        """Draw and cut the crops at some positions."""
        drawn = self._draws.batch(positions)
        crops = [self._crop(drawn, row) for row in range(len(drawn.source))]
        pixels, masks = (torch.stack(parts) for parts in zip(*crops, strict=True))
        return CutCrops(drawn.source, pixels, masks, drawn.colours, drawn.noise)

    def _crop(self, drawn: CropDraws, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut one crop (3, s, s) uint8 and its mask (1, s, s) bool."""
        source, u = self._sources[int(drawn.source[row])], float(drawn.picture[row])
        place = drawn.place[row].tolist()
        if source.masks is None:
            picture = source.pictures[int(u * len(source.pictures))]
            mask = torch.zeros(picture.shape[1:], dtype=torch.bool)
        else:
            pair = int(u * len(source.masks))
            picture, mask = source.pictures[2 * pair + int(drawn.target[row])], source.masks[pair]
        top, left = corner(mask, place, self._side)
        window = (slice(top, top + self._side), slice(left, left + self._side))
        turn = int(drawn.side[row])
        return turned(picture[:, window[0], window[1]], turn), turned(mask[None, window[0], window[1]], turn)


class CropBatches:
    """Batches of crops on a device.

    Args:
        sources: What to cut out of.
        draws: What to draw; its shares are those of the sources.
        side: Of a crop in pixels, at most the pictures'.
        edit_weight: λ: masked pixels weigh 1 + λ, the others 1, divided by their mean.
        batch: B over all processes.
        device: Where batches go.
        share: What this process does of them.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        draws: DrawCrops,
        side: int,
        edit_weight: float,
        batch: int,
        device: torch.device,
        share: Share = WHOLE,
    ) -> None:
        self._cuts, self._edit_weight, self._batch = CropCutter(sources, draws, side), edit_weight, batch
        self._device, self._share = device, share

    def __call__(self, first_step: int) -> Iterator[PictureBatch]:
        """Yield batches from a step on."""
        for crops in drawn_batches(self._cuts, self._batch, first_step, self._share, self._device):
            source, pixels, masks, colours, noise = (part.to(self._device, non_blocking=True) for part in crops)
            weight = 1 + self._edit_weight * masks.float()
            yield PictureBatch(
                recolour(to_signed(pixels), colours.view(-1, 3, 4)).contiguous(memory_format=torch.channels_last),
                noise,
                source,
                weight / weight.mean(dim=(1, 2, 3), keepdim=True),
            )


def weighted_targets(sources: Sequence[Source], edit_weight: float, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return evenly spread targets of pairs (M, 3, H, W) uint8, and weights of their pixels (M, 1, H, W).

    Args:
        sources: Those that are no pairs are left out.
        edit_weight: λ: masked pixels weigh 1 + λ, the others 1.
        most: Pictures that are taken of each.
    """
    pictures, weights = [], []
    for source in sources:
        if source.masks is not None:
            rows = torch.linspace(0, len(source.masks) - 1, min(most, len(source.masks))).round().long()
            pictures.append(source.pictures[2 * rows + 1])
            weights.append(1 + edit_weight * source.masks[rows, None].float())
    return torch.cat(pictures), torch.cat(weights)


def corner(mask: torch.Tensor, place: Sequence[float], side: int) -> tuple[int, int]:
    """Return top and left of a crop whose middle is a masked pixel, as far as the picture's edges allow.

    Args:
        mask: (H, W) bool.
        place: Three numbers in [0, 1).
        side: Of the crop in pixels.
    """
    height, width = mask.shape
    inside = mask.nonzero()
    if not len(inside):
        return int(place[1] * (height - side + 1)), int(place[2] * (width - side + 1))
    y, x = inside[int(place[0] * len(inside))].tolist()
    return min(max(y - side // 2, 0), height - side), min(max(x - side // 2, 0), width - side)


def turned(picture: torch.Tensor, turn: int) -> torch.Tensor:
    """Turn (C, s, s) by quarters, and mirror it from 4 on; 0 leaves it as it is."""
    mirrored = picture.flip(2) if turn >= 4 else picture
    return mirrored.rot90(turn % 4, (1, 2))


def recolour(pixels: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """Return pixels (B, 3, H, W) in [-1, 1] with channels mixed by (B, 3, 4): matrix, then offset."""
    mixed = torch.einsum("bij,bjhw->bihw", colours[..., :3], pixels) + colours[..., 3, None, None]
    return mixed.clamp(-1, 1)
