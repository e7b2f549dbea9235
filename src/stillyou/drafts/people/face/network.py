"""The face mesh network: from a face's square to 468 points on it (MediaPipe Face Mesh, Google, Apache-2.0).

Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", arXiv 1907.06724. The
weights are the published ones, unchanged, as fp16 (see NOTICE); the network is written anew, block by block:

    block(x) = PReLU(skip(x) + pointwise(depthwise(x)))

where skip(x) is x, pooled by 2 where the block strides, with zeros for new channels.

Shapes: B pictures of side `SIDE`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillyou.untrusted.shipped import filled

SIDE, POINTS = 192, 468
"""Pixels a side that the network sees; points that it names."""
SHIPPED = Path(__file__).parents[3] / "weights" / "mesh" / "model.safetensors"
_TRUNK = (16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128)
"""Channels after each block of the trunk."""
_STRIDING = (2, 5, 8, 11)
"""Blocks of the trunk that halve the grid."""


class _Block(nn.Module):
    def __init__(self, before: int, after: int, *, strides: bool = False) -> None:
        super().__init__()
        self.more, self.strides = after - before, strides
        self.depthwise = nn.Conv2d(before, before, 3, 2 if strides else 1, 0 if strides else 1, groups=before)
        self.pointwise = nn.Conv2d(before, after, 1)
        self.act = nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, before, n, n) to (B, after, n or n / 2, n or n / 2)."""
        skip = functional.max_pool2d(x, 2) if self.strides else x
        if self.more:
            skip = functional.pad(skip, (0, 0, 0, 0, 0, self.more))
        moved = self.depthwise(functional.pad(x, (0, 1, 0, 1)) if self.strides else x)
        activated: Tensor = self.act(skip + self.pointwise(moved))
        return activated


class MeshNetwork(nn.Module):
    """A trunk of residual blocks down to 6 x 6 cells, and two heads: the points, and whether there is a face."""

    def __init__(self) -> None:
        super().__init__()
        widths = (_TRUNK[0], *_TRUNK)
        self.stem = nn.Conv2d(3, _TRUNK[0], 3, 2)
        self.act = nn.PReLU(_TRUNK[0])
        self.trunk = nn.Sequential(
            *(_Block(widths[i], width, strides=i in _STRIDING) for i, width in enumerate(_TRUNK))
        )
        self.points = _head(2, 3 * POINTS)
        self.flag = _head(0, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See squares (B, 3, 192, 192) in [0, 1].

        Returns:
            Points (B, 468, 3): x, y and depth in pixels of the square; and (B,) the probability of a face.
        """
        x = self.trunk(self.act(self.stem(functional.pad(pixels, (0, 1, 0, 1)))))
        points = self.points(x).permute(0, 2, 3, 1).reshape(-1, POINTS, 3)
        return points, self.flag(x).flatten().sigmoid()


def _head(further: int, outputs: int) -> nn.Sequential:
    width = _TRUNK[-1]
    blocks = [_Block(width, width, strides=True), *(_Block(width, width) for _ in range(further))]
    return nn.Sequential(*blocks, nn.Conv2d(width, 32, 1), nn.PReLU(32), _Block(32, 32), nn.Conv2d(32, outputs, 3))


@cache
def load() -> MeshNetwork:
    """Read the network that comes with the package; once a process.

    Raises:
        StillYouError: Its file is missing or damaged.
    """
    return filled(MeshNetwork(), SHIPPED, "the face mesh")


@torch.inference_mode()
def see(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the shipped network says of squares; see `MeshNetwork.forward`."""
    points, flag = load()(pixels)
    return points, flag
