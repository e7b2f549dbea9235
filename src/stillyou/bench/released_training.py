"""Training as released: what the throughput of ours is compared with (docs/reference/speed.md).

fp32 without mixed precision, AdamW unfused, pictures and prompts encoded anew in every step by the frozen encoders, no
average of the weights. Written from the description of the method, to be timed.
"""

from __future__ import annotations

import dataclasses

import torch

from stillyou.bench.sizes import PROMPTS
from stillyou.diffusion.autoencoder import to_posterior
from stillyou.diffusion.conditions import Branch, black_vision, vision_pixels
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.training.config import EditorSettings, EditWeights
from stillyou.training.editor.frozen import FrozenBatch, FrozenObjective


@torch.no_grad()
def encode_online(
    pipeline: MultiConditionedPipeline, pixels: torch.Tensor, batch: FrozenBatch, dtype: torch.dtype
) -> FrozenBatch:
    """Return a batch whose conditions are encoded now.

    Args:
        pipeline: Its encoders are on the batch's device.
        pixels: Pairs (B, 2, 3, H, W) in [-1, 1].
        batch: Everything else.
        dtype: Precision that the encoders compute in.
    """
    denoiser, device = pipeline.denoiser, pixels.device
    ids = pipeline.token_ids([PROMPTS.target] * len(pixels)).to(device)
    with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
        mean, std = to_posterior(pipeline.vae, pixels.flatten(0, 1))
        latents = mean + std * torch.randn_like(mean)
        vision = vision_pixels(pixels[:, 0], pipeline.image_encoder.config.image_size)
        hidden = pipeline.image_encoder(vision).last_hidden_state
        text = denoiser.text_tokens(ids)
    return dataclasses.replace(
        batch, source=latents[0::2], target=latents[1::2], hidden=hidden.float(), text=text.float()
    )


class ReleasedLoop:
    """The released training loop around a pipeline's components.

    Args:
        pipeline: In fp32, on the device.
        batch: Pictures a step.
        resolution: Side of the pictures in pixels.
        device: Where it runs.
    """

    def __init__(self, pipeline: MultiConditionedPipeline, batch: int, resolution: int, device: torch.device) -> None:
        self._pipeline, self._device = pipeline, device
        self._pixels = torch.rand(batch, 2, 3, resolution, resolution, device=device) * 2 - 1
        pipeline.unet.requires_grad_(True).train()
        pipeline.adapter.requires_grad_(True).train()
        size = pipeline.image_encoder.config.image_size
        with torch.no_grad():
            empty = pipeline.denoiser.text_tokens(pipeline.token_ids([""]).to(device))
            hidden = pipeline.image_encoder(black_vision(size, device)).last_hidden_state
        settings = EditorSettings(frozen_encoders=True, edit_weights=EditWeights(expression=0, costume=0, other=0))
        self._objective = FrozenObjective(pipeline, hidden, empty, settings).to(device)
        parameters = [parameter for parameter in self._objective.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.AdamW(parameters, lr=5e-6)

    def step(self) -> None:
        """Take one step."""
        count, device = len(self._pixels), self._device
        empty = torch.empty(count, device=device)
        latents = torch.randn(
            count, self._pipeline.unet.config.out_channels, *[s // 8 for s in self._pixels.shape[-2:]]
        )
        batch = FrozenBatch(
            source=empty,
            target=empty,
            branch=torch.full((count,), int(Branch.FULL)),
            timestep=torch.randint(0, self._pipeline.scheduler.config.num_train_timesteps, (count,), device=device),
            noise=latents.to(device),
            earlier=torch.full((count,), -1),
            begun=empty,
            drafted=torch.zeros(count, dtype=torch.bool),
            edit_weight=torch.zeros(count, device=device),
            group=torch.zeros(count, dtype=torch.long, device=device),
            prompt_strength=None,
            hidden=empty,
            text=empty,
        )
        loss, _ = self._objective(encode_online(self._pipeline, self._pixels, batch, torch.float32))
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
