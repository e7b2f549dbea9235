"""An autoencoder that works on coarse grids alone, for CPUs: pixels are folded into channels before any convolution.

With x pixels (B, 3, H, W), F_k the folding of k x k pixels into channels (pixel unshuffle, 3k² channels on a grid k
times coarser) and z latents (B, C, H/8, W/8):

    z = A F_8(x) + N(F_f(x))        y = F_8⁻¹(D z) + F_f⁻¹(M(z))

A and D are matrices: alone, with the principal components of patches as rows, they are the best linear code of 8 x 8
pixels (`training.autoencoder.components`). N and M are residual networks, on a grid f times coarser than the picture
and then on the latents' own, and begin as 0. With f = 4 this takes a thirteenth of the tiny autoencoder's arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import nn
from torch.nn import functional

from stillyou.diffusion.details import PATCH, Details

# A diffusers pipeline finds how to load a component by looking for ModelMixin in the component's module.
__all__ = ["PATCH", "FoldedAutoencoder", "ModelMixin"]


_moved: Any = apply_forward_hook
"""Lets offloaded networks come to the device before a method of theirs, as diffusers' own autoencoders do."""


class FoldedAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc, unused-ignore]
    """Encodes pictures (B, 3, H, W) in [-1, 1], sides multiples of 8, to latents (B, C, H/8, W/8).

    Args:
        latent_channels: C.
        fold: f, 1, 2, 4 or 8: pixels a side of a cell of the finer grid.
        encoder_block_out_channels: Channels on the finer grid and on that of the latents, in the encoder.
        decoder_block_out_channels: The same two in the decoder.
        num_encoder_blocks: Residual blocks on the two grids, in the encoder.
        num_decoder_blocks: The same in the decoder.
        latents_mean: Mean of each latent channel, None before it is measured.
        latents_std: What each channel is divided by to make latents of unit variance, taken over all of them.
        scaling_factor: As other autoencoders have it; statistics take its place.
        shift_factor: As `scaling_factor`.
        detail_channels: Channels of a second layer of latents (`diffusion.details`); 0 for none.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        fold: int = 4,
        encoder_block_out_channels: Sequence[int] = (64, 128),
        decoder_block_out_channels: Sequence[int] = (64, 128),
        num_encoder_blocks: Sequence[int] = (1, 1),
        num_decoder_blocks: Sequence[int] = (2, 2),
        latents_mean: Sequence[float] | None = None,
        latents_std: Sequence[float] | None = None,
        scaling_factor: float = 1.0,
        shift_factor: float = 0.0,
        detail_channels: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(latent_channels, fold, encoder_block_out_channels, num_encoder_blocks)
        self.decoder = Decoder(latent_channels, fold, decoder_block_out_channels, num_decoder_blocks)
        self.details: Details | None = None
        if detail_channels:
            both = Decoder(latent_channels + detail_channels, fold, decoder_block_out_channels, num_decoder_blocks)
            self.details = Details(detail_channels, both)

    @property
    def linear_alone(self) -> bool:
        """Whether both networks still answer 0, as they do before any training."""
        return not any(bool(layer.weight.any()) for layer in (self.encoder.out, self.decoder.out))

    @_moved
    def encode(self, x: torch.Tensor, return_dict: bool = True) -> AutoencoderTinyOutput | tuple[torch.Tensor]:
        """Encode pixels to raw latents, as diffusers' own autoencoders do."""
        z = self.encoder(x)
        return AutoencoderTinyOutput(latents=z) if return_dict else (z,)

    @_moved
    def decode(self, z: torch.Tensor, return_dict: bool = True) -> DecoderOutput | tuple[torch.Tensor]:
        """Decode raw latents to pixels, as diffusers' own autoencoders do.

        Where there is a second layer its decoder is taken, without any details: it has learned how drawn latents look.
        """
        y = self.decoder(z) if self.details is None else self.details.decode(z, self.details.none_of(z))
        return DecoderOutput(sample=y) if return_dict else (y,)

    @_moved
    def encode_details(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Encode what raw latents leave out of pixels; see `Details.encode`."""
        return self._second.encode(x - self.decoder(z))

    @_moved
    def decode_details(self, z: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
        """Decode raw latents with their details to pixels."""
        return self._second.decode(z, d)

    @property
    def _second(self) -> Details:
        assert self.details is not None, "an autoencoder of one layer"
        return self.details

    def forward(self, sample: torch.Tensor, return_dict: bool = True) -> DecoderOutput | tuple[torch.Tensor]:
        """Encode and decode."""
        return self.decode(self.encoder(sample), return_dict)

    def enable_slicing(self) -> None:
        """Do nothing: a batch takes little memory at a quarter of the side."""


class Encoder(nn.Module):
    """Pixels (B, 3, H, W) to raw latents (B, C, H/8, W/8).

    Args:
        latents: C.
        fold: f.
        widths: Channels on the finer grid and on that of the latents.
        blocks: Residual blocks there.
    """

    def __init__(self, latents: int, fold: int, widths: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        (fine, coarse), self.fold = widths, fold
        self.linear = nn.Conv2d(3 * PATCH**2, latents, 1)
        self.pixels = nn.Conv2d(3 * fold**2, fine, 3, padding=1)
        self.fine = _blocks(fine, blocks[0])
        self.down = nn.Conv2d(fine, coarse, PATCH // fold, stride=PATCH // fold)
        self.coarse = _blocks(coarse, blocks[1])
        self.out = _zero(nn.Conv2d(coarse, latents, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode pixels in [-1, 1]."""
        h = self.fine(self.pixels(functional.pixel_unshuffle(x, self.fold)))
        h = self.out(functional.relu(self.coarse(self.down(h))))
        z: torch.Tensor = self.linear(functional.pixel_unshuffle(x, PATCH)) + h
        return z


class Decoder(nn.Module):
    """Raw latents (B, C, h, w) to pixels (B, 3, 8h, 8w).

    Args:
        latents: C.
        fold: f.
        widths: Channels on the finer grid and on that of the latents.
        blocks: Residual blocks there.
    """

    def __init__(self, latents: int, fold: int, widths: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        (fine, coarse), self.fold = widths, fold
        self.linear = nn.Conv2d(latents, 3 * PATCH**2, 1)
        self.latent = nn.Conv2d(latents, coarse, 3, padding=1)
        self.coarse = _blocks(coarse, blocks[1])
        self.up = nn.Conv2d(coarse, fine * (PATCH // fold) ** 2, 1)
        self.fine = _blocks(fine, blocks[0])
        self.out = _zero(nn.Conv2d(fine, 3 * fold**2, 3, padding=1))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Decode raw latents."""
        h = functional.pixel_shuffle(self.up(self.coarse(self.latent(z))), PATCH // self.fold)
        h = self.out(functional.relu(self.fine(h)))
        y: torch.Tensor = functional.pixel_shuffle(self.linear(z), PATCH) + functional.pixel_shuffle(h, self.fold)
        return y


class Block(nn.Module):
    """h + conv(relu(conv(relu(h)))); begins as the identity, so that no normalisation is needed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = _zero(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Return h (B, c, h, w) with a correction added."""
        correction: torch.Tensor = self.second(functional.relu(self.first(functional.relu(h))))
        return h + correction


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    """Let a layer begin as 0."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
