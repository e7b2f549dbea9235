"""The fit network: from a source square to its fit, with a doubt a point.

Every cell of a coarse grid votes for every point: how far the point is from the cell, how much the vote counts, and
how wrong it may be. A point is the weighted mean of its votes, so it may lie outside the picture, and the network
needs to learn what a chin looks like in one place only.

Shapes: B pictures, K points, n cells a side (`SIDE` / `CELL`).

    point_k = sum over cells w_k (cell + offset_k / n),    w_k = softmax over cells of the votes' logits
    log doubt_k = sum over cells w_k log b_k               (b: scale of a Laplace distribution)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from stillyou.drafts.fit import POINTS, Fit
from stillyou.errors import StillYouError

SIDE, CELL = 96, 8
"""Pixels a side that the network sees, and that a cell covers."""
_STEM = 4
_LEAST_SCALE, _MOST_SCALE = -6.0, 1.0
"""Bounds of the log of a doubt."""


@dataclass(frozen=True)
class FitConfig:
    """What a stored fit network is.

    Attributes:
        widths: Channels at 1/4, 1/8, 1/16 and 1/32 of the picture's side.
        doubt_factor: Mean distance of a point from the truth for each unit of its predicted scale, measured once.
        sure_below: The mean doubt (`Fit.unsure`) above which an edit should not use the draft.
    """

    widths: tuple[int, int, int, int] = (24, 48, 96, 128)
    doubt_factor: float = 1.5
    sure_below: float = 0.045


@dataclass(frozen=True, eq=False)
class Votes:
    """What the network says of a batch.

    Attributes:
        points: (B, K, 2) in shares of the side.
        log_scale: (B, K) log of the scale of each point's error.
        turn: (B, 3) yaw, pitch, roll in radians.
    """

    points: Tensor
    log_scale: Tensor
    turn: Tensor


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(self.first(x)) + self.shortcut(x))


class FitNetwork(nn.Module):
    """A small residual network whose cells vote for points.

    Args:
        config: Its widths.
    """

    def __init__(self, config: FitConfig) -> None:
        super().__init__()
        a, b, c, d = config.widths
        self.config = config
        self.stem = nn.Sequential(
            nn.Conv2d(3, a, 2 * _STEM, _STEM, _STEM // 2, bias=False), nn.BatchNorm2d(a), nn.ReLU(inplace=True)
        )
        self.fine = nn.Sequential(_Residual(a, a), _Residual(a, b, 2), _Residual(b, b))
        self.coarse = nn.Sequential(_Residual(b, c, 2), _Residual(c, c))
        self.whole = nn.Sequential(_Residual(c, d, 2), _Residual(d, d))
        self.from_whole, self.from_coarse = nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1)
        self.votes = nn.Sequential(_Residual(b, b), nn.Conv2d(b, 4 * len(POINTS), 1))
        self.turn = nn.Linear(d, 3)

    def forward(self, pixels: Tensor) -> Votes:
        """Predict from pixels (B, 3, side, side) in [-1, 1]; the side is a multiple of 32."""
        fine = self.fine(self.stem(pixels))
        coarse = self.coarse(fine)
        whole = self.whole(coarse)
        coarse = functional.relu(coarse + _twice(self.from_whole(whole)))
        votes = self.votes(functional.relu(fine + _twice(self.from_coarse(coarse))))
        return Votes(*counted(votes), self.turn(whole.mean((2, 3))))


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def counted(votes: Tensor) -> tuple[Tensor, Tensor]:
    """Return points (B, K, 2) and log scales (B, K) of votes (B, 4 K, n, n)."""
    side = votes.shape[-1]
    logits, across, down, scale = votes.flatten(2).reshape(len(votes), 4, len(POINTS), -1).unbind(1)
    weights = logits.softmax(-1)
    centre = (torch.arange(side, device=votes.device, dtype=votes.dtype) + 0.5) / side
    x = (weights * (centre.repeat(side) + across / side)).sum(-1)
    y = (weights * (centre.repeat_interleave(side) + down / side)).sum(-1)
    return torch.stack([x, y], -1), (weights * scale).sum(-1).clamp(_LEAST_SCALE, _MOST_SCALE)


def shipped() -> Path:
    """Return the folder of the weights that come with the package."""
    return Path(str(resources.files("stillyou"))) / "weights" / "fit"


def read(folder: Path) -> FitNetwork:
    """Load a fit network, ready to predict, in fp32.

    Raises:
        StillYouError: The folder holds none.
    """
    try:
        values = json.loads((folder / "config.json").read_text("utf-8"))
        network = FitNetwork(FitConfig(**{**values, "widths": tuple(values["widths"])}))
        stored = load_file(folder / "model.safetensors")
        weights = {name: value.float() if value.is_floating_point() else value for name, value in stored.items()}
        network.load_state_dict(weights)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise StillYouError(f"{folder} holds no fit network", "Install stillyou again, or train one.") from error
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@cache
def load() -> FitNetwork:
    """Return the shipped network; it is read once a process."""
    return read(shipped())


def predict(squares: NDArray[np.uint8], network: FitNetwork | None = None) -> list[Fit]:
    """Return the fit of each square: the mean of what is said of it and of its mirror image.

    Args:
        squares: (B, H, H, 3) uint8 sRGB, as the editor sees them; any side from 32 on.
        network: By default the shipped one.

    Returns:
        B fits with doubts in shares of the side.
    """
    chosen = network or load()
    return [fit for square in squares for fit in _predict_one(square, chosen)]


@torch.inference_mode()
def _predict_one(square: NDArray[np.uint8], network: FitNetwork) -> Sequence[Fit]:
    """Predict one square by itself, so that results do not depend on the batch."""
    how = Image.Resampling.BOX if len(square) > SIDE else Image.Resampling.BICUBIC
    image = Image.fromarray(square).resize((SIDE, SIDE), how)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
    both = torch.cat([pixels, pixels.flip(3)]).contiguous(memory_format=torch.channels_last)
    said = network(both)
    doubts = said.log_scale.exp().numpy() * np.float32(network.config.doubt_factor)
    fits = [Fit(p, tuple(t), d) for p, t, d in zip(said.points.numpy(), said.turn.tolist(), doubts, strict=True)]
    return [_mean(fits[0], fits[1].mirrored())]


def _mean(one: Fit, other: Fit) -> Fit:
    """Return the mean of two fits; where they contradict each other, doubt grows by half of their distance."""
    assert one.doubt is not None and other.doubt is not None
    apart = np.linalg.norm(one.points - other.points, axis=1) / 2
    yaw, pitch, roll = ((a + b) / 2 for a, b in zip(one.turn, other.turn, strict=True))
    doubt = np.hypot((one.doubt + other.doubt) / 2, apart)
    points = ((one.points + other.points) / 2).astype(np.float32)
    return Fit(points, (yaw, pitch, roll), doubt.astype(np.float32))
