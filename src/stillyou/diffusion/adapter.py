"""The image adapter: CLIP's view and the autoencoder's view of the source become one set of tokens."""

from __future__ import annotations

import torch
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import nn
from torch.nn import functional


class ImageAdapter(ModelMixin, ConfigMixin):
    """Mix CLIP hidden states with max-pooled source latents (docs/model.md, Image tokens).

    The layers keep the names of the released checkpoints, `vae2clip` and `linear1`, so that those load as they are.

    Args:
        latent_channels: C, channels of the source latents; each becomes one token.
        latent_size: Side of the latents that the linear map was made for.
        image_tokens: N, how many CLIP hidden states there are.
        width: d, width of a token.
    """

    @register_to_config
    def __init__(
        self, latent_channels: int = 4, latent_size: int = 64, image_tokens: int = 50, width: int = 768
    ) -> None:
        super().__init__()
        self.grid = latent_size // 2
        self.vae2clip = nn.Linear(self.grid**2, width)
        self.linear1 = nn.Linear(image_tokens + latent_channels, image_tokens)
        # The released training starts as "CLIP tokens unchanged": eye(N, N + C).
        nn.init.eye_(self.linear1.weight)
        nn.init.zeros_(self.linear1.bias)

    def forward(self, hidden_states: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Return image tokens.

        Args:
            hidden_states: CLIP hidden states (B, N, d).
            latents: Source latents (B, C, h, w), unit variance; another size than the adapter's is resampled.

        Returns:
            Tokens (B, N, d).
        """
        pooled = functional.max_pool2d(latents, 2)
        if pooled.shape[-2:] != (self.grid, self.grid):
            pooled = functional.interpolate(pooled, size=(self.grid, self.grid), mode="bilinear", antialias=True)
        latent_tokens = self.vae2clip(pooled.flatten(2))
        tokens = torch.cat([hidden_states, latent_tokens], dim=1)
        mixed: torch.Tensor = self.linear1(tokens.transpose(1, 2)).transpose(1, 2)
        return mixed
