"""Shards of portraits with fits: npz files that appear whole, so that a rerun renders only what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillyou.draws import stable_seed
from stillyou.errors import StillYouError
from stillyou.files import atomic_path
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.training.fit.portraits import Portrait, draw_cartoon, draw_person

KINDS = ("cartoon", "people")
SHARD = 100
"""Portraits a file."""
SIDE = 128
"""Pixels a side as stored; the network sees less."""


@dataclass(frozen=True, eq=False)
class Portraits:
    """Many portraits.

    Attributes:
        pixels: (N, SIDE, SIDE, 3) uint8.
        points: (N, K, 2) in the order of `drafts.fit.POINTS`.
        turns: (N, 3) yaw, pitch, roll.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    turns: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Portraits:
        """Return some of them."""
        return Portraits(self.pixels[rows], self.points[rows], self.turns[rows])


def stacked(portraits: list[Portrait]) -> Portraits:
    """Return a list of portraits of one size as arrays."""
    return Portraits(
        np.stack([portrait.pixels for portrait in portraits]),
        np.stack([portrait.fit.points for portrait in portraits]),
        np.array([portrait.fit.turn for portrait in portraits], np.float32),
    )


def joined(parts: list[Portraits]) -> Portraits:
    """Return portraits one after the other."""
    return Portraits(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("pixels", "points", "turns")))


def painter(kind: str) -> Callable[[int, int], Portrait]:
    """Return what draws a portrait of a kind from seed and size: cartoons in the train styles, or people."""
    return draw_person if kind == "people" else partial(draw_cartoon, TRAIN_STYLES)


def shard_path(folder: Path, kind: str, number: int) -> Path:
    """Return where a shard lies."""
    return folder / f"{kind}-{number:04d}.npz"


def render_shard(job: tuple[Path, str, int]) -> int:
    """Render one shard of a folder (folder, kind, number) if it is missing; return how many portraits it holds."""
    folder, kind, number = job
    path = shard_path(folder, kind, number)
    if not path.exists():
        draw = painter(kind)
        seeds = [stable_seed("fit", "train", kind, number * SHARD + k) for k in range(SHARD)]
        found = stacked([draw(seed, SIDE) for seed in seeds])
        with atomic_path(path) as part:
            np.savez(part, pixels=found.pixels, points=found.points, turns=found.turns)
    return SHARD


def read_shards(folder: Path, kind: str) -> tuple[Portraits, Portraits]:
    """Return the portraits of a kind that a folder holds: those to learn from, and the first shard, held back.

    Raises:
        StillYouError: There are fewer than two shards, or a file cannot be read.
    """
    found = list(_read(sorted(folder.glob(f"{kind}-*.npz"))))
    if len(found) < 2:
        raise StillYouError(f"{folder} holds too few portraits of kind '{kind}'", "Render more: two shards at least.")
    return joined(found[1:]), found[0]


def _read(paths: list[Path]) -> Iterator[Portraits]:
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as stored:
                yield Portraits(stored["pixels"], stored["points"], stored["turns"])
        except (OSError, ValueError, KeyError) as error:
            raise StillYouError(f"{path} is no shard of portraits", "Delete it and render again.") from error
