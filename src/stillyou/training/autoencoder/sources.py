"""What the autoencoder stage learns from and is watched on: pictures of pairs by their shares, and of no studio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from stillyou.draws import generator
from stillyou.errors import StillYouError, UsageError
from stillyou.images import read_picture
from stillyou.images.kinds import looks_like_picture
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.autoencoder.crops import Source
from stillyou.training.autoencoder.made_up import made_up_pictures
from stillyou.training.config import TrainingConfig
from stillyou.training.data.frames import load_masked, load_pictures
from stillyou.training.data.held_out import held_back
from stillyou.training.data.mixture import Part

SHOWN = 32
"""Held-back pairs that the PSNR is taken over."""
_MADE_UP = 256
"""Pictures of shapes, text and texture that are drawn once."""
_SQUARES = 24
"""Squares that are cut out of each photograph."""


@dataclass(frozen=True)
class Shown:
    """Held-back pictures: (M, 3, H, W) uint8, and their masks (M, H, W) bool, or None for whole pictures alone."""

    pictures: torch.Tensor
    masks: torch.Tensor | None = None


def whole_pictures(config: TrainingConfig, parts: Sequence[Part]) -> tuple[torch.Tensor, Shown]:
    """Load pictures to learn whole, (M, 3, H, W) uint8, sources and targets, and held-back ones."""
    side, loaded, shown = config.architecture.resolution, [], []
    for part, chosen, few in _chosen_of_parts(config, parts):
        loaded.append(load_pictures(part.data, chosen, side))
        shown.append(load_pictures(part.data, few, side))
    return torch.cat(loaded), Shown(torch.cat(shown))


def crop_sources(config: TrainingConfig, parts: Sequence[Part]) -> tuple[list[Source], Shown]:
    """Load what crops are taken of, and held-back targets with their masks.

    Raises:
        UsageError: The folder of photographs is not there, or holds none.
    """
    settings, side = config.autoencoder, config.architecture.resolution
    sources, shown, inside = [], [], []
    for part, chosen, few in _chosen_of_parts(config, parts):
        pictures, masks = load_masked(part.data, chosen, side)
        sources.append(Source(part.data.meta.teacher, pictures, masks, part.share))
        held, held_masks = load_masked(part.data, few, side)
        shown.append(held[1::2])
        inside.append(held_masks)
    if settings.made_up:
        whole = sum(part.share for part in parts)
        others = [made_up_pictures(config.seed, _MADE_UP, side)]
        if settings.photographs is not None:
            others.append(photograph_squares(Path(settings.photographs), config.seed, side))
        share = whole * settings.made_up / (1 - settings.made_up)
        sources += [Source("no studio", pictures, None, share / len(others)) for pictures in others]
    return sources, Shown(torch.cat(shown), torch.cat(inside))


def _chosen_of_parts(config: TrainingConfig, parts: Sequence[Part]) -> Iterator[tuple[Part, list[int], list[int]]]:
    """Yield each dataset with pairs to learn from, as many as its share, and a few of those held back."""
    whole = sum(part.share for part in parts)
    for part in parts:
        count, few = (max(1, round(part.share / whole * most)) for most in (config.autoencoder.pictures // 2, SHOWN))
        chosen, back = _chosen(part.data, config.seed, count, config.held_back)
        yield part, chosen, (back or chosen[:1])[:few]


def _chosen(data: PairDataset, seed: int, count: int, hidden: int) -> tuple[list[int], list[int]]:
    """Choose pairs to learn from, in the dataset's order, and those held back."""
    keys = [row["key"] for row in data.rows(("key",))]
    if not keys:
        raise StillYouError(f"{data.path} has no accepted pairs", "Look at them with: stillyou pairs show")
    back = held_back(keys, seed, hidden)
    rest = np.setdiff1d(np.arange(len(keys)), back)
    chosen = generator(seed, "autoencoder pictures").permutation(rest)[:count]
    return [int(index) for index in np.sort(chosen)], back


def photograph_files(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of their names.

    Raises:
        UsageError: It is no folder, or holds none.
    """
    if not folder.is_dir():
        raise UsageError(f"the folder of photographs {folder} does not exist", "Correct autoencoder.photographs.")
    found = sorted(path for path in folder.iterdir() if path.is_file() and looks_like_picture(path))
    if not found:
        raise UsageError(f"the folder of photographs {folder} holds no pictures", "Put JPEG or PNG files in it.")
    return found


def photograph_squares(folder: Path, seed: int, side: int) -> torch.Tensor:
    """Cut random squares out of the photographs of a folder, (M, 3, side, side) uint8."""
    squares = []
    for number, path in enumerate(photograph_files(folder)):
        rgb, rng = read_picture(path).rgb, generator(seed, "photograph squares", number)
        height, width = rgb.shape[:2]
        for _ in range(_SQUARES):
            cut = int(min(height, width) * rng.uniform(0.4, 1.0))
            top, left = (int(rng.integers(extent - cut + 1)) for extent in (height, width))
            square = Image.fromarray(rgb[top : top + cut, left : left + cut])
            squares.append(np.asarray(square.resize((side, side), Image.Resampling.LANCZOS)).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(squares))
