"""Tiny folders of the real editors' classes: InstructPix2Pix and FLUX Kontext; random weights."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxKontextPipeline,
    FluxTransformer2DModel,
    StableDiffusionInstructPix2PixPipeline,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from tests import sd_tiny

_LETTERS = string.ascii_letters + string.digits + ".,:!'-"


def build_pix2pix(folder: Path, seed: int = 0) -> Path:
    """Write a tiny InstructPix2Pix: an SD 1.x whose UNet sees the source's latents too."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = StableDiffusionInstructPix2PixPipeline(
            vae=sd_tiny._vae(sd_tiny.RESOLUTION),
            text_encoder=sd_tiny.make_prompts_matter(sd_tiny._text_encoder(sd_tiny.CROSS_DIM)),
            tokenizer=sd_tiny._tokenizer(),
            unet=sd_tiny._unet(8, sd_tiny.CROSS_DIM, sd_tiny.RESOLUTION),
            scheduler=sd_tiny._scheduler("epsilon"),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(folder)
    return folder


def build_kontext(folder: Path, seed: int = 0) -> Path:
    """Write a tiny FLUX Kontext."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = FluxKontextPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=AutoencoderKL(
                block_out_channels=(4, 4, 4, 4),
                down_block_types=("DownEncoderBlock2D",) * 4,
                up_block_types=("UpDecoderBlock2D",) * 4,
                layers_per_block=1,
                latent_channels=1,
                norm_num_groups=1,
                use_quant_conv=False,
                use_post_quant_conv=False,
                shift_factor=0.06,
                scaling_factor=1.5,
            ),
            text_encoder=_clip(),
            tokenizer=sd_tiny._tokenizer(),
            text_encoder_2=T5EncoderModel(
                T5Config(
                    vocab_size=80, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, decoder_start_token_id=0
                )
            ),
            tokenizer_2=T5TokenizerFast(vocab=_unigrams(), extra_ids=0, model_max_length=64),
            transformer=FluxTransformer2DModel(
                patch_size=1,
                in_channels=4,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=32,
                pooled_projection_dim=32,
                axes_dims_rope=(4, 4, 8),
            ),
        )
    pipeline.save_pretrained(folder)
    return folder


def _clip() -> CLIPTextModel:
    tokenizer = sd_tiny._tokenizer()
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=37,
            num_hidden_layers=2,
            num_attention_heads=4,
            projection_dim=32,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def _unigrams() -> list[tuple[str, float]]:
    return [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), *((letter, -2.0) for letter in _LETTERS)]
