"""Networks of full size with random weights, built in memory: speed does not depend on what the weights are.

`stable_diffusion` has the exact classes and configs of Stable Diffusion 1.5 with CLIP ViT-B/32 and the adapter of the
released checkpoints: a UNet of 860 M parameters, an autoencoder of 84 M, a text encoder of 123 M, an image encoder of
88 M. Only the vocabulary is the embedded model's, since words do not change the time they take.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel, UniPCMultistepScheduler
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

from stillyou.diffusion.adapter import ImageAdapter
from stillyou.diffusion.tokenizer import build_tokenizer
from stillyou.effects.spec import Prompts

PROMPTS = Prompts("a woman", "a woman, santa claus costume")
_LEVELS = (320, 640, 1280, 1280)


def stable_diffusion(device: torch.device, seed: int = 0) -> dict[str, Any]:
    """Build the components of a Stable Diffusion 1.5 sized pipeline, fp32, in eval mode.

    Args:
        device: Where the weights are drawn; a GPU draws a billion of them in a second.
        seed: Of the weights.

    Returns:
        Components by the names that `MultiConditionedPipeline` takes.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.device(device):
        torch.manual_seed(seed)
        networks: dict[str, nn.Module] = {
            "vae": AutoencoderKL(**_autoencoder()),
            "text_encoder": CLIPTextModel(_text()),
            "image_encoder": CLIPVisionModel(_vision()),
            "adapter": ImageAdapter(latent_channels=4, latent_size=64, image_tokens=50, width=768),
            "unet": UNet2DConditionModel(**_unet()),
        }
    for network in networks.values():
        network.eval().requires_grad_(False)
    tokenizer = build_tokenizer([PROMPTS.target], max_length=77)
    scheduler = UniPCMultistepScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    return {**networks, "tokenizer": tokenizer, "scheduler": scheduler}


def _unet() -> dict[str, Any]:
    return {
        "sample_size": 64,
        "in_channels": 8,
        "out_channels": 4,
        "block_out_channels": _LEVELS,
        "layers_per_block": 2,
        "cross_attention_dim": 768,
        "attention_head_dim": 8,
        "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    }


def _autoencoder() -> dict[str, Any]:
    channels = (128, 256, 512, 512)
    return {
        "sample_size": 512,
        "latent_channels": 4,
        "block_out_channels": channels,
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "down_block_types": ("DownEncoderBlock2D",) * len(channels),
        "up_block_types": ("UpDecoderBlock2D",) * len(channels),
        "scaling_factor": 0.18215,
    }


def _text() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=77,
        projection_dim=768,
        hidden_act="quick_gelu",
        # The ids of the small vocabulary, so that the encoder finds the prompts' ends.
        bos_token_id=0,
        eos_token_id=2,
    )


def _vision() -> CLIPVisionConfig:
    return CLIPVisionConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=224,
        patch_size=32,
        projection_dim=512,
        hidden_act="quick_gelu",
    )
