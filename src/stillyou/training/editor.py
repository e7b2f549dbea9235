"""The editor stage's data and task: from cached latents to batches, from components to a trainable module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from stillyou.diffusion.conditions import vision_pixels
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.training.cache import CacheRow, LatentCache
from stillyou.training.config import EditorSettings, EditWeights
from stillyou.training.norms import keep_precision
from stillyou.training.objective import EditorBatch, EditorObjective
from stillyou.training.stream import BatchStream, Draws, Pool, SampleDraws, stream_loader

GROUPS = ("expression", "costume", "other")
LABELS = (*GROUPS, "reconstruction")
"""What the log tells apart; reconstruction samples count there alone."""


@dataclass(frozen=True)
class Words:
    """Prompts and weights of the cache's rows, on the device.

    Attributes:
        token_ids: Each distinct prompt, (U, T).
        target: Row to its target prompt, (N,).
        source: Row to its source prompt, (N,).
        group: Row to its index in `GROUPS`, (N,).
        edit_weight: λ of each row, (N,).
    """

    token_ids: torch.Tensor
    target: torch.Tensor
    source: torch.Tensor
    group: torch.Tensor
    edit_weight: torch.Tensor


def encode_words(
    rows: Sequence[CacheRow],
    groups: Mapping[str, str],
    weights: EditWeights,
    tokenise: Callable[[Sequence[str]], torch.Tensor],
    device: torch.device,
) -> Words:
    """Tokenise each distinct prompt once.

    Args:
        rows: The cache's rows.
        groups: Group of each effect by id.
        weights: λ by group.
        tokenise: Prompts to ids (U, T).
        device: Where the tables go.
    """
    prompts = sorted({row.target_prompt for row in rows} | {row.source_prompt for row in rows})
    number = {prompt: index for index, prompt in enumerate(prompts)}
    group = [GROUPS.index(groups.get(row.effect, "other")) for row in rows]
    table = torch.tensor([getattr(weights, name) for name in GROUPS])
    index = torch.tensor(group)
    return Words(
        token_ids=tokenise(prompts).to(device),
        target=torch.tensor([number[row.target_prompt] for row in rows], device=device),
        source=torch.tensor([number[row.source_prompt] for row in rows], device=device),
        group=index.to(device),
        edit_weight=table[index].to(device),
    )


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


class EditorBatches:
    """Batches of the editor stage on a device.

    Args:
        cache: Encoded pairs.
        words: Their prompts and weights.
        draws: What to draw.
        batch: B over all processes.
        vision_size: Side of the image encoder's input.
        device: Where batches go.
        rank: Index of this process.
        world: Number of processes.
        workers: Loader processes.
    """

    def __init__(
        self,
        cache: LatentCache,
        words: Words,
        draws: SampleDraws,
        batch: int,
        vision_size: int,
        device: torch.device,
        *,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
    ) -> None:
        self._cache, self._words, self._draws, self._batch = cache, words, draws, batch
        self._vision_size, self._device = vision_size, device
        self._rank, self._world, self._workers = rank, world, workers

    def __call__(self, first_step: int) -> Iterator[EditorBatch]:
        """Yield batches from a step on."""
        stream = BatchStream(self._draws, self._batch, first_step, self._rank, self._world)
        for drawn in stream_loader(stream, workers=self._workers, pin=self._device.type == "cuda"):
            yield self.gather(drawn)

    def gather(self, drawn: Draws) -> EditorBatch:
        """Collect what the draws name."""
        device, words = self._device, self._words
        row, reconstruction, timestep = (
            tensor.to(device, non_blocking=True) for tensor in (drawn.row, drawn.reconstruction, drawn.timestep)
        )
        copy = drawn.copy.to(device, non_blocking=True)
        on_device = self._cache.source.device.type == device.type
        at = (row, copy) if on_device else (drawn.row, drawn.copy)
        source = self._cache.gather("source", *at, device).float()
        target = self._cache.gather("target", *at, device).float()
        vision = self._cache.gather("vision", *at, device).float() / 127.5 - 1
        prompt = torch.where(reconstruction, words.source[row], words.target[row])
        return EditorBatch(
            source=source,
            target=torch.where(reconstruction[:, None, None, None], source, target),
            vision=vision_pixels(vision, self._vision_size),
            token_ids=words.token_ids[prompt],
            branch=drawn.branch,
            timestep=timestep,
            noise=drawn.noise.to(device, non_blocking=True),
            edit_weight=words.edit_weight[row],
            group=torch.where(reconstruction, len(GROUPS), words.group[row]),
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
    size = pipeline.image_encoder.config.image_size
    scheduler: Any = pipeline.scheduler
    return EditorObjective(
        denoiser,
        scheduler.alphas_cumprod,
        pipeline.token_ids([""]),
        vision_pixels(torch.full((1, 3, size, size), -1.0), size),
        settings.edit_weights.threshold,
        scheduler.config.prediction_type,
    )
