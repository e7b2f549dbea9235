"""The best linear code of patches, which a folded autoencoder begins as: principal components.

With p the 3 · 8² numbers of a patch, w its weight, μ their weighted mean, Σ = E_w[(p − μ)(p − μ)ᵀ], and V the C
eigenvectors of Σ with the largest eigenvalues λ:

    s² = mean of √λ        z = λ^-¼ Vᵀ (p − μ) / s        p ≈ μ + s V λ^¼ z

Components are made neither equally large nor left as they are, but half-way: what matters most is largest in the
latents, too, so that a denoiser's error weighs somewhat as the pixels' does, and what matters least is not so small
that it drowns in noise until the last steps. All latents together have unit variance.

A second layer (`diffusion.details`) codes what the first leaves out in the same way, p being patches of x − G(b), but
that each of its channels is divided by its own deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import nn
from torch.nn import functional

from stillyou.diffusion.folded import PATCH, FoldedAutoencoder
from stillyou.images.tensors import to_signed

_MEASURED = 512
"""Pictures that patches are taken of."""
_AT_A_TIME = 16
Coded: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Pixels (B, 3, H, W) in [-1, 1] to what is coded of them."""


@torch.no_grad()
def start_at_components(vae: FoldedAutoencoder, pictures: torch.Tensor, weights: torch.Tensor) -> None:
    """Let both linear maps be the principal components of patches.

    Args:
        vae: Its networks begin as 0, so that it is that linear code at first.
        pictures: (M, 3, H, W) uint8; up to 512, evenly spread, are looked at.
        weights: (M, 1, H, W), how much each pixel counts.
    """
    code = _components(pictures, weights, vae.config.latent_channels, lambda x: x)
    spread = code.variance.sqrt()
    scale = (spread * spread.mean()).sqrt()
    decode = vae.decoder.linear
    _encode(vae.encoder.linear, code.basis / scale, code.mean)
    decode.weight.copy_((code.basis * scale)[..., None, None])
    assert decode.bias is not None
    decode.bias.copy_(code.mean)


@torch.no_grad()
def start_details(vae: FoldedAutoencoder, pictures: torch.Tensor, weights: torch.Tensor) -> None:
    """Let the second layer code what the first leaves out, and its decoder begin as the first one's with that added.

    Args:
        vae: Its first layer is trained.
        pictures: As for `start_at_components`.
        weights: As for `start_at_components`.
    """
    layer = vae.details
    assert layer is not None
    code = _components(pictures, weights, layer.channels, lambda x: x - vae.decoder(vae.encoder(x)))
    deviation = code.variance.sqrt()
    _encode(layer.code, code.basis / deviation, code.mean)
    state = dict(vae.decoder.state_dict())
    more = (code.basis * deviation).float()[..., None, None]
    unread = state["latent.weight"].new_zeros(len(state["latent.weight"]), layer.channels, 3, 3)
    state["linear.weight"] = torch.cat([state["linear.weight"], more], dim=1)
    state["linear.bias"] = state["linear.bias"] + code.mean.float()
    state["latent.weight"] = torch.cat([state["latent.weight"], unread], dim=1)
    layer.decoder.load_state_dict(state)


class _Code(NamedTuple):
    """Of patches: their mean (P,), the first C components (P, C) and the variances along them (C,)."""

    mean: torch.Tensor
    basis: torch.Tensor
    variance: torch.Tensor


def _encode(layer: nn.Conv2d, matrix: torch.Tensor, mean: torch.Tensor) -> None:
    """Let a layer be matrixᵀ (p − mean)."""
    layer.weight.copy_(matrix.T[..., None, None])
    assert layer.bias is not None
    layer.bias.copy_(-(matrix.T @ mean))


def _components(pictures: torch.Tensor, weights: torch.Tensor, count: int, coded: Coded) -> _Code:
    """Return the principal components of patches of what is coded of pictures."""
    mean, covariance = _moments(pictures, weights, coded)
    values, vectors = torch.linalg.eigh(covariance)
    return _Code(mean, vectors[:, -count:].flip(1), values[-count:].flip(0).clamp_min(1e-12))


def _moments(pictures: torch.Tensor, weights: torch.Tensor, coded: Coded) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weighted mean (P,) and covariance (P, P) of patches, in double precision."""
    size = 3 * PATCH**2
    total, first, second = 0.0, torch.zeros(size).double(), torch.zeros(size, size).double()
    rows = torch.linspace(0, len(pictures) - 1, min(_MEASURED, len(pictures))).round().long()
    for start in range(0, len(rows), _AT_A_TIME):
        chosen = rows[start : start + _AT_A_TIME]
        x = coded(to_signed(pictures[chosen]))
        patches = functional.pixel_unshuffle(x, PATCH).permute(0, 2, 3, 1).reshape(-1, size)
        weight = functional.avg_pool2d(weights[chosen].float(), PATCH).reshape(-1, 1)
        weighted = patches * weight
        total += float(weight.sum())
        first += weighted.sum(0).double()
        second += (weighted.T @ patches).double()
    mean = first / total
    return mean, second / total - torch.outer(mean, mean)
