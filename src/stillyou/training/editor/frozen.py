"""Training around frozen encoders, as Stable Diffusion's: what they say is cached, and they leave the device.

Cached with each copy of a pair, in fp16:

    source, target            mean of the posterior latents (N, K, C, h, w), unit variance
    source_std, target_std    its deviation, where latents are sampled
    hidden                    the image encoder's hidden states of the source (N, K, N', d')

and once: `text` (U + 1, T, d), the tokens of all prompts and, last, of the empty one; `black` (1, N', d'), the hidden
states of a black picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from stillyou.diffusion.autoencoder import to_posterior
from stillyou.diffusion.conditions import Conditions, apply_branches, between, black_vision, null_tokens, vision_pixels
from stillyou.diffusion.lora import add_lora
from stillyou.diffusion.network import call_unet
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.training.config import EditorSettings
from stillyou.training.data.cache import LatentCache
from stillyou.training.data.pair_encoder import CacheRow, CacheSettings, augmented, pairs_at_a_time, weights_digest
from stillyou.training.data.stream import Draws
from stillyou.training.editor.norms import keep_precision
from stillyou.training.editor.objective import DiffusionLoss, LatentBatch
from stillyou.training.editor.task import Batches, distinct_prompts

ENCODERS = ("vae", "text_encoder", "image_encoder")
_PROMPTS_AT_A_TIME = 64


@dataclass(frozen=True)
class FrozenEncoder:
    """Encodes pairs once for good; see the module for what it keeps.

    Attributes:
        pipeline: Its encoders in fp32, on the device where pictures are encoded.
        settings: Seed and sizes.
        posterior: Whether deviations are kept for sampling.
    """

    pipeline: MultiConditionedPipeline
    settings: CacheSettings
    posterior: bool

    @property
    def at_a_time(self) -> int:
        """Pairs encoded at a time: autoencoders of Stable Diffusion's size take a gigabyte for a picture of 512 px."""
        return pairs_at_a_time(self.settings.resolution, torch.device("cpu"))

    def identity(self) -> list[object]:
        """Return what the arrays depend on."""
        tokens = self.pipeline.token_ids([""]).tolist()
        digests = [weights_digest(getattr(self.pipeline, name)) for name in ENCODERS]
        return [digests, tokens, vars(self.settings), self.posterior]

    @torch.no_grad()
    def encode(self, frames: torch.Tensor, rows: Sequence[CacheRow], copy: int) -> dict[str, torch.Tensor]:
        """Encode one copy of a batch of pairs; see `cache.PairEncoder`."""
        frames = augmented(frames, rows, copy, self.settings.seed)
        mean, std = to_posterior(self.pipeline.vae, frames.flatten(0, 1))
        seen = vision_pixels(frames[:, 0], self.settings.vision_size)
        arrays = {"source": mean[0::2], "target": mean[1::2], "hidden": self._hidden(seen)}
        if self.posterior:
            arrays |= {"source_std": std[0::2], "target_std": std[1::2]}
        return {name: values.half() for name, values in arrays.items()}

    @torch.no_grad()
    def constants(self, rows: Sequence[CacheRow]) -> dict[str, torch.Tensor]:
        """Encode all prompts, the empty one and a black picture."""
        device = self.pipeline.text_encoder.device
        ids = self.pipeline.token_ids([*distinct_prompts(rows), ""]).to(device)
        text = [self.pipeline.denoiser.text_tokens(part).half() for part in torch.split(ids, _PROMPTS_AT_A_TIME)]
        black = self._hidden(black_vision(self.settings.vision_size, device))
        return {"text": torch.cat(text), "black": black.half()}

    def _hidden(self, vision: torch.Tensor) -> torch.Tensor:
        """Encode what CLIP sees (B, 3, s, s) to its hidden states (B, N', d')."""
        hidden: torch.Tensor = self.pipeline.image_encoder(vision).last_hidden_state
        return hidden


@dataclass(frozen=True)
class FrozenBatch(LatentBatch):
    """A batch for frozen encoders.

    Attributes:
        hidden: The image encoder's hidden states of the sources (B, N, d').
        text: Text tokens (B, T, d).
    """

    hidden: torch.Tensor
    text: torch.Tensor


class FrozenBatches(Batches[FrozenBatch]):
    """Batches from a cache of `FrozenEncoder`; arguments as for `Batches`."""

    def gather(self, drawn: Draws, at: Draws) -> FrozenBatch:
        """Collect what the draws name."""
        source, target = (self._latents(name, index, drawn, at) for index, name in enumerate(("source", "target")))
        prompt, common = self.common(drawn, source, target)
        text = self._words.table[prompt].float()
        if common.prompt_strength is not None:
            text = between(self._words.table[self._words.source[drawn.row]].float(), text, common.prompt_strength)
        return FrozenBatch(**vars(common), hidden=self.pick("hidden", at), text=text)

    def _latents(self, name: str, index: int, drawn: Draws, at: Draws) -> torch.Tensor:
        mean = self.pick(name, at)
        if f"{name}_std" not in self._cache.arrays:
            return mean
        return mean + self.pick(f"{name}_std", at) * drawn.posterior[:, index]


class FrozenObjective(DiffusionLoss[FrozenBatch]):
    """UNet, adapter and loss.

    Args:
        pipeline: Its UNet and adapter are trained.
        black: Hidden states of a black picture (1, N, d').
        empty: Text tokens of the empty prompt (1, T, d).
        settings: Loss.
    """

    def __init__(
        self, pipeline: MultiConditionedPipeline, black: torch.Tensor, empty: torch.Tensor, settings: EditorSettings
    ) -> None:
        scheduler: Any = pipeline.scheduler
        super().__init__(
            scheduler.alphas_cumprod,
            settings.edit_weights.threshold,
            scheduler.config.prediction_type,
            settings.min_snr,
        )
        self.unet, self.adapter = pipeline.unet, pipeline.adapter
        self.black: torch.Tensor
        self.empty: torch.Tensor
        self.register_buffer("black", black.float(), persistent=False)
        self.register_buffer("empty", empty.float(), persistent=False)

    def conditions(self, batch: FrozenBatch) -> Conditions:
        """Mix image tokens, and drop what the branches lack."""
        nulls = null_tokens(self.adapter, self.black, self.empty, batch.source)
        image = self.adapter(batch.hidden, batch.source)
        return apply_branches(batch.source, image, batch.text, batch.branch, nulls)

    def denoise(self, z_t: torch.Tensor, timestep: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Return the UNet's prediction; see `DiffusionLoss.denoise`."""
        return call_unet(self.unet, z_t, timestep, conditions)


def frozen_objective(
    pipeline: MultiConditionedPipeline, settings: EditorSettings, cache: LatentCache, seed: int, dtype: torch.dtype
) -> FrozenObjective:
    """Make UNet and adapter trainable, or updates of the UNet, and put the loss around them.

    Args:
        pipeline: In fp32.
        settings: What is trained and how.
        cache: For the tokens of absent conditions.
        seed: Of fresh low-rank updates.
        dtype: Precision of weights that are not trained.
    """
    for name in ENCODERS:
        getattr(pipeline, name).eval().requires_grad_(False)
    unet = prepare_unet(pipeline.unet, settings, seed, dtype)
    keep_precision(unet)
    if settings.channels_last:
        unet.to(memory_format=torch.channels_last)
    pipeline.adapter.float().requires_grad_(True)
    objective = FrozenObjective(pipeline, cache.constants["black"], cache.constants["text"][-1:], settings)
    if settings.compile:
        unet.compile()
    return objective


def prepare_unet(unet: Any, settings: EditorSettings, seed: int, dtype: torch.dtype) -> Any:
    """Make a UNet trainable in place: whole, or by low-rank updates over frozen weights of another precision."""
    if settings.lora is None:
        unet.float().requires_grad_(True)
    else:
        nn.Module.to(unet, dtype)  # diffusers' own method warns of a list that is empty
        add_lora(unet, settings.lora.rank, settings.lora.alpha or float(settings.lora.rank), seed)
    if settings.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    return unet
