"""What the denoiser itself draws for pairs: targets, noised to some level and drawn anew.

A decoder that has only seen pictures' own latents shows what is wrong with drawn ones. So it learns from these, too:
true pixels beside the latents that a sampler ends with. They are drawn once and kept in a file.

Half of them stand for edits from noise: targets noised to the upper part of the schedule, where little of them is
left, with the sources' details. The other half stand for refined drafts: lower levels, and the targets' own details.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from stillyou.config import UNGUIDED, GuidanceScales, SamplingSettings
from stillyou.diffusion.autoencoder import to_details, to_latents
from stillyou.diffusion.details import NEAR_DRAFT, PATCH, kept
from stillyou.diffusion.finishing import Seen
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import sample
from stillyou.draws import generator
from stillyou.effects.designs import without_design
from stillyou.effects.spec import Prompts
from stillyou.errors import StillYouError
from stillyou.files import atomic_path
from stillyou.images.tensors import to_signed
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.autoencoder.crops import corner
from stillyou.training.config import TrainingConfig
from stillyou.training.data.frames import load_masked
from stillyou.training.data.held_out import held_back
from stillyou.training.device import fast_precision

_REFINED, _DRAWN = (0.15, 0.6), (0.6, 1.0)
"""Shares of the schedule that targets are noised to."""
_STEPS = (3, 5)
_AT_A_TIME = 8
_HELD_BACK: int = TrainingConfig.model_fields["held_back"].default


@dataclass(frozen=True)
class Answers:
    """Drawn pairs.

    Attributes:
        latents: As drawn, unit variance (M, C, h, w) fp16.
        details: Of what drawing began with, where they are still true (M, C', h, w) fp16.
        targets: True pixels (M, 3, 8h, 8w) uint8.
        masks: True masks (M, 8h, 8w) bool.
    """

    latents: torch.Tensor
    details: torch.Tensor
    targets: torch.Tensor
    masks: torch.Tensor


class DrawnBatch(NamedTuple):
    """Crops of answers.

    Attributes:
        latents: (B, C, h, w).
        details: (B, C', h, w).
        pixels: True ones (B, 3, 8h, 8w) in [-1, 1].
        weight: Of pixels (B, 1, 8h, 8w), 1 on average.
        noise: Standard normal, for pixels (B, 3, 8h, 8w).
    """

    latents: torch.Tensor
    details: torch.Tensor
    pixels: torch.Tensor
    weight: torch.Tensor
    noise: torch.Tensor


def draw_answers(
    pipeline: MultiConditionedPipeline, folders: Sequence[Path], count: int, seed: int, tell: Callable[[int], None]
) -> Answers:
    """Let a model draw pairs of datasets, as many of each.

    Args:
        pipeline: The model, on its device; its autoencoder has details.
        folders: Pair datasets.
        count: How many in all.
        seed: Which pairs, levels and noise follow from it.
        tell: Called with the number of pairs that are done.
    """
    drawn: list[tuple[torch.Tensor, ...]] = []
    for data in (PairDataset(folder) for folder in folders):
        words = list(data.rows(("key", "effect", "source_prompt", "target_prompt")))
        for rows in _chosen([row["key"] for row in words], -(-count // len(folders)), seed):
            pictures, masks = load_masked(data, rows, pipeline.resolution)
            prompts = [_prompts(words[row], named=pipeline.card.named_designs) for row in rows]
            drawn.append((*_draw(pipeline, pictures, prompts, (seed, len(drawn))), pictures[1::2], masks))
            tell(sum(len(part[0]) for part in drawn))
    return Answers(*(torch.cat(parts)[:count] for parts in zip(*drawn, strict=True)))


def _chosen(keys: Sequence[str], count: int, seed: int) -> Iterator[list[int]]:
    """Yield batches of rows that are not held back, of a dataset with these keys."""
    rest = np.setdiff1d(np.arange(len(keys)), held_back(keys, seed, _HELD_BACK))
    rows = np.sort(generator(seed, "answers").permutation(rest)[:count])
    for first in range(0, len(rows), _AT_A_TIME):
        yield [int(row) for row in rows[first : first + _AT_A_TIME]]


def _prompts(words: Mapping[str, str], *, named: bool) -> Prompts:
    """Return the prompts of a pair, without the design where the model was never told of any."""
    target = words["target_prompt"]
    return Prompts(words["source_prompt"], target if named else without_design(words["effect"], target))


@torch.no_grad()
def _draw(
    pipeline: MultiConditionedPipeline, pictures: torch.Tensor, prompts: Sequence[Prompts], key: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw a batch; returns latents and details that are still true."""
    rng, device = generator(*key, "answers"), pipeline.device
    guidance, refined = GuidanceScales() if rng.random() < 0.3 else UNGUIDED, bool(rng.random() < 0.5)
    level = float(rng.uniform(*(_REFINED if refined else _DRAWN)))
    settings = SamplingSettings(guidance=guidance, steps=int(rng.integers(_STEPS[0], _STEPS[1] + 1)), refine=level)
    seeds = [int(seed) for seed in rng.integers(2**31, size=len(prompts))]
    with fast_precision(device):
        source, target = (to_signed(pictures[which::2].to(device)) for which in (0, 1))
        encoded = pipeline.encode(source, prompts)
        encoded = replace(encoded, draft=to_latents(pipeline.vae, target))
        latents, _ = sample(pipeline.denoiser, pipeline.scheduler, encoded, settings, seeds)
        begun = Seen(target, encoded.origin, NEAR_DRAFT) if refined else Seen(source, encoded.latents)
        d = to_details(pipeline.vae, begun.pixels, begun.latents)
    assert d is not None, "an autoencoder of one layer"
    return latents.half().cpu(), kept(d, latents, begun.latents, begun.near).half().cpu()


def save_answers(path: Path, answers: Answers) -> None:
    """Write answers whole or not at all."""
    with atomic_path(path) as part:
        save_file({**vars(answers), "masks": answers.masks.to(torch.uint8)}, part)


def load_answers(path: Path) -> Answers:
    """Read what `save_answers` wrote.

    Raises:
        StillYouError: It is damaged.
    """
    try:
        found = load_file(path)
        return Answers(found["latents"], found["details"], found["targets"], found["masks"].bool())
    except (OSError, KeyError, SafetensorError) as error:
        raise StillYouError(f"{path} is damaged", "Delete it; the same command makes it again.") from error


class DrawnCrops:
    """Crops of answers around the pixels that edits change, each from (seed, position) alone.

    Args:
        answers: What to cut out of.
        seed: Of the run.
        side: Of a crop in pixels, a multiple of 8.
        edit_weight: λ: masked pixels weigh 1 + λ, the others 1, divided by their mean.
        device: Where crops go.
    """

    def __init__(self, answers: Answers, seed: int, side: int, edit_weight: float, device: torch.device) -> None:
        self._answers, self._seed, self._side = answers, seed, side
        self._edit_weight, self._device = edit_weight, device

    def batch(self, positions: Sequence[int]) -> DrawnBatch:
        """Cut the crops at some positions."""
        crops = (torch.stack(parts) for parts in zip(*map(self._crop, positions), strict=True))
        latents, details, pixels, masks, noise = (part.to(self._device) for part in crops)
        weight = 1 + self._edit_weight * masks[:, None].float()
        weight = weight / weight.mean(dim=(1, 2, 3), keepdim=True)
        return DrawnBatch(latents.float(), details.float(), to_signed(pixels), weight, noise)

    def _crop(self, position: int) -> tuple[torch.Tensor, ...]:
        rng, found = generator(self._seed, "drawn crop", position), self._answers
        row = int(rng.integers(len(found.latents)))
        top, left = (PATCH * (at // PATCH) for at in corner(found.masks[row], rng.random(3).tolist(), self._side))
        ends, places = (top + self._side, left + self._side), (top // PATCH, left // PATCH)
        fine = (..., slice(top, ends[0]), slice(left, ends[1]))
        coarse = (..., slice(places[0], ends[0] // PATCH), slice(places[1], ends[1] // PATCH))
        cut = (found.latents[row][coarse], found.details[row][coarse], found.targets[row][fine], found.masks[row][fine])
        return *cut, torch.from_numpy(rng.standard_normal((3, self._side, self._side), dtype=np.float32))
