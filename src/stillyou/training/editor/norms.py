"""Normalisation that stays in the precision it is given.

Autocast runs group and layer normalisation in fp32, so every activation is cast up and down again. The kernels sum in
fp32 anyway; keeping bf16 in and out made a training step of the embedded model 1.2 times as fast on an H100
(1,674 against 1,407 samples a second at batch 256), with the same loss to three digits.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class LowPrecisionGroupNorm(nn.GroupNorm):
    """`nn.GroupNorm` that autocast leaves alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (B, C, ...) in the precision of x."""
        with torch.autocast(x.device.type, enabled=False):
            return functional.group_norm(x, self.num_groups, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class LowPrecisionLayerNorm(nn.LayerNorm):
    """`nn.LayerNorm` that autocast leaves alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (..., d) in the precision of x."""
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = self.weight.to(x.dtype), None if self.bias is None else self.bias.to(x.dtype)
            return functional.layer_norm(x, self.normalized_shape, weight, bias, self.eps)


def keep_precision(module: nn.Module) -> None:
    """Let all group and layer normalisations inside a module run in the precision of their input.

    Only the class of the submodules changes: names and values of the weights stay, and saving is not affected.
    """
    for child in module.modules():
        if type(child) is nn.GroupNorm:
            child.__class__ = LowPrecisionGroupNorm
        elif type(child) is nn.LayerNorm:
            child.__class__ = LowPrecisionLayerNorm
