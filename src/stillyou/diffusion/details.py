"""A second layer of latents: what an autoencoder's own leave out.

With x pixels, b the latents that the denoiser knows, G their decoder and F the folding of 8 x 8 pixels into channels:

    d = S⁻¹ P F(x − G(b))        y = D(b, d)

P are principal components of what G(b) misses, S their deviations; D begins as G(b) + F⁻¹ Pᵀ S d. A picture's copy has
both layers and loses much less. A denoiser knows b alone, so that its training, caches and masks stay with few
channels; where the latents b' that it drew are near those b that it began with, their details are still true:

    y' = D(b', k d)        k = exp(−mean over channels of (b' − b)² / 2 τ²)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

PATCH = 8
"""Pixels a side of a latent."""
NEAR, NEAR_DRAFT = 0.3, 1.2
"""τ, where b is of the source and where it is of a draft, most of which is to be kept (docs/results/autoencoder.md)."""


class Details(nn.Module):
    """The second layer: its code, and what decodes both layers.

    Args:
        channels: C', channels of the second layer.
        decoder: D, from C + C' channels to pixels.
    """

    def __init__(self, channels: int, decoder: nn.Module) -> None:
        super().__init__()
        self.channels = channels
        self.code = nn.Conv2d(3 * PATCH**2, channels, 1)
        self.decoder = decoder

    def encode(self, missed: torch.Tensor) -> torch.Tensor:
        """Encode x − G(b), (B, 3, H, W), to details of unit variance (B, C', H/8, W/8)."""
        d: torch.Tensor = self.code(functional.pixel_unshuffle(missed, PATCH))
        return d

    def none_of(self, raw: torch.Tensor) -> torch.Tensor:
        """Return no details (B, C', h, w) for raw latents (B, C, h, w)."""
        return raw.new_zeros(len(raw), self.channels, *raw.shape[2:])

    def decode(self, raw: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
        """Decode raw latents (B, C, h, w) with their details to pixels (B, 3, 8h, 8w)."""
        y: torch.Tensor = self.decoder(torch.cat([raw, d], dim=1))
        return y


def kept(d: torch.Tensor, latents: torch.Tensor, begun: torch.Tensor, near: float = NEAR) -> torch.Tensor:
    """Return k d.

    Args:
        d: Details (B, C', h, w) of `begun`.
        latents: What was drawn, of unit variance (B, C, h, w).
        begun: What it began with, likewise.
        near: τ.
    """
    far = (latents - begun).square().mean(dim=1, keepdim=True)
    return d * torch.exp(-far / (2 * near**2))
