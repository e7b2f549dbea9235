"""A denoiser for other latents: first and last layers translated by least squares, everything between as it was.

With z_o and z_n the unit-variance latents (C_o and C_n channels) of the same pictures by the old autoencoder and the
new one, at each place of their common grid:

    W = argmin |z_o − W z_n|²        V = argmin |z_n − V z_o|²

Noise and velocity are linear in latents, so the old UNet reads W z_n where it read z_o, and V times its answer is one
about z_n: conv_in' = conv_in ∘ W for both halves of its input, conv_out' = V ∘ conv_out. The image adapter mixes one
token a latent channel; its weights for them are translated by W as well. What the old latents did not hold is learned.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from diffusers import UNet2DConditionModel

from stillyou.diffusion.adapter import ImageAdapter
from stillyou.diffusion.autoencoder import SmallAutoencoder, to_latents
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.images.tensors import to_signed

_AT_A_TIME = 8


class Bridge(NamedTuple):
    """Matrices between two kinds of latents: `to_old` W (C_o, C_n), `to_new` V (C_n, C_o)."""

    to_old: torch.Tensor
    to_new: torch.Tensor


@torch.no_grad()
def measure_bridge(old: SmallAutoencoder, new: SmallAutoencoder, pictures: torch.Tensor) -> Bridge:
    """Measure both matrices on pictures (M, 3, H, W) uint8."""
    z_old, z_new = (_rows(vae, pictures) for vae in (old, new))
    to_old, to_new = (torch.linalg.lstsq(a, b).solution.T.float() for a, b in ((z_new, z_old), (z_old, z_new)))
    return Bridge(to_old.contiguous(), to_new.contiguous())


def _rows(vae: SmallAutoencoder, pictures: torch.Tensor) -> torch.Tensor:
    """Return the latents of all places of all pictures, (N, C), in double precision."""
    parts = [pictures[start : start + _AT_A_TIME] for start in range(0, len(pictures), _AT_A_TIME)]
    latents = [to_latents(vae, to_signed(part)).permute(0, 2, 3, 1).flatten(0, 2) for part in parts]
    return torch.cat(latents).double()


@torch.no_grad()
def cross(pipeline: MultiConditionedPipeline, vae: SmallAutoencoder, bridge: Bridge) -> None:
    """Put a new autoencoder into a pipeline, and translate what read and wrote the old one's latents.

    Args:
        pipeline: Its UNet and adapter are replaced.
        vae: The new autoencoder, on the same grid.
        bridge: Between the pipeline's autoencoder and the new one.
    """
    unet, adapter = _unet(pipeline.unet, bridge), _adapter(pipeline.adapter, bridge)
    pipeline.register_modules(vae=vae, unet=unet, adapter=adapter)


def _unet(old: UNet2DConditionModel, bridge: Bridge) -> UNet2DConditionModel:
    """Return the UNet with translated first and last layers."""
    new, ours = bridge.to_old.shape[1], bridge.to_old.shape[0]
    made: UNet2DConditionModel = UNet2DConditionModel.from_config(
        {**old.config, "in_channels": 2 * new, "out_channels": new}
    )
    state = dict(old.state_dict())
    halves = state["conv_in.weight"].split(ours, dim=1)
    state["conv_in.weight"] = torch.cat([torch.einsum("aohw,on->anhw", half, bridge.to_old) for half in halves], dim=1)
    state["conv_out.weight"] = torch.einsum("no,oahw->nahw", bridge.to_new, state["conv_out.weight"])
    state["conv_out.bias"] = bridge.to_new @ state["conv_out.bias"]
    made.load_state_dict(state)
    return made


def _adapter(old: ImageAdapter, bridge: Bridge) -> ImageAdapter:
    """Return the adapter with translated weights of the latents' tokens."""
    made: ImageAdapter = ImageAdapter.from_config({**old.config, "latent_channels": bridge.to_old.shape[1]})
    state = dict(old.state_dict())
    mixing = state["linear1.weight"]
    images = mixing.shape[1] - bridge.to_old.shape[0]
    state["linear1.weight"] = torch.cat([mixing[:, :images], mixing[:, images:] @ bridge.to_old], dim=1)
    made.load_state_dict(state)
    return made
