"""Tiny folders of the real kinds: a Stable Diffusion base, a CLIP image encoder, a released checkpoint.

The classes, layouts and key names are those of the real models; only the sizes differ, and the weights are random. A
base takes a fraction of a second to build. `build_base` with the default sizes stands for SD 1.5 (text width 64 instead
of 768), `cross_dim=128, prediction_type="v_prediction"` for SD 2.1 (instead of 1024).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModel

from stillyou.diffusion.tokenizer import build_tokenizer

CROSS_DIM = 64
"""Text width of the tiny "SD 1.x" (768 in the real one) and hidden width of the tiny CLIP image encoder."""
RESOLUTION = 64
"""Pixels of the tiny base (512 in the real one): latents are 4 x 8 x 8."""
PROMPT_LENGTH = 77
VISION_TOKENS = 5
"""Hidden states of the tiny CLIP image encoder (50 in ViT-B/32): 2 x 2 patches and the class token."""

_PROMPTS = ("a woman, santa claus costume", "a man, cute flower costume", "a man, cute white sheep costume")


def build_base(
    folder: str | Path,
    *,
    prediction_type: str = "epsilon",
    cross_dim: int = CROSS_DIM,
    resolution: int = RESOLUTION,
    in_channels: int = 4,
    seed: int = 0,
    safetensors: bool = True,
) -> Path:
    """Write a text-to-image base in diffusers layout (vae, unet, text_encoder, tokenizer, scheduler)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = StableDiffusionPipeline(
            vae=_vae(resolution),
            text_encoder=make_prompts_matter(_text_encoder(cross_dim)),
            tokenizer=_tokenizer(),
            unet=_unet(in_channels, cross_dim, resolution),
            scheduler=_scheduler(prediction_type),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    folder = Path(folder)
    pipeline.save_pretrained(folder, safe_serialization=safetensors)
    weights = folder / "text_encoder" / "model.safetensors"
    if not safetensors and weights.exists():  # transformers always writes safetensors
        torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
        weights.unlink()
    return folder


def build_clip(folder: str | Path, *, width: int = CROSS_DIM, seed: int = 1) -> Path:
    """Write a CLIP image encoder (CLIPVisionModel): 64 x 64 pixels in patches of 32, so 5 hidden states."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=width,
                intermediate_size=2 * width,
                num_hidden_layers=2,
                num_attention_heads=4,
                image_size=64,
                patch_size=32,
                projection_dim=32,
            )
        )
    encoder.save_pretrained(folder)
    return Path(folder)


def make_prompts_matter(text_encoder: CLIPTextModel) -> CLIPTextModel:
    """Enlarge text tokens in place: to random networks one prompt is otherwise much like another."""
    with torch.no_grad():
        # Older versions of transformers nest the network in `text_model`.
        getattr(text_encoder, "text_model", text_encoder).final_layer_norm.weight.mul_(4)
    return text_encoder


def released_states(
    base: str | Path, *, image_tokens: int = VISION_TOKENS, seed: int = 2
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return random state dicts (unet, adapter) for a base whose `conv_in` is widened; prompts matter to them."""
    config = UNet2DConditionModel.load_config(Path(base) / "unet")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel.from_config({**config, "in_channels": 8})
        grid = (config["sample_size"] // 2) ** 2
        adapter = nn.ModuleDict(
            {
                "vae2clip": nn.Linear(grid, config["cross_attention_dim"]),
                "linear1": nn.Linear(image_tokens + 4, image_tokens),
            }
        )
    return {
        name: 3 * tensor if "attn2.to_v" in name else tensor for name, tensor in unet.state_dict().items()
    }, adapter.state_dict()


def build_released(
    folder: str | Path,
    base: str | Path,
    *,
    image_tokens: int = VISION_TOKENS,
    prefix: str = "",
    dtype: torch.dtype = torch.float32,
    seed: int = 2,
) -> Path:
    """Write `unet.pth` and `adapter.pth` as the release does; `prefix="module."` as a distributed run saves them."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in zip(
        ("unet.pth", "adapter.pth"), released_states(base, image_tokens=image_tokens, seed=seed), strict=True
    ):
        torch.save({prefix + key: tensor.to(dtype) for key, tensor in state.items()}, folder / name)
    return folder


def _vae(resolution: int) -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=resolution,
        scaling_factor=0.18215,
    )


def _unet(in_channels: int, cross_dim: int, resolution: int) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=resolution // 8,
        in_channels=in_channels,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=cross_dim,
        attention_head_dim=(2, 4),
        # SD 2.x projects tokens by linear layers, SD 1.x by convolutions.
        use_linear_projection=cross_dim > CROSS_DIM,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )


def _tokenizer() -> CLIPTokenizer:
    return build_tokenizer(_PROMPTS, PROMPT_LENGTH)


def _text_encoder(cross_dim: int) -> CLIPTextModel:
    tokenizer = _tokenizer()
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=cross_dim,
            intermediate_size=2 * cross_dim,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=PROMPT_LENGTH,
            projection_dim=cross_dim,
            hidden_act="gelu" if cross_dim > CROSS_DIM else "quick_gelu",  # OpenCLIP's text model has the former
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _scheduler(prediction_type: str) -> PNDMScheduler:
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        steps_offset=1,
        set_alpha_to_one=False,
        prediction_type=prediction_type,
    )
