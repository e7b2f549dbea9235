"""The multi-conditioned denoiser: a UNet that sees the source three ways, and the sizes of the embedded model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import torch
from diffusers import UNet2DConditionModel, UniPCMultistepScheduler
from pydantic import Field, model_validator
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModel

from stillyou.config import Strict
from stillyou.diffusion.adapter import ImageAdapter
from stillyou.diffusion.autoencoder import LatentAutoencoderTiny, SmallAutoencoder
from stillyou.diffusion.conditions import Conditions, NullTokens, null_tokens
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.tokenizer import build_tokenizer


def unet_inputs(
    unet: UNet2DConditionModel, noisy: torch.Tensor, conditions: Conditions
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the UNet reads, in its precision: latents (B, 2C, h, w), noisy then source; tokens (B, T + N, d)."""
    precision = next(unet.parameters()).dtype  # diffusers' own property looks through all modules, at every step
    stacked = torch.cat([noisy, conditions.source], dim=1).to(precision).contiguous()
    return stacked, conditions.tokens.to(precision)


def call_unet(
    unet: UNet2DConditionModel, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions
) -> torch.Tensor:
    """Predict noise or velocity: the only call of a whole UNet, in training, inference and official mode.

    Args:
        unet: Its `conv_in` takes 2C channels.
        noisy: Noisy latents (B, C, h, w).
        timesteps: (B,) or scalar, in training steps of the schedule.
        conditions: What the branch of each sample sees.

    Returns:
        Prediction (B, C, h, w), fp32.
    """
    x, tokens = unet_inputs(unet, noisy, conditions)
    compiled = unet._compiled_call_impl is not None
    if compiled:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
    prediction: torch.Tensor = unet(x, timesteps, encoder_hidden_states=tokens, return_dict=False)[0]
    # A compiled call may write over its last result.
    return prediction.float().clone() if compiled else prediction.float()


class Denoiser(nn.Module):
    """UNet, encoders and adapter as one trainable module.

    Args:
        unet: UNet whose `conv_in` takes 2C channels: noisy latents, then source latents.
        text_encoder: CLIP text model of width d.
        image_encoder: CLIP vision model of width d.
        adapter: Mixes image features with source latents.
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        text_encoder: CLIPTextModel,
        image_encoder: CLIPVisionModel,
        adapter: ImageAdapter,
    ) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder
        self.image_encoder = image_encoder
        self.adapter = adapter

    def text_tokens(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Encode prompts: ids (B, T) to tokens (B, T, d)."""
        tokens: torch.Tensor = self.text_encoder(token_ids).last_hidden_state
        return tokens

    def image_tokens(self, vision: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Encode the source picture.

        Args:
            vision: CLIP-normalised pixels (B, 3, s, s), see `conditions.vision_pixels`.
            source: Source latents (B, C, h, w).

        Returns:
            Tokens (B, N, d). CLIP's hidden states are taken before its last normalisation, as released.
        """
        hidden = self.image_encoder(vision.to(self.image_encoder.dtype)).last_hidden_state
        tokens: torch.Tensor = self.adapter(hidden, source.to(hidden.dtype))
        return tokens

    def null_tokens(self, empty_prompt_ids: torch.Tensor, black: torch.Tensor, source: torch.Tensor) -> NullTokens:
        """Return the tokens of absent conditions: ids of the empty prompt (1, T), and see `conditions.null_tokens`."""
        return null_tokens(self.image_tokens, black, self.text_tokens(empty_prompt_ids), source)

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Predict noise or velocity (B, C, h, w) in fp32; see `call_unet`."""
        return call_unet(self.unet, noisy, timesteps, conditions)


class Architecture(Strict):
    """Sizes of a small model of the embedded kind; the defaults are those of its recipe (docs/reference/model.md)."""

    resolution: int = Field(256, ge=32, multiple_of=32)
    latent_channels: int = Field(8, ge=1)
    autoencoder: Literal["tiny", "folded"] = "tiny"
    """`tiny` is diffusers' AutoencoderTiny, `folded` works on coarse grids alone (`diffusion.folded`)."""
    autoencoder_channels: int = Field(64, ge=4)
    """Of the tiny one, and of the folded one's encoder on its finer grid."""
    folded_channels: int = Field(128, ge=4)
    """Of the folded one's encoder, on its coarser grid."""
    folded_decoder_channels: tuple[int, int] | None = None
    """Of the folded one's decoder, on its finer and coarser grid; None for those of its encoder."""
    folded_blocks: tuple[int, int, int, int] = (1, 1, 2, 2)
    """Of the folded one: finer and coarser grid of the encoder, then of the decoder."""
    detail_channels: int = Field(0, ge=0, le=128)
    """Of the folded one: channels of its second layer (`diffusion.details`), 0 for none."""
    unet_channels: tuple[int, ...] = (64, 128, 256)
    unet_layers: int = Field(2, ge=1)
    width: int = Field(256, ge=8)
    feed_forward: int = Field(512, ge=8)
    text_layers: int = Field(4, ge=1)
    image_layers: int = Field(3, ge=1)
    heads: int = Field(4, ge=1)
    vision_size: int = Field(64, ge=8)
    vision_patch: int = Field(8, ge=4)
    prompt_length: int = Field(32, ge=8)

    @model_validator(mode="after")
    def _details_fit(self) -> Architecture:
        if self.detail_channels and self.autoencoder != "folded":
            raise ValueError("detail_channels needs autoencoder = 'folded'")
        return self

    @property
    def latent_size(self) -> int:
        """Side of the latents: the autoencoder shrinks by 8."""
        return self.resolution // 8

    def recorded(self) -> dict[str, Any]:
        """Return the sizes as checkpoints keep them: later ones only where chosen, so that old runs go on."""
        whole = self.model_dump(mode="json")
        later = self.model_dump(mode="json", include=_LATER, exclude_defaults=True)
        return {name: value for name, value in whole.items() if name not in _LATER or name in later}


_LATER = {"autoencoder", "folded_channels", "folded_decoder_channels", "folded_blocks", "detail_channels"}


def build_components(architecture: Architecture, prompts: Iterable[str]) -> dict[str, object]:
    """Build all parts of a small model with random weights from PyTorch's global generator.

    Args:
        architecture: Sizes.
        prompts: Texts the vocabulary is built from.

    Returns:
        Components by the names that `MultiConditionedPipeline` takes.
    """
    tokenizer = build_tokenizer(prompts, architecture.prompt_length)
    return {
        "vae": build_autoencoder(architecture),
        "text_encoder": _build_text_encoder(architecture, tokenizer),
        "tokenizer": tokenizer,
        "image_encoder": _build_image_encoder(architecture),
        "adapter": ImageAdapter(
            latent_channels=architecture.latent_channels,
            latent_size=architecture.latent_size,
            image_tokens=(architecture.vision_size // architecture.vision_patch) ** 2 + 1,
            width=architecture.width,
        ),
        "unet": _build_unet(architecture),
        "scheduler": UniPCMultistepScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction"),
    }


def build_autoencoder(architecture: Architecture) -> SmallAutoencoder:
    """Build the autoencoder with random weights."""
    if architecture.autoencoder == "folded":
        widths, blocks = (architecture.autoencoder_channels, architecture.folded_channels), architecture.folded_blocks
        return FoldedAutoencoder(
            architecture.latent_channels,
            4,
            widths,
            architecture.folded_decoder_channels or widths,
            blocks[:2],
            blocks[2:],
            detail_channels=architecture.detail_channels,
        )
    channels = (architecture.autoencoder_channels,) * 4
    return LatentAutoencoderTiny(
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        latent_channels=architecture.latent_channels,
    )


def _build_unet(architecture: Architecture) -> UNet2DConditionModel:
    channels = architecture.unet_channels
    depth = len(channels)
    return UNet2DConditionModel(
        sample_size=architecture.latent_size,
        in_channels=2 * architecture.latent_channels,
        out_channels=architecture.latent_channels,
        block_out_channels=channels,
        layers_per_block=architecture.unet_layers,
        cross_attention_dim=architecture.width,
        attention_head_dim=tuple(max(1, width // 64) for width in channels),  # diffusers reads this as head counts
        norm_num_groups=min(32, *channels),
        # Attention at the finest level costs most and sees least.
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (depth - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (depth - 1) + ("UpBlock2D",),
    )


def _build_text_encoder(architecture: Architecture, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=architecture.width,
            intermediate_size=architecture.feed_forward,
            num_hidden_layers=architecture.text_layers,
            num_attention_heads=architecture.heads,
            max_position_embeddings=architecture.prompt_length,
            projection_dim=architecture.width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _build_image_encoder(architecture: Architecture) -> CLIPVisionModel:
    return CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=architecture.width,
            intermediate_size=architecture.feed_forward,
            num_hidden_layers=architecture.image_layers,
            num_attention_heads=architecture.heads,
            image_size=architecture.vision_size,
            patch_size=architecture.vision_patch,
            projection_dim=architecture.width,
        )
    )
