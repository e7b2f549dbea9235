"""Sizes that train and edit in seconds on a CPU."""

from __future__ import annotations

from stillyou.diffusion.network import Architecture


def tiny_architecture() -> Architecture:
    return Architecture(
        resolution=64,
        latent_channels=4,
        autoencoder_channels=8,
        unet_channels=(16, 32),
        unet_layers=1,
        width=32,
        feed_forward=32,
        text_layers=1,
        image_layers=1,
        heads=2,
        vision_size=32,
        vision_patch=16,
    )
