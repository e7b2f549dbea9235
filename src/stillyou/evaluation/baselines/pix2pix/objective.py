"""What pix2pix minimises (Isola et al. 2017, arXiv 1611.07004, section 3.1 and 3.3).

With a source x, its target y and s the logistic function:

    L_D = - mean log s(D(x, y)) / 2 - mean log(1 - s(D(x, G(x)))) / 2     half of equation 1, as trained
    L_G = - mean log s(D(x, G(x))) + lambda mean |y - G(x)|,  lambda = 100     equations 3 and 4, unsaturated
"""

from __future__ import annotations

import torch
from torch.nn.functional import softplus

LAMBDA = 100.0


def discriminator_loss(true: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Return L_D of logits of true pairs and of made ones, any shape."""
    return (softplus(-true).mean() + softplus(made).mean()) / 2


def generator_loss(made: torch.Tensor, edit: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return L_G of logits of made pairs, and edits and targets (B, 3, S, S) in [-1, 1]."""
    return softplus(-made).mean() + LAMBDA * (target - edit).abs().mean()
