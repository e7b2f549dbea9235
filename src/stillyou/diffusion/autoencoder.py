"""Pixels to latents and back: the only place that knows how latents are scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from diffusers import AutoencoderTiny, ModelMixin
from diffusers.configuration_utils import register_to_config

from stillyou.diffusion.details import Details
from stillyou.diffusion.folded import FoldedAutoencoder

# A diffusers pipeline finds how to load a component by looking for ModelMixin in the component's module.
__all__ = [
    "SMALL",
    "Autoencoder",
    "LatentAutoencoderTiny",
    "ModelMixin",
    "SmallAutoencoder",
    "channels_a_pixel",
    "copied",
    "details_of",
    "is_small",
    "small_class",
    "to_details",
    "to_latents",
    "to_pixels",
    "to_posterior",
]


class LatentAutoencoderTiny(AutoencoderTiny):
    """AutoencoderTiny whose config also holds the latents' mean and deviation per channel (docs/reference/model.md)."""

    # As wide as AutoencoderTiny's: diffusers reads the names of a component's config from this signature.
    @register_to_config
    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        encoder_block_out_channels: Sequence[int] = (64, 64, 64, 64),
        decoder_block_out_channels: Sequence[int] = (64, 64, 64, 64),
        act_fn: str = "relu",
        upsample_fn: str = "nearest",
        latent_channels: int = 8,
        num_encoder_blocks: Sequence[int] = (1, 3, 3, 3),
        num_decoder_blocks: Sequence[int] = (3, 3, 3, 1),
        upsampling_scaling_factor: int = 2,
        latent_magnitude: int = 3,
        latent_shift: float = 0.5,
        force_upcast: bool = False,
        scaling_factor: float = 1.0,
        shift_factor: float = 0.0,
        block_out_channels: Sequence[int] | None = None,  # AutoencoderTiny's config repeats it; unused
        latents_mean: Sequence[float] | None = None,
        latents_std: Sequence[float] | None = None,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            encoder_block_out_channels=tuple(encoder_block_out_channels),
            decoder_block_out_channels=tuple(decoder_block_out_channels),
            act_fn=act_fn,
            upsample_fn=upsample_fn,
            latent_channels=latent_channels,
            num_encoder_blocks=tuple(num_encoder_blocks),
            num_decoder_blocks=tuple(num_decoder_blocks),
            upsampling_scaling_factor=upsampling_scaling_factor,
            latent_magnitude=latent_magnitude,
            latent_shift=latent_shift,
            force_upcast=force_upcast,
            scaling_factor=scaling_factor,
            shift_factor=shift_factor,
        )


Autoencoder: TypeAlias = Any
"""`FoldedAutoencoder`, `LatentAutoencoderTiny`, or one of diffusers: `AutoencoderTiny`, `AutoencoderKL`."""
SmallAutoencoder: TypeAlias = LatentAutoencoderTiny | FoldedAutoencoder
"""What this project trains itself: `encoder` and `decoder` are modules, latents have measured statistics."""
SMALL = (LatentAutoencoderTiny, FoldedAutoencoder)


def is_small(config: Mapping[str, Any]) -> bool:
    """Tell by its config whether an autoencoder is of the small kinds, which always run in fp32."""
    return "encoder_block_out_channels" in config


def small_class(config: Mapping[str, Any]) -> type[SmallAutoencoder]:
    """Return the class of a small autoencoder by its config."""
    return FoldedAutoencoder if "fold" in config else LatentAutoencoderTiny


def channels_a_pixel(config: Mapping[str, Any]) -> float:
    """Return how many numbers a pixel an autoencoder's widest activations hold, by its config."""
    finest: float = config["encoder_block_out_channels" if is_small(config) else "block_out_channels"][0]
    return finest / config.get("fold", 1) ** 2


def _statistics(vae: Autoencoder, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation, each (1, C, 1, 1) or scalar, that make raw latents unit variance."""
    mean, std = vae.config.get("latents_mean"), vae.config.get("latents_std")
    if mean is not None and std is not None:
        return z.new_tensor(mean).view(1, -1, 1, 1), z.new_tensor(std).view(1, -1, 1, 1)
    shift = vae.config.get("shift_factor") or 0.0
    return z.new_tensor(shift), z.new_tensor(1.0 / vae.config.scaling_factor)


def to_latents(vae: Autoencoder, pixels: torch.Tensor) -> torch.Tensor:
    """Encode pixels.

    Args:
        vae: The autoencoder; of a KL autoencoder the posterior's mean is taken.
        pixels: (B, 3, H, W) in [-1, 1].

    Returns:
        Latents (B, C, H/8, W/8) in fp32, unit variance per channel.
    """
    encoded = vae.encode(pixels.to(vae.dtype))
    z = (encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()).float()
    mean, std = _statistics(vae, z)
    return (z - mean) / std


def posterior(vae: Autoencoder, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode pixels (B, 3, H, W) in [-1, 1] to mean and deviation of raw latents (B, C, H/8, W/8), fp32.

    An autoencoder without a posterior has deviation 0.
    """
    encoded = vae.encode(pixels.to(vae.dtype))
    if hasattr(encoded, "latents"):
        return encoded.latents.float(), torch.zeros_like(encoded.latents, dtype=torch.float32)
    return encoded.latent_dist.mean.float(), encoded.latent_dist.std.float()


def to_posterior(vae: Autoencoder, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode pixels (B, 3, H, W) in [-1, 1] to mean and deviation of their latents, scaled as in `to_latents`."""
    z, spread = posterior(vae, pixels)
    mean, std = _statistics(vae, z)
    return (z - mean) / std, spread / std


def details_of(vae: Autoencoder) -> Details | None:
    """Return the second layer of an autoencoder, None where it has one layer alone."""
    found: Details | None = getattr(vae, "details", None)
    return found


def to_details(vae: Autoencoder, pixels: torch.Tensor, latents: torch.Tensor) -> torch.Tensor | None:
    """Encode what latents leave out of the pictures that they are of.

    Args:
        vae: The autoencoder.
        pixels: (B, 3, H, W) in [-1, 1].
        latents: Their latents (B, C, H/8, W/8), unit variance.

    Returns:
        Details (B, C', H/8, W/8), unit variance, or None where the autoencoder has no second layer.
    """
    if details_of(vae) is None:
        return None
    mean, std = _statistics(vae, latents)
    found: torch.Tensor = vae.encode_details(pixels.to(vae.dtype), (latents * std + mean).to(vae.dtype))
    return found.float()


def copied(vae: Autoencoder, pixels: torch.Tensor) -> torch.Tensor:
    """Return pictures (B, 3, H, W) in [-1, 1] as an autoencoder copies them, with all layers that it has."""
    latents = to_latents(vae, pixels)
    return to_pixels(vae, latents, to_details(vae, pixels, latents))


def to_pixels(vae: Autoencoder, latents: torch.Tensor, details: torch.Tensor | None = None) -> torch.Tensor:
    """Decode unit-variance latents (B, C, h, w), with their details if there are any, to pixels.

    Returns:
        Pixels (B, 3, 8h, 8w) in [-1, 1], fp32.
    """
    mean, std = _statistics(vae, latents)
    raw = (latents * std + mean).to(vae.dtype)
    decoded: torch.Tensor
    if details is None:
        decoded = vae.decode(raw).sample
    else:
        decoded = vae.decode_details(raw, details.to(vae.dtype))
    return decoded.float().clamp(-1, 1)
