"""The image adapter: CLIP's view and the autoencoder's view of the source become one set of tokens."""

from __future__ import annotations

import torch
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import nn
from torch.nn import functional


class ImageAdapter(ModelMixin, ConfigMixin):
    """Mix CLIP hidden states with max-pooled source latents (docs/reference/model.md, Image tokens).

    The layers keep the names of the released checkpoints, `vae2clip` and `linear1`, so that those load as they are.

    Args:
        latent_channels: C, channels of the source latents; each becomes one token.
        latent_size: Side of the latents that the linear map was made for.
        image_tokens: N, how many CLIP hidden states there are.
        width: d, width of a token, the same as of the text tokens.
        image_width: Width of the CLIP hidden states; None if it is d. Another one (ViT-B/32 beside the text encoder of
            Stable Diffusion 2.x: 768 and 1024) goes through a linear map of its own, `image2text`.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 4,
        latent_size: int = 64,
        image_tokens: int = 50,
        width: int = 768,
        image_width: int | None = None,
    ) -> None:
        super().__init__()
        self.grid = latent_size // 2
        self.vae2clip = nn.Linear(self.grid**2, width)
        self.linear1 = nn.Linear(image_tokens + latent_channels, image_tokens)
        # The released training starts as "CLIP tokens unchanged": eye(N, N + C).
        nn.init.eye_(self.linear1.weight)
        nn.init.zeros_(self.linear1.bias)
        self.image2text: nn.Linear | None = None
        if image_width is not None and image_width != width:
            self.image2text = nn.Linear(image_width, width)
            nn.init.eye_(self.image2text.weight)
            nn.init.zeros_(self.image2text.bias)

    def forward(self, hidden_states: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Return image tokens.

        Args:
            hidden_states: CLIP hidden states (B, N, d), or of the adapter's own `image_width`.
            latents: Source latents (B, C, h, w), unit variance. The linear map was made for one grid: pooled latents of
                another size, or of another aspect ratio, are resampled to it.

        Returns:
            Tokens (B, N, d).
        """
        pooled = functional.max_pool2d(latents, 2)
        if pooled.shape[-2:] != (self.grid, self.grid):
            # In fp32: PyTorch has no antialiased half-precision resampling on CPUs.
            resampled = functional.interpolate(
                pooled.float(), size=(self.grid, self.grid), mode="bilinear", antialias=True
            )
            pooled = resampled.to(pooled.dtype)
        latent_tokens = self.vae2clip(pooled.flatten(2))
        if self.image2text is not None:
            hidden_states = self.image2text(hidden_states)
        tokens = torch.cat([hidden_states, latent_tokens], dim=1)
        mixed: torch.Tensor = self.linear1(tokens.transpose(1, 2)).transpose(1, 2)
        return mixed
