"""The public entry to the model: a diffusers pipeline that edits batches of pictures at its own resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.diffusion.card import ModelCard, read_card, write_card
from stillyou.diffusion.conditions import vision_pixels
from stillyou.diffusion.mask import editing_mask, latent_mask
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.sampling import EncodedSource, Progress, estimate_soft_map, sample


@dataclass(frozen=True)
class Edits:
    """A batch of edits.

    Attributes:
        pixels: Edited pictures (B, 3, H, W) in [-1, 1], not yet composited with the source.
        mask: Editing masks (B, 1, H, W) in [0, 1]; exactly 0 where the source is to be kept.
        reconstruction: The autoencoder's own copy of the source (B, 3, H, W) in [-1, 1].
        evaluations: UNet evaluations an image.
    """

    pixels: torch.Tensor
    mask: torch.Tensor
    reconstruction: torch.Tensor
    evaluations: int


class MultiConditionedPipeline(DiffusionPipeline):
    """The Multi-Conditioned Diffusion Model (paper section 3.2) with automatic-mask editing (section 3.4).

    The same class serves the embedded model and Stable Diffusion sizes; only the components' configs differ.

    Args:
        vae: Autoencoder, tiny or KL.
        text_encoder: CLIP text model.
        tokenizer: Its tokenizer.
        image_encoder: CLIP vision model.
        adapter: `ImageAdapter`.
        unet: UNet with 2C input channels.
        scheduler: A diffusers scheduler.
    """

    model_cpu_offload_seq = "text_encoder->image_encoder->adapter->unet->vae"

    def __init__(
        self, vae: Any, text_encoder: Any, tokenizer: Any, image_encoder: Any, adapter: Any, unet: Any, scheduler: Any
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            image_encoder=image_encoder,
            adapter=adapter,
            unet=unet,
            scheduler=scheduler,
        )
        self.card = ModelCard(resolution=8 * int(unet.config.sample_size))

    @property
    def resolution(self) -> int:
        """Side of the square pictures that the model was trained on, in pixels."""
        return self.card.resolution

    @property
    def denoiser(self) -> Denoiser:
        """The trainable networks as one module (shares the components' weights)."""
        return Denoiser(self.unet, self.text_encoder, self.image_encoder, self.adapter)

    def token_ids(self, prompts: Sequence[str]) -> torch.Tensor:
        """Tokenise prompts to (B, T), padded and cut to the text encoder's length."""
        encoded = self.tokenizer(
            list(prompts),
            padding="max_length",
            truncation=True,
            max_length=self.text_encoder.config.max_position_embeddings,
            return_tensors="pt",
        )
        ids: torch.Tensor = encoded.input_ids
        return ids

    @torch.inference_mode()
    def encode(self, pixels: torch.Tensor, prompts: Sequence[str], source_prompts: Sequence[str]) -> EncodedSource:
        """Encode sources and prompts once for a batch of edits; pixels are (B, 3, H, W) in [-1, 1]."""
        device, denoiser = self._execution_device, self.denoiser
        pixels = pixels.to(device)
        latents = to_latents(self.vae, pixels)
        size = self.image_encoder.config.image_size
        black = vision_pixels(torch.full_like(pixels[:1], -1.0), size)
        text = denoiser.text_tokens(self.token_ids([*prompts, *source_prompts, ""]).to(device))
        nulls = denoiser.null_tokens(self.token_ids([""]).to(device), black, latents)
        return EncodedSource(
            latents=latents,
            image_tokens=denoiser.image_tokens(vision_pixels(pixels, size), latents),
            target_tokens=text[: len(prompts)],
            source_tokens=text[len(prompts) : -1],
            nulls=nulls,
        )

    @torch.inference_mode()
    def edit(
        self,
        pixels: torch.Tensor,
        prompts: Sequence[str],
        source_prompts: Sequence[str],
        *,
        guidance: GuidanceScales,
        mask_settings: MaskSettings,
        seeds: Sequence[int],
        steps: int = 20,
        strength: float = 1.0,
        mask: torch.Tensor | None = None,
        progress: Progress | None = None,
    ) -> Edits:
        """Edit a batch.

        Args:
            pixels: Sources (B, 3, H, W) in [-1, 1]; H and W multiples of 16.
            prompts: Target prompts, one a source.
            source_prompts: Source prompts, one a source.
            guidance: Scales of the three guidance terms.
            mask_settings: How the editing mask is estimated and used.
            seeds: One a source; the same seed gives the same noise in any batch.
            steps: Scheduler steps.
            strength: In (0, 1], see `sampling.sample`.
            mask: A mask to use instead of the estimated one, (B, 1, H, W) in [0, 1].
            progress: Called with (steps done, steps).

        Returns:
            Pictures, masks and reconstructions at the sources' size.
        """
        encoded = self.encode(pixels, prompts, source_prompts)
        denoiser, evaluations = self.denoiser, 0
        if mask is None:
            soft = estimate_soft_map(denoiser, self.scheduler, encoded, mask_settings, seeds)
            mask = editing_mask(soft, (pixels.shape[-2], pixels.shape[-1]), mask_settings)
            evaluations += 2 * mask_settings.maps
        mask = mask.to(encoded.latents)
        latents, used = sample(
            denoiser,
            self.scheduler,
            encoded,
            guidance=guidance,
            seeds=seeds,
            steps=steps,
            strength=strength,
            mask=latent_mask(mask, (encoded.latents.shape[-2], encoded.latents.shape[-1])),
            strategy=mask_settings.strategy,
            progress=progress,
        )
        return Edits(
            pixels=to_pixels(self.vae, latents),
            mask=mask,
            reconstruction=to_pixels(self.vae, encoded.latents),
            evaluations=evaluations + used,
        )

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> None:
        """Write the plain diffusers folder (safetensors) and the card."""
        super().save_pretrained(save_directory, **options)
        # A model loaded from the int8 form says so in its card; what is written here is the plain layout.
        write_card(Path(save_directory), self.card.model_copy(update={"storage": "diffusers"}))

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> MultiConditionedPipeline:
        """Load a diffusers folder; see `models.load_pipeline` for names, hub ids and the compact form."""
        pipeline: MultiConditionedPipeline = super().from_pretrained(str(folder), **options)
        card = read_card(Path(folder))
        if card is not None:
            pipeline.card = card
        return pipeline
