"""Tiny random bases of the real kinds, with a ControlNet and an IP-Adapter that fit them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    EulerDiscreteScheduler,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from stillyou.diffusion.tokenizer import build_tokenizer
from tests.sd_tiny import make_prompts_matter

WORDS = ("a person, laughing expression", "a woman, santa claus costume", "year old with hair, portrait, studio light")


def make_attention_matter(unet: Any) -> None:
    """Enlarge attention in place: to random networks it is otherwise next to nothing."""
    with torch.no_grad():
        for name, weights in unet.named_parameters():
            if ".attn" in name and name.endswith("weight"):
                weights.mul_(3)


def build_xl(folder: Path, seed: int = 0) -> Path:
    """Write a Stable Diffusion XL in diffusers layout: 64 px, two text encoders of width 32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokenizer = build_tokenizer(WORDS, 77)
        pipeline = StableDiffusionXLPipeline(
            vae=AutoencoderKL(
                down_block_types=("DownEncoderBlock2D",) * 4,
                up_block_types=("UpDecoderBlock2D",) * 4,
                block_out_channels=(8, 8, 16, 16),
                norm_num_groups=4,
                sample_size=64,
                scaling_factor=0.13025,
            ),
            text_encoder=make_prompts_matter(CLIPTextModel(_text(tokenizer))),
            text_encoder_2=make_prompts_matter(CLIPTextModelWithProjection(_text(tokenizer))),
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            unet=UNet2DConditionModel(
                sample_size=8,
                block_out_channels=(16, 32),
                layers_per_block=1,
                norm_num_groups=8,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                attention_head_dim=(2, 4),
                use_linear_projection=True,
                addition_embed_type="text_time",
                addition_time_embed_dim=8,
                transformer_layers_per_block=(1, 2),
                projection_class_embeddings_input_dim=80,
                cross_attention_dim=64,
            ),
            scheduler=EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        )
    pipeline.save_pretrained(folder)
    return folder


def _text(tokenizer: Any) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=3,
        num_attention_heads=4,
        projection_dim=32,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def build_controlnet(folder: Path, base: Path, seed: int = 5) -> Path:
    """Write a ControlNet for a base; its zero convolutions get weights, or it would add nothing."""
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 4, 8, 8))
        for layer in (*network.controlnet_down_blocks, network.controlnet_mid_block):
            torch.nn.init.normal_(layer.weight, std=0.2)
        torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=0.5)
    network.save_pretrained(folder)
    return folder


def build_ip_adapter(folder: Path, base: Path, seed: int = 6) -> Path:
    """Write an IP-Adapter for a base, in the layout of the released ones: 4 image tokens, and a CLIP beside it."""
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    width, weights = unet.config.cross_attention_dim, {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for number, name in enumerate(unet.attn_processors):
            if ".attn2." in name:
                layer = unet.get_submodule(name.removesuffix(".processor"))
                for which in ("k", "v"):
                    shape = getattr(layer, f"to_{which}").weight.shape
                    weights[f"ip_adapter.{number}.to_{which}_ip.weight"] = torch.randn(shape) * 0.3
        weights["image_proj.proj.weight"] = torch.randn(4 * width, 32) * 0.3
        weights["image_proj.proj.bias"] = torch.zeros(4 * width)
        weights["image_proj.norm.weight"] = torch.ones(width)
        weights["image_proj.norm.bias"] = torch.zeros(width)
        encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                image_size=32,
                patch_size=16,
                projection_dim=32,
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "ip-adapter_sd15.safetensors")
    encoder.save_pretrained(folder / "image_encoder")
    return folder
