"""An edit as the released demo does it (docs/official.md): what every figure is compared with.

fp32 weights under fp16 autocast, eager, channels first, one picture's four branches in a batch, all conditions encoded
anew for every picture, no mask, no composite. Written from the description of the method, to be timed: the faithful
numerics are `diffusion.official`.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from stillyou.diffusion.conditions import vision_pixels
from stillyou.diffusion.network import Denoiser

SCALES = (3.0, 2.0, 4.0)


class ReleasedPath:
    """The released path around a pipeline's components, which stay in fp32.

    Args:
        components: As `MultiConditionedPipeline` takes them.
        device: Where they are; on a CPU autocast is left out, as it is in the release.
    """

    def __init__(self, components: dict[str, Any], device: torch.device) -> None:
        self.parts = components
        self.device = device
        networks = (components[name] for name in ("unet", "text_encoder", "image_encoder", "adapter"))
        self.denoiser = Denoiser(*networks)

    @torch.no_grad()
    def edit(self, pixels: torch.Tensor, prompt: str, steps: int) -> torch.Tensor:
        """Edit pictures (B, 3, H, W) in [-1, 1] one after the other; return them in fp32."""
        autocast = torch.autocast(self.device.type, torch.float16, enabled=self.device.type == "cuda")
        with autocast:
            return torch.cat([self._edit_one(picture[None].to(self.device), prompt, steps) for picture in pixels])

    def _edit_one(self, picture: torch.Tensor, prompt: str, steps: int) -> torch.Tensor:
        vae, scheduler = self.parts["vae"], copy.deepcopy(self.parts["scheduler"])
        scale = float(vae.config.scaling_factor)
        z_s = self._sample_latents(picture) * scale
        tokens = self._tokens(picture, z_s, prompt)
        sources = torch.cat([torch.zeros_like(z_s), z_s, torch.zeros_like(z_s), z_s])  # none, full, image, image+source
        scheduler.set_timesteps(steps, device=self.device)
        z_t = torch.randn_like(z_s) * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            x = torch.cat([scheduler.scale_model_input(z_t, t).repeat(4, 1, 1, 1), sources], dim=1)
            e_none, e_full, e_image, e_source = self.parts["unet"](x, t, tokens).sample.chunk(4)
            g_image, g_source, g_text = SCALES
            e = e_none + g_image * (e_image - e_none) + g_source * (e_source - e_image) + g_text * (e_full - e_source)
            z_t = scheduler.step(e, t, z_t).prev_sample
        decoded: torch.Tensor = vae.decode(z_t / scale).sample
        return decoded.float().clamp(-1, 1)

    def _sample_latents(self, picture: torch.Tensor) -> torch.Tensor:
        """Draw latents from the posterior; the tiny autoencoder has none to draw from."""
        encoded = self.parts["vae"].encode(picture)
        latents: torch.Tensor = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.sample()
        return latents

    def _tokens(self, picture: torch.Tensor, z_s: torch.Tensor, prompt: str) -> torch.Tensor:
        """Return text and image tokens of the branches none, full, image, image+source."""
        length = self.parts["text_encoder"].config.max_position_embeddings
        options: dict[str, Any] = {"padding": "max_length", "max_length": length, "truncation": True}
        ids = self.parts["tokenizer"](["", prompt, "", ""], return_tensors="pt", **options).input_ids
        black = torch.full_like(picture, -1.0)
        size = self.parts["image_encoder"].config.image_size
        image = self.denoiser.image_tokens(vision_pixels(picture, size), z_s)
        null = self.denoiser.image_tokens(
            vision_pixels(black, size), self._sample_latents(black) * float(self.parts["vae"].config.scaling_factor)
        )
        return torch.cat(
            [self.denoiser.text_tokens(ids.to(self.device)), torch.cat([null, image, image, image])], dim=1
        )
