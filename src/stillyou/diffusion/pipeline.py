"""The public entry to the model: a diffusers pipeline that edits batches of pictures at its own resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from stillyou.config import MaskSettings, SamplingSettings
from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.diffusion.card import ModelCard, forget_places, read_card, write_card
from stillyou.diffusion.checksums import write_checksums
from stillyou.diffusion.conditions import EncodedSource, NullTokens, black_vision, null_tokens, vision_pixels
from stillyou.diffusion.details import NEAR_DRAFT
from stillyou.diffusion.finishing import Seen, finish
from stillyou.diffusion.lora import LoraMixin
from stillyou.diffusion.mask import editing_mask, latent_mask
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.sampling import Progress, StepEnd, estimate_soft_map, sample
from stillyou.diffusion.speed.attention import ordinary_attention
from stillyou.diffusion.speed.memory import explain_exhaustion
from stillyou.diffusion.speed.precision import check_denoised, safely
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.diffusion.speed.tokens import TokenCache
from stillyou.effects.spec import Prompts

Callback = Callable[["MultiConditionedPipeline", int, torch.Tensor, dict[str, Any]], dict[str, Any]]
"""As diffusers has it: called after a step with (pipeline, step, timestep, {"latents": ...}); may return others."""


@dataclass(frozen=True)
class Edits:
    """A batch of edits.

    Attributes:
        pixels: Edited pictures (B, 3, H, W) in [-1, 1], not yet composited with the source.
        mask: Editing masks (B, 1, H, W) in [0, 1]; exactly 0 where the source is to be kept.
        reconstruction: The autoencoder's own copy of the source (B, 3, H, W) in [-1, 1].
        evaluations: UNet evaluations an image.
        notes: What a person should know about how it went.
    """

    pixels: torch.Tensor
    mask: torch.Tensor
    reconstruction: torch.Tensor
    evaluations: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Masks:
    """Editing masks without edits.

    Attributes:
        mask: (B, 1, H, W) in [0, 1].
        evaluations: UNet evaluations an image.
        notes: What a person should know about how it went.
    """

    mask: torch.Tensor
    evaluations: int
    notes: tuple[str, ...] = ()


class MultiConditionedPipeline(DiffusionPipeline, LoraMixin):
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

    Attributes:
        card: What the model was trained for.
        speed: Which steps of an edit may be cheaper; `models.place.speed_up` sets it.
        tokens: Tokens kept between edits; None keeps none, for networks that are being trained.
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
        self.speed = SpeedSettings()
        self.tokens: TokenCache | None = None

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
    def encode(self, pixels: torch.Tensor, prompts: Sequence[Prompts], notes: list[str] | None = None) -> EncodedSource:
        """Encode sources and prompts once for a batch of edits.

        Args:
            pixels: Sources (B, 3, H, W) in [-1, 1].
            prompts: Target and source prompt of each source.
            notes: Gets a line for each network that had to run in fp32.
        """
        notes = [] if notes is None else notes
        denoiser, tokens = self.denoiser, self.tokens or TokenCache()
        pixels = pixels.to(self._execution_device)
        seeing = [self.image_encoder, self.adapter]
        latents = self._latents(pixels, notes)
        vision = vision_pixels(pixels, self.image_encoder.config.image_size)
        image = safely("the image encoder", seeing, lambda: denoiser.image_tokens(vision, latents), notes)
        nulls = self._nulls(tokens, latents, notes)
        return EncodedSource(
            latents=latents,
            image_tokens=image,
            target_tokens=self._text(tokens, [p.target for p in prompts], notes),
            source_tokens=self._text(tokens, [p.source for p in prompts], notes),
            nulls=nulls,
        )

    def _latents(self, pixels: torch.Tensor, notes: list[str]) -> torch.Tensor:
        """Return the latents (B, C, h, w) of pictures (B, 3, H, W) in [-1, 1]."""
        return safely("the autoencoder", [self.vae], lambda: to_latents(self.vae, pixels), notes)

    def _text(self, tokens: TokenCache, prompts: Sequence[str], notes: list[str]) -> torch.Tensor:
        """Return the text tokens of prompts (B, T, d)."""
        device, networks = self._execution_device, [self.text_encoder]

        def encode(prompt: str) -> torch.Tensor:
            ids = self.token_ids([prompt]).to(device)
            return safely("the text encoder", networks, lambda: self.denoiser.text_tokens(ids), notes)

        return torch.cat([tokens.get(p, networks, device, lambda p=p: encode(p)) for p in prompts])  # type: ignore[misc]

    def _nulls(self, tokens: TokenCache, latents: torch.Tensor, notes: list[str]) -> NullTokens:
        """Return the tokens of absent conditions, kept ones where there are any."""
        seeing, device = [self.image_encoder, self.adapter], latents.device

        def see(black: torch.Tensor, zeros: torch.Tensor) -> torch.Tensor:
            made = partial(self.denoiser.image_tokens, black, zeros)
            return tokens.get(tuple(zeros.shape), seeing, device, made)

        black = black_vision(self.image_encoder.config.image_size, device)
        return null_tokens(see, black, self._text(tokens, [""], notes), latents)

    def edit(
        self,
        pixels: torch.Tensor,
        prompts: Sequence[Prompts],
        settings: SamplingSettings,
        seeds: Sequence[int],
        *,
        draft: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        progress: Progress | None = None,
        callback_on_step_end: Callback | None = None,
    ) -> Edits:
        """Edit a batch.

        Args:
            pixels: Sources (B, 3, H, W) in [-1, 1]; H and W multiples of 16.
            prompts: Target and source prompt of each source.
            settings: Guidance, mask, steps and strength, the same for the batch.
            seeds: One a source; the same seed gives the same noise in any batch.
            draft: Pictures (B, 3, H, W) in [-1, 1] to start from instead of noise; see `settings.refine`.
            mask: A mask to use instead of the estimated one, (B, 1, H, W) in [0, 1].
            progress: Called with (steps done, steps).
            callback_on_step_end: As diffusers' pipelines take it; may replace the latents.

        Returns:
            Pictures, masks and reconstructions (of the drafts, where there are any) at the sources' size.

        Raises:
            StillYouError: The GPU's memory ran out, or fp16 is too narrow for the UNet.
        """
        notes: list[str] = []
        try:
            with torch.inference_mode():
                encoded = self.encode(pixels, prompts, notes)
                mask, mapped = self._mask(encoded, mask, settings.mask, seeds)
                if draft is not None:
                    encoded = replace(encoded, draft=self._latents(draft.to(encoded.latents.device), notes))
                latents, sampled = sample(
                    self.denoiser,
                    self.scheduler,
                    encoded.weaker(settings.prompt_strength),  # the mask is that of the whole effect
                    settings,
                    seeds,
                    mask=latent_mask(mask, (encoded.latents.shape[-2], encoded.latents.shape[-1])),
                    speed=self.speed,
                    on_step_end=self._step_end(callback_on_step_end, progress),
                )
                check_denoised(self.unet, latents)
                begun = Seen(pixels, encoded.latents) if draft is None else Seen(draft, encoded.origin, NEAR_DRAFT)
                edit, copy = safely("the autoencoder", [self.vae], lambda: finish(self.vae, latents, begun), notes)
                edits = Edits(edit, mask, copy, mapped + sampled, tuple(notes))
        except torch.cuda.OutOfMemoryError as error:
            raise explain_exhaustion(len(pixels)) from error
        self.maybe_free_model_hooks()
        return edits

    __call__ = edit

    def estimate_mask(
        self, pixels: torch.Tensor, prompts: Sequence[Prompts], settings: MaskSettings, seeds: Sequence[int]
    ) -> Masks:
        """Estimate the editing masks of a batch, and edit nothing; arguments and errors are those of `edit`."""
        notes: list[str] = []
        try:
            with torch.inference_mode():
                mask, evaluations = self._mask(self.encode(pixels, prompts, notes), None, settings, seeds)
        except torch.cuda.OutOfMemoryError as error:
            raise explain_exhaustion(len(pixels)) from error
        self.maybe_free_model_hooks()
        return Masks(mask, evaluations, tuple(notes))

    def _mask(
        self, encoded: EncodedSource, mask: torch.Tensor | None, settings: MaskSettings, seeds: Sequence[int]
    ) -> tuple[torch.Tensor, int]:
        """Return the editing masks at the sources' size, and the evaluations an image that they took."""
        if mask is not None:
            return mask.to(encoded.latents), 0
        soft = estimate_soft_map(self.denoiser, self.scheduler, encoded, settings, seeds)
        height, width = (8 * side for side in encoded.latents.shape[-2:])
        return editing_mask(soft, (height, width), settings).to(encoded.latents), 2 * settings.maps

    def _step_end(self, callback: Callback | None, progress: Progress | None) -> StepEnd:
        """Return what `sample` calls after a step: diffusers' kind of callback first, then the progress."""

        def after(done: int, steps: int, t: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
            if callback is not None:
                latents = callback(self, done - 1, t, {"latents": latents}).get("latents", latents)
            if progress is not None:
                progress(done, steps)
            return latents

        return after

    def decode(self, latents: torch.Tensor, notes: list[str] | None = None) -> torch.Tensor:
        """Decode latents (B, C, h, w), without details, to pixels (B, 3, H, W) in [-1, 1]; notes: see `encode`."""
        notes = [] if notes is None else notes
        return safely("the autoencoder", [self.vae], lambda: to_pixels(self.vae, latents), notes)

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> None:
        """Write the plain diffusers folder (safetensors), the card and the checksums; options are diffusers'."""
        push, repository = options.pop("push_to_hub", False), options.pop("repo_id", None)
        with ordinary_attention(self.unet):
            super().save_pretrained(save_directory, **options)
        # A model loaded from the int8 form says so in its card; what is written here is the plain layout.
        write_card(Path(save_directory), self.card.model_copy(update={"storage": "diffusers"}))
        forget_places(Path(save_directory))
        write_checksums(Path(save_directory))
        if push:  # not before everything is there
            self.push_to_hub(repository or Path(save_directory).name)

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> MultiConditionedPipeline:
        """Load a diffusers folder; see `models.load_pipeline` for names, hub ids and the compact form."""
        pipeline: MultiConditionedPipeline = super().from_pretrained(str(folder), **options)
        card = read_card(Path(folder))
        if card is not None:
            pipeline.card = card
        return pipeline
