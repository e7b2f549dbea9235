"""What one call of a UNet reads beside latents and time, and the branches that guidance combines.

    e = sum over branches b of  weight_b e(b),    the weights summing to 1

With a text scale g: weight 1 - g for the empty prompt and g for the prompt. Shapes: B rows, T tokens of width d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Control:
    """What a ControlNet reads, for the first rows of a call.

    Attributes:
        pictures: (b, 3, H, W) in [0, 1], b up to the rows of the call.
        scale: Weight of its residuals.
    """

    pictures: torch.Tensor
    scale: float


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a call reads, a row a picture.

    Attributes:
        tokens: (B, T, d).
        pooled: (B, p), of SDXL.
        looks: Image embeddings of an IP-Adapter (b, 1, w) or (b, 1, n, w), for the first rows.
        control: For the first rows.
    """

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None
    looks: torch.Tensor | None = None
    control: Control | None = None

    @classmethod
    def stack(cls, parts: Sequence[Inputs]) -> Inputs:
        """Return the rows of several inputs, one after another; those with looks or control come first."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        looks = [part.looks for part in parts if part.looks is not None]
        controls = [part.control for part in parts if part.control is not None]
        return cls(
            torch.cat([part.tokens for part in parts]),
            torch.cat(pooled) if pooled else None,
            torch.cat(looks) if looks else None,
            Control(torch.cat([each.pictures for each in controls]), controls[0].scale) if controls else None,
        )


@dataclass(frozen=True, eq=False)
class Branch:
    """One term of guidance.

    Attributes:
        inputs: What it reads.
        weight: Its factor.
        prompted: Whether it reads the prompt.
    """

    inputs: Inputs
    weight: float
    prompted: bool


Branches = tuple[Branch, ...]


def stacked(branches: Branches) -> Inputs:
    """Return the rows of all branches as one call's."""
    return Inputs.stack([branch.inputs for branch in branches])


def combined(predictions: torch.Tensor, branches: Branches) -> torch.Tensor:
    """Return the guided prediction (B, C, h, w) of the branches' (branches x B, C, h, w)."""
    parts = predictions.chunk(len(branches))
    total = branches[0].weight * parts[0]
    for branch, part in zip(branches[1:], parts[1:], strict=True):
        total = total + branch.weight * part
    return total
