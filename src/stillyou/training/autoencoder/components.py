"""The best linear code of patches, which a folded autoencoder begins as: principal components.

With p the 3 · 8² numbers of a patch, w its weight, μ their weighted mean, Σ = E_w[(p − μ)(p − μ)ᵀ], and V the C
eigenvectors of Σ with the largest eigenvalues λ:

    s² = mean of λ        z = Vᵀ (p − μ) / s        p ≈ μ + s V z

Components are not made equally large: what matters most is largest in the latents, too, as low frequencies are in
pictures, so that a denoiser's error weighs as the pixels' does. All latents together have unit variance.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from stillyou.diffusion.folded import PATCH, FoldedAutoencoder
from stillyou.images.tensors import to_signed

_MEASURED = 512
"""Pictures that patches are taken of."""
_AT_A_TIME = 16


@torch.no_grad()
def start_at_components(vae: FoldedAutoencoder, pictures: torch.Tensor, weights: torch.Tensor) -> None:
    """Let both linear maps be the principal components of patches.

    Args:
        vae: Its networks begin as 0, so that it is that linear code at first.
        pictures: (M, 3, H, W) uint8; up to 512, evenly spread, are looked at.
        weights: (M, 1, H, W), how much each pixel counts.
    """
    mean, covariance = _moments(pictures, weights)
    values, vectors = torch.linalg.eigh(covariance)
    latents = vae.config.latent_channels
    basis = vectors[:, -latents:].flip(1)
    scale = values[-latents:].mean().clamp_min(1e-12).sqrt()
    encode, decode = vae.encoder.linear, vae.decoder.linear
    for layer, matrix, bias in (
        (encode, basis.T / scale, -(basis.T @ mean) / scale),
        (decode, basis * scale, mean),
    ):
        layer.weight.copy_(matrix[..., None, None])
        assert layer.bias is not None
        layer.bias.copy_(bias)


def _moments(pictures: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weighted mean (P,) and covariance (P, P) of patches, in double precision."""
    size = 3 * PATCH**2
    total, first, second = 0.0, torch.zeros(size).double(), torch.zeros(size, size).double()
    rows = torch.linspace(0, len(pictures) - 1, min(_MEASURED, len(pictures))).round().long()
    for start in range(0, len(rows), _AT_A_TIME):
        chosen = rows[start : start + _AT_A_TIME]
        patches = functional.pixel_unshuffle(to_signed(pictures[chosen]), PATCH).permute(0, 2, 3, 1).reshape(-1, size)
        weight = functional.avg_pool2d(weights[chosen].float(), PATCH).reshape(-1, 1)
        weighted = patches * weight
        total += float(weight.sum())
        first += weighted.sum(0).double()
        second += (weighted.T @ patches).double()
    mean = first / total
    return mean, second / total - torch.outer(mean, mean)
