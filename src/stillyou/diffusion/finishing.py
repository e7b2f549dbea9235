"""From sampled latents to pictures, with the details that are still true of them."""

from __future__ import annotations

from typing import NamedTuple

import torch

from stillyou.diffusion.autoencoder import Autoencoder, to_details, to_pixels
from stillyou.diffusion.details import NEAR, kept


class Seen(NamedTuple):
    """Pictures (B, 3, H, W) in [-1, 1] with their latents (B, C, H/8, W/8), and how near these are to be (τ)."""

    pixels: torch.Tensor
    latents: torch.Tensor
    near: float = NEAR


def finish(vae: Autoencoder, latents: torch.Tensor, begun: Seen) -> torch.Tensor:
    """Decode edited latents, and those that sampling began with.

    Args:
        vae: The autoencoder.
        latents: As sampled (B, C, h, w).
        begun: What sampling began with: drafts, or the sources.

    Returns:
        Edits and copies of what they began with, (2, B, 3, H, W) in [-1, 1].
    """
    d = to_details(vae, begun.pixels.to(latents.device), begun.latents)
    still = None if d is None else kept(d, latents, begun.latents, begun.near)
    return torch.stack([to_pixels(vae, latents, still), to_pixels(vae, begun.latents, d)])
