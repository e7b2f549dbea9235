"""A network that finds large faces where the frontal detector finds none (MediaPipe BlazeFace, Google, Apache-2.0).

Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv 1907.05047: the
published short-range weights, unchanged, as fp16 (see NOTICE); the network is written anew. It sees the whole picture
in a square of 128 pixels, with black bars, and finds faces from a tenth of it on, turned far to a side, with
sunglasses, under hats. Each of 896 anchors says how likely a face is there, its box, and six points of it.

    block(x) = ReLU(skip(x) + pointwise(depthwise(x)))
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from stillyou.images.picture import Pixels
from stillyou.untrusted.shipped import filled

SIDE = 128
"""Pixels a side that the network sees."""
SHIPPED = Path(__file__).parents[1] / "weights" / "faces" / "model.safetensors"
_WIDTHS = (24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88, 96, 96, 96, 96, 96)
"""Channels after the stem and after each block."""
_STRIDING = (2, 5, 11)
"""Blocks that halve the grid."""
_FINE = 11
"""Blocks before the finer of the two grids, 16 x 16; the coarser one has 8 x 8 cells."""
_ANCHORS = ((16, 2), (8, 6))
"""Cells a side and anchors a cell, of the finer and of the coarser grid."""
_VALUES = 16
"""Of an anchor: x, y, width and height of the box, x and y of six points."""
_MOST = 32
"""Anchors that are looked at, the surest: several of them see one face."""


@dataclass(frozen=True)
class Seen:
    """A face as the network sees it, in pixels of the picture.

    Attributes:
        x: Column of the middle of its box.
        y: Row of the middle.
        size: Mean side of the box, from the brows to the chin.
        tilt: Degrees to turn the picture counter-clockwise until the eyes are level.
        score: Probability of a face.
    """

    x: float
    y: float
    size: float
    tilt: float
    score: float


class _Block(nn.Module):
    def __init__(self, before: int, after: int, *, strides: bool) -> None:
        super().__init__()
        self.more, self.strides = after - before, strides
        self.depthwise = nn.Conv2d(before, before, 3, 2 if strides else 1, 0 if strides else 1, groups=before)
        self.pointwise = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, before, n, n) to (B, after, n or n / 2, n or n / 2)."""
        skip = functional.max_pool2d(x, 2) if self.strides else x
        skip = functional.pad(skip, (0, 0, 0, 0, 0, self.more))
        moved = self.depthwise(functional.pad(x, (0, 1, 0, 1)) if self.strides else x)
        return functional.relu(skip + self.pointwise(moved))


class FaceNetwork(nn.Module):
    """A trunk of residual blocks with heads on its last two grids."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _WIDTHS[0], 5, 2)
        blocks = zip(_WIDTHS[:-1], _WIDTHS[1:], strict=True)
        self.trunk = nn.ModuleList(_Block(*widths, strides=i in _STRIDING) for i, widths in enumerate(blocks))
        at = (_WIDTHS[_FINE], _WIDTHS[-1])
        self.scores = nn.ModuleList(nn.Conv2d(w, n, 1) for w, (_, n) in zip(at, _ANCHORS, strict=True))
        self.values = nn.ModuleList(nn.Conv2d(w, n * _VALUES, 1) for w, (_, n) in zip(at, _ANCHORS, strict=True))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See squares (B, 3, 128, 128) in [-1, 1].

        Returns:
            Logits (B, 896), and (B, 896, 16) of each anchor: box and points, in pixels from the anchor.
        """
        x = functional.relu(self.stem(functional.pad(pixels, (1, 2, 1, 2))))
        grids = []
        for number, block in enumerate(self.trunk):
            if number == _FINE:
                grids.append(x)
            x = block(x)
        grids.append(x)
        scores = [_by_anchor(head(grid), 1) for head, grid in zip(self.scores, grids, strict=True)]
        values = [_by_anchor(head(grid), _VALUES) for head, grid in zip(self.values, grids, strict=True)]
        return torch.cat(scores, 1)[..., 0], torch.cat(values, 1)


def _by_anchor(found: Tensor, values: int) -> Tensor:
    """Turn a head's answer (B, n * values, h, w) to (B, h * w * n, values)."""
    return found.permute(0, 2, 3, 1).reshape(len(found), -1, values)


@cache
def _anchors() -> Tensor:
    """Return x and y (896, 2) of the anchors in pixels: the middles of their cells."""
    grids = []
    for cells, each in _ANCHORS:
        middle = (torch.arange(cells) + 0.5) * SIDE / cells
        grid = torch.stack(torch.meshgrid(middle, middle, indexing="xy"), -1)
        grids.append(grid.reshape(-1, 1, 2).expand(-1, each, -1).reshape(-1, 2))
    return torch.cat(grids)


@cache
def load() -> FaceNetwork:
    """Read the network that comes with the package; once a process.

    Raises:
        StillYouError: Its file is missing or damaged.
    """
    return filled(FaceNetwork(), SHIPPED, "the face network")


@torch.inference_mode()
def see(rgb: Pixels, least: float) -> list[Seen]:
    """Find the faces of a picture, overlapping ones included.

    Args:
        rgb: uint8 (H, W, 3).
        least: Probability from which on something is a face.

    Returns:
        The surest first.
    """
    height, width = rgb.shape[:2]
    scale = SIDE / max(height, width)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.zeros((SIDE, SIDE, 3), np.float32)
    left, top = (SIDE - small[0]) // 2, (SIDE - small[1]) // 2
    shown = Image.fromarray(rgb).resize(small, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    square[top : top + small[1], left : left + small[0]] = np.asarray(shown, np.float32)
    pixels = torch.from_numpy(square).permute(2, 0, 1)[None] / 127.5 - 1
    logits, values = (answer[0] for answer in load()(pixels))
    scores, corner = logits.sigmoid().numpy(), np.array([left, top])
    surest = [number for number in np.argsort(-scores)[:_MOST] if scores[number] >= least]
    return [_seen(values[n].numpy(), _anchors()[n].numpy() - corner, float(scores[n]), scale) for n in surest]


def _seen(values: NDArray[np.float32], anchor: NDArray[np.float32], score: float, scale: float) -> Seen:
    """Return an anchor's face in pixels of the picture, which is `scale` times as large in the square."""
    x, y = (values[:2] + anchor) / scale
    across, down = values[6:8] - values[4:6]  # from the one eye to the other
    return Seen(
        float(x), float(y), float(values[2:4].mean() / scale), float(np.degrees(np.arctan2(down, across))), score
    )
