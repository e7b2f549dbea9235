"""Training of the curation scorer on pair datasets of the studios."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stillyou.console import console
from stillyou.errors import UsageError
from stillyou.pairs.curation.shows.network import ScorerConfig, ScorerNetwork, ShowsScorer, to_scorer_pixels
from stillyou.pairs.dataset.store import PairDataset

_HELD_BACK = 16
"""One pair in so many is not learnt from."""
_BATCH = 64
_SMOOTHING = 0.05


@dataclass(frozen=True, eq=False)
class Pictures:
    """Labelled pictures: (N, R, R, 3) uint8, and numbers of their expressions and costumes (N,); -1 is unknown."""

    pictures: NDArray[np.uint8]
    expressions: NDArray[np.int64]
    costumes: NDArray[np.int64]


def gather(folders: Sequence[Path], config: ScorerConfig, held_back: bool) -> Pictures:
    """Read sources and targets of the accepted pairs, or of those that are held back.

    Raises:
        UsageError: A dataset without a studio's labels, or too few pairs.
    """
    found: list[tuple[NDArray[np.uint8], int, int]] = []
    for folder in folders:
        data = PairDataset(folder)
        for index in range(len(data)):
            if (index // len(data.meta.effects) % _HELD_BACK == 0) != held_back:
                continue
            pair = data.load(index)
            if "target_expression" not in pair.attributes:
                raise UsageError(f"pairs of '{pair.teacher}' in {folder} have no labels", "Name a studio's pairs.")
            for side, picture in (("source", pair.source), ("target", pair.target)):
                names = (pair.attributes[f"{side}_expression"], pair.attributes.get(f"{side}_costume", "none"))
                kinds = (config.expressions, config.costumes)
                labels = [kind.index(str(n)) if n in kind else -1 for n, kind in zip(names, kinds, strict=True)]
                found.append((_reduced(picture, config.resolution), labels[0], labels[1]))
    if not found:
        which = "held back" if held_back else "learnt from"
        raise UsageError(f"no accepted pair can be {which}", f"Make more than {_HELD_BACK} candidates an effect.")
    pictures, expressions, costumes = zip(*found, strict=True)
    return Pictures(np.stack(pictures), np.array(expressions), np.array(costumes))


def _reduced(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    pixels = to_scorer_pixels(torch.from_numpy(picture[None]), side)[0]
    return np.asarray(((pixels + 1) * 127.5).round().clamp(0, 255).permute(1, 2, 0).to(torch.uint8).numpy())


def train(folders: Sequence[Path], config: ScorerConfig, *, minutes: float, steps: int, seed: int) -> ShowsScorer:
    """Train a scorer.

    Args:
        folders: A studio's datasets.
        config: Its sizes and classes.
        minutes: Time for learning, at most.
        steps: Batches of 64, at most; the learning rate falls over whichever ends first.
        seed: Of weights and batches.
    """
    learnt, tested = (gather(folders, config, held_back) for held_back in (False, True))
    torch.manual_seed(seed)
    network = ScorerNetwork(config).train()
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.02)
    draws, begun, step = np.random.default_rng(seed), time.monotonic(), 0
    while step < steps and (spent := (time.monotonic() - begun) / 60) < minutes:
        done = max(step / steps, spent / minutes)
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * done))
        loss = _loss(network, learnt, draws)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step += 1
        if step % 100 == 0:
            console.print(f"step {step}: loss {float(loss.detach()):.3f}", markup=False)
    network.eval().requires_grad_(False)
    accuracy = _accuracy(network, tested)
    training = {"pictures": len(learnt.pictures), "held_back": len(tested.pictures), "steps": step, "seed": seed}
    return ShowsScorer(config.model_copy(update={"accuracy": accuracy, "training": training}), network)


def _loss(network: ScorerNetwork, data: Pictures, draws: np.random.Generator) -> Tensor:
    chosen = draws.integers(len(data.pictures), size=_BATCH)
    pixels = _augmented(torch.from_numpy(data.pictures[chosen]), draws)
    heads = network(pixels)
    labels = (torch.from_numpy(part[chosen]) for part in (data.expressions, data.costumes))
    losses = [
        functional.cross_entropy(logits, label, ignore_index=-1, label_smoothing=_SMOOTHING)
        for logits, label in zip(heads, labels, strict=True)
    ]
    return losses[0] + losses[1]


def _augmented(pictures: Tensor, draws: np.random.Generator) -> Tensor:
    """Mirror, move, enlarge, blur and relight pictures (B, R, R, 3) uint8; returns (B, 3, R, R) in [-1, 1]."""
    pixels = to_scorer_pixels(pictures, pictures.shape[1])
    count = len(pixels)
    scale = np.exp(draws.uniform(-0.2, 0.15, count)) * np.where(draws.random(count) < 0.5, -1, 1)
    move = np.zeros((count, 2, 3), np.float32)
    move[:, 0, 0], move[:, 1, 1] = scale, np.abs(scale)
    move[:, :, 2] = draws.uniform(-0.12, 0.12, (count, 2))
    grid = functional.affine_grid(torch.from_numpy(move), list(pixels.shape), align_corners=False)
    pixels = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    if draws.random() < 0.3:
        pixels = functional.avg_pool2d(pixels, 3, 1, 1, count_include_pad=False)
    light = torch.from_numpy(draws.uniform(0.75, 1.25, (count, 3, 1, 1)).astype(np.float32))
    return (pixels * light + float(draws.uniform(-0.15, 0.15))).clamp(-1, 1)


def _accuracy(network: ScorerNetwork, data: Pictures) -> dict[str, float]:
    """Return the share of pictures that each head names rightly."""
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(data.pictures), 256)
        heads = [network(to_scorer_pixels(part, part.shape[1])) for part in parts]
    found = {}
    for place, (name, labels) in enumerate((("expression", data.expressions), ("costume", data.costumes))):
        said = torch.cat([each[place] for each in heads]).argmax(1).numpy()
        known = labels >= 0
        found[name] = round(float((said == labels)[known].mean()), 4)
    return found
