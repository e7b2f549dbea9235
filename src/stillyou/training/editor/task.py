"""The editor stage's data and task: from cached latents to batches, from components to a trainable module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.conditions import black_vision, vision_pixels
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.images.tensors import to_signed
from stillyou.training.config import EditorSettings, EditWeights
from stillyou.training.data.cache import LatentCache
from stillyou.training.data.pair_encoder import CacheRow
from stillyou.training.data.stream import WHOLE, Draws, Pool, SampleDraws, Share, drawn_batches
from stillyou.training.editor.norms import keep_precision
from stillyou.training.editor.objective import EditorBatch, EditorObjective, LatentBatch

GROUPS = ("expression", "costume", "other")
LABELS = (*GROUPS, "reconstruction")
"""What the log tells apart; reconstruction samples count there alone."""


@dataclass(frozen=True)
class Words:
    """Prompts and weights of the cache's rows, on the device.

    Attributes:
        table: A row a distinct prompt: token ids (U, T), or tokens (U, T, d) where the text encoder is frozen.
        target: Row to its target prompt, (N,).
        source: Row to its source prompt, (N,).
        group: Row to its index in `GROUPS`, (N,).
        edit_weight: λ of each row, (N,).
        strength: How far each row's tokens are on the way from the source prompt's to the target prompt's, (N,); None:
            all the way.
    """

    table: torch.Tensor
    target: torch.Tensor
    source: torch.Tensor
    group: torch.Tensor
    edit_weight: torch.Tensor
    strength: torch.Tensor | None = None


def encode_words(
    rows: Sequence[CacheRow],
    groups: Mapping[str, str],
    weights: EditWeights,
    tokenise: Callable[[Sequence[str]], torch.Tensor],
    device: torch.device,
    strengths: Sequence[float] | None = None,
) -> Words:
    """Turn each distinct prompt into a row of a table, once.

    Args:
        rows: The cache's rows.
        groups: Group of each effect by id.
        weights: λ by group.
        tokenise: Prompts to the table's rows.
        device: Where the tables go.
        strengths: Of each row, where training tells them apart.
    """
    prompts = distinct_prompts(rows)
    number = {prompt: index for index, prompt in enumerate(prompts)}
    group = [GROUPS.index(groups.get(row.effect, "other")) for row in rows]
    table = torch.tensor([getattr(weights, name) for name in GROUPS])
    index = torch.tensor(group)
    return Words(
        table=tokenise(prompts).to(device),
        target=torch.tensor([number[row.target_prompt] for row in rows], device=device),
        source=torch.tensor([number[row.source_prompt] for row in rows], device=device),
        group=index.to(device),
        edit_weight=table[index].to(device),
        strength=None if strengths is None else torch.tensor(strengths, device=device),
    )


def spoken(
    pipeline: MultiConditionedPipeline,
    cache: LatentCache,
    specs: Mapping[str, EffectSpec],
    settings: EditorSettings,
    device: torch.device,
    strengths: Sequence[float] | None,
) -> Words:
    """Return the words of a cache's rows, in tokens where the text encoder is frozen.

    Args:
        pipeline: Its tokeniser is used.
        cache: Encoded pairs.
        specs: Effects by id, for their groups.
        settings: Weights by group, and whether the encoders are frozen.
        device: Where the tables go.
        strengths: Of each row; None where training does not tell them apart.
    """
    groups = {name: spec.group for name, spec in specs.items()}
    tokenise = (lambda prompts: cache.constants["text"][:-1]) if settings.frozen_encoders else pipeline.token_ids
    return encode_words(cache.rows, groups, settings.edit_weights, tokenise, device, strengths)


def distinct_prompts(rows: Sequence[CacheRow]) -> list[str]:
    """Return each prompt of the rows once, sorted."""
    return sorted({row.target_prompt for row in rows} | {row.source_prompt for row in rows})


def pools(rows: Sequence[CacheRow], shares: Sequence[float], excluded: Sequence[int]) -> list[Pool]:
    """Group rows by dataset and effect; effects of one dataset share its part of the samples evenly.

    Args:
        rows: The cache's rows.
        shares: Part of the samples that each dataset gets, by `CacheRow.origin`.
        excluded: Rows that are held back.
    """
    hidden = set(excluded)
    members: dict[tuple[int, str], list[int]] = {}
    for index, row in enumerate(rows):
        if index not in hidden:
            members.setdefault((row.origin, row.effect), []).append(index)
    effects = [sum(1 for origin, _ in members if origin == number) for number in range(len(shares))]
    return [
        Pool(np.asarray(indices, dtype=np.int64), shares[origin] / effects[origin])
        for (origin, _), indices in members.items()
    ]


Made = TypeVar("Made", bound=LatentBatch)


class Batches(Generic[Made]):
    """Batches of the editor stage on a device.

    Args:
        cache: Encoded pairs.
        words: Their prompts and weights.
        draws: What to draw.
        batch: B over all processes.
        device: Where batches go.
        share: What this process does of them.
    """

    def __init__(
        self,
        cache: LatentCache,
        words: Words,
        draws: SampleDraws,
        batch: int,
        device: torch.device,
        share: Share = WHOLE,
    ) -> None:
        self._cache, self._words, self._draws, self._batch = cache, words, draws, batch
        self._device, self._share = device, share

    def __call__(self, first_step: int) -> Iterator[Made]:
        """Yield batches from a step on."""
        for drawn in drawn_batches(self._draws, self._batch, first_step, self._share, self._device):
            # Branches, earlier timesteps and drafts stay on the CPU, where they choose rows.
            moved = Draws(*(tensor.to(self._device, non_blocking=True) for tensor in drawn))._replace(
                branch=drawn.branch, earlier=drawn.earlier, drafted=drawn.drafted
            )
            yield self.gather(moved, moved if self._cache.source.device.type == self._device.type else drawn)

    def gather(self, drawn: Draws, at: Draws) -> Made:
        """Collect what the draws name.

        Args:
            drawn: On the device, but for branches, earlier timesteps and drafts.
            at: The same where the cache lies.
        """
        raise NotImplementedError

    def pick(self, name: str, at: Draws) -> torch.Tensor:
        """Return an array's entries for a batch, on the device, as floats."""
        return self._cache.gather(name, at.row, at.copy, self._device).float()

    def common(
        self, drawn: Draws, source: torch.Tensor, target: torch.Tensor, draft: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, LatentBatch]:
        """Return the prompts' rows in the table, and what all kinds of batches hold, from the pictures' latents."""
        words, row, reconstruction = self._words, drawn.row, drawn.reconstruction
        wanted = torch.where(reconstruction[:, None, None, None], source, target)
        drafted = drawn.drafted.to(wanted.device, non_blocking=True)[:, None, None, None]
        return torch.where(reconstruction, words.source[row], words.target[row]), LatentBatch(
            source=source,
            target=wanted,
            begun=wanted if draft is None else torch.where(drafted, draft, wanted),
            drafted=drawn.drafted,
            branch=drawn.branch,
            timestep=drawn.timestep,
            noise=drawn.noise,
            earlier=drawn.earlier,
            edit_weight=words.edit_weight[row],
            group=torch.where(reconstruction, len(GROUPS), words.group[row]),
            prompt_strength=None if words.strength is None else words.strength[row, None, None],
        )


class EditorBatches(Batches[EditorBatch]):
    """Batches for encoders that are trained.

    Args:
        vision_size: Side of the image encoder's input.
        arguments: As for `Batches`.
        options: As for `Batches`.
    """

    def __init__(self, vision_size: int, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._vision_size = vision_size

    def gather(self, drawn: Draws, at: Draws) -> EditorBatch:
        """Collect what the draws name."""
        draft = self.pick("draft", at) if drawn.drafted.any() else None
        prompt, common = self.common(drawn, self.pick("source", at), self.pick("target", at), draft)
        vision = to_signed(self.pick("vision", at))
        return EditorBatch(
            **vars(common),
            vision=vision_pixels(vision, self._vision_size),
            token_ids=self._words.table[prompt],
            source_ids=self._words.table[self._words.source[drawn.row]],
        )


def editor_objective(pipeline: MultiConditionedPipeline, settings: EditorSettings) -> EditorObjective:
    """Make the pipeline's networks trainable and put the loss around them.

    The image encoder's last normalisation serves CLIP's pooled output alone, which nothing here reads, and is left out.
    """
    denoiser: Denoiser = pipeline.denoiser.float().requires_grad_(True)
    for name, parameter in denoiser.named_parameters():
        if "post_layernorm" in name:
            parameter.requires_grad_(False)
    keep_precision(denoiser)  # with it, the plain memory format is the faster one
    if settings.compile:
        denoiser.unet.compile()
    size = pipeline.image_encoder.config.image_size
    scheduler: Any = pipeline.scheduler
    return EditorObjective(
        denoiser,
        scheduler.alphas_cumprod,
        pipeline.token_ids([""]),
        black_vision(size),
        settings.edit_weights.threshold,
        scheduler.config.prediction_type,
        settings.min_snr,
        grey_latents(pipeline) if settings.released_nulls else None,
    )


@torch.no_grad()
def grey_latents(pipeline: MultiConditionedPipeline) -> torch.Tensor:
    """Return the latents of a mid-grey picture at the pipeline's size, (1, C, h, w)."""
    side, weights = pipeline.resolution, next(pipeline.vae.parameters())
    return to_latents(pipeline.vae, torch.zeros(1, 3, side, side).to(weights)).float()
