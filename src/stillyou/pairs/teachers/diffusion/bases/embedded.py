"""A model of stillyou's own as base: its `text` branch was trained, which makes it a text-to-image model.

Branches: `none` and `text`, and with shared appearance also `image`, each as it was trained. Source latents are absent
in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.diffusion.conditions import Branch as Present
from stillyou.diffusion.conditions import Conditions, NullTokens, apply_branches, black_vision, vision_pixels
from stillyou.diffusion.schedule import make_scheduler
from stillyou.effects.conditions import Conditions as Settings
from stillyou.effects.domains import Domain
from stillyou.effects.spec import Prompts
from stillyou.pairs.teachers.conditioning.attention import AttentionState, install
from stillyou.pairs.teachers.conditioning.base import Family
from stillyou.pairs.teachers.conditioning.inputs import Branch, Branches, Inputs

if TYPE_CHECKING:
    from stillyou.diffusion.pipeline import MultiConditionedPipeline
    from stillyou.pairs.teachers.conditioning.protocol import Job


class EmbeddedBase:
    """A `MultiConditionedPipeline` as text-to-image model; see `conditioning.base.Base`.

    Args:
        pipeline: The model, as it is on disk.
        domain: What its pictures are to show.
    """

    family: Family = "embedded"

    def __init__(self, pipeline: MultiConditionedPipeline, domain: Domain) -> None:
        self.pipeline, self.domain = pipeline, domain
        self.licence = pipeline.card.licence
        self.side = pipeline.resolution
        cells = self.side // 8
        self.latent_shape = (int(pipeline.unet.config.out_channels), cells, cells)
        sampler = pipeline.card.sampler
        self.scheduler = make_scheduler(sampler, pipeline.scheduler) if sampler else pipeline.scheduler
        self.attention = AttentionState()
        self._denoiser = pipeline.denoiser
        install(pipeline.unet, self.attention)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.pipeline.device

    depth = None

    def load_for(self, conditions: Settings) -> None:
        """Load nothing: all that this base can do is in it."""

    @torch.inference_mode()
    def branches(self, prompts: Sequence[str], guidance: float) -> Branches:
        """Return the branches `none` and `text`."""
        text = self._text(prompts)
        nulls = self._nulls()
        absent = nulls.image.expand(len(text), -1, -1)
        none, prompted = (self._branch(absent, text, kind, nulls) for kind in (Present.NONE, Present.TEXT))
        return Branch(none, 1 - guidance, False), Branch(prompted, guidance, True)

    @torch.inference_mode()
    def with_looks(self, branches: Branches, pixels: torch.Tensor, scale: float) -> Branches:
        """Add the branch `image`: e + scale (e(image) - e(none))."""
        vision = vision_pixels(pixels, self.pipeline.image_encoder.config.image_size)
        tokens = self._denoiser.image_tokens(vision, self.encode(pixels))
        nulls = self._nulls()
        seen = self._branch(tokens, nulls.text.expand(len(tokens), -1, -1), Present.IMAGE, nulls)
        none, prompted = branches
        return Branch(none.inputs, none.weight - scale, False), prompted, Branch(seen, scale, False)

    def token_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the prompts' tokens, padded."""
        ids: list[list[int]] = self.pipeline.token_ids(prompts).tolist()
        return ids

    @torch.inference_mode()
    def predict(self, z: torch.Tensor, t: torch.Tensor, inputs: Inputs) -> torch.Tensor:
        """Call the UNet without source latents."""
        return self._denoiser.predict(z, t, Conditions(torch.zeros_like(z), inputs.tokens))

    @torch.inference_mode()
    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Encode pixels; see `to_latents`."""
        return to_latents(self.pipeline.vae, pixels)

    @torch.inference_mode()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Decode latents; see `to_pixels`."""
        return to_pixels(self.pipeline.vae, z)

    @torch.inference_mode()
    def editing_masks(self, job: Job) -> torch.Tensor:
        """Return what the model itself, as an editor, would change of a job's sources (B, 1, H, W) in [0, 1]."""
        from stillyou.images.tensors import to_pixels as pixels_of

        settings = job.effect.defaults(self.domain).mask
        words = [Prompts(*job.effect.for_domain(self.domain).prompts().__dict__.values())] * len(job.seeds)
        pixels = pixels_of(list(job.pictures)).to(self.device)
        return self.pipeline.estimate_mask(pixels, words, settings, job.seeds).mask

    def _text(self, prompts: Sequence[str]) -> torch.Tensor:
        return self._denoiser.text_tokens(self.pipeline.token_ids(prompts).to(self.device))

    def _nulls(self) -> NullTokens:
        ids = self.pipeline.token_ids([""]).to(self.device)
        black = black_vision(self.pipeline.image_encoder.config.image_size, self.device)
        return self._denoiser.null_tokens(ids, black, torch.zeros(1, *self.latent_shape, device=self.device))

    def _branch(self, image: torch.Tensor, text: torch.Tensor, kind: Present, nulls: NullTokens) -> Inputs:
        count = len(text)
        source: Any = torch.zeros(count, *self.latent_shape, device=self.device)
        return Inputs(apply_branches(source, image, text, [kind] * count, nulls).tokens)
