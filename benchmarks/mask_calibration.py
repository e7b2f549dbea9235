"""Recall and area of the editing mask over its settings, on true masks: where the catalogue's values come from.

    python benchmarks/mask_calibration.py [-n 30] [--levels 0.5 0.7 0.9] [--model embedded]

Pairs are of the training styles, with seeds that neither training nor evaluation uses. Each level of the schedule costs
20 evaluations a pair; all other settings are then tried on the same maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch

from stillyou.config import MaskSettings
from stillyou.diffusion.mask import editing_mask, smooth, soft_map
from stillyou.diffusion.models import load_pipeline
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import estimate_soft_map
from stillyou.effects.catalogue import catalogue
from stillyou.evaluation.benchmark import cases
from stillyou.pairs.pair import Pair

SEED = 777
BATCH = 16
UNCLAMPED = 1000.0  # a ratio that no difference reaches: the map is then the difference over its mean
LEVELS = {"costume": (0.6, 0.7, 0.8, 1.0), "expression": (2.5, 3.0, 3.6, 4.0)}
"""Multiples of the mean difference that count as edited: ratio times threshold."""


def difference_maps(pipe: MultiConditionedPipeline, pairs: Sequence[Pair], level: float) -> torch.Tensor:
    """Return d over its mean for each pair, (N, 1, h, w)."""
    settings, maps = MaskSettings(encode_strength=level, ratio=UNCLAMPED, smooth=0), []
    for start in range(0, len(pairs), BATCH):
        chunk = pairs[start : start + BATCH]
        pixels = torch.from_numpy(np.stack([pair.source for pair in chunk])).permute(0, 3, 1, 2).float() / 127.5 - 1
        encoded = pipe.encode(pixels, [p.target_prompt for p in chunk], [p.source_prompt for p in chunk])
        with torch.inference_mode():
            soft = estimate_soft_map(pipe.denoiser, pipe.scheduler, encoded, settings, range(start, start + len(chunk)))
        maps.append(UNCLAMPED * soft.float().cpu())
    return torch.cat(maps)


def main() -> None:
    """Print a table for each effect group."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=30, help="pairs an effect")
    parser.add_argument("--levels", type=float, nargs="+", default=[0.5, 0.7, 0.9])
    parser.add_argument("--model", default="embedded")
    options = parser.parse_args()
    pipe = load_pipeline(options.model)
    print("group       level  multiple  passes  recall  area")
    for group, multiples in LEVELS.items():
        effects = [effect for effect in catalogue().values() if effect.group == group]
        pairs = [
            pair
            for effect in effects
            for pair in cases(effect, "unseen-characters", options.n, size=pipe.resolution, seed=SEED)
        ]
        truth = torch.from_numpy(np.stack([pair.mask for pair in pairs]))[:, None] > 0
        for level in options.levels:
            maps = difference_maps(pipe, pairs, level)
            for multiple in multiples:
                for passes in (0, 1, 2):
                    settings = MaskSettings(ratio=2 * multiple, threshold=0.5, smooth=passes, grow=0, feather=0.02)
                    soft = soft_map(smooth(maps, passes), settings.ratio)
                    marked = editing_mask(soft, (truth.shape[-2], truth.shape[-1]), settings) >= 0.5
                    hit = (marked & truth).sum((1, 2, 3)) / truth.sum((1, 2, 3)).clamp_min(1)
                    area = marked.sum() / truth.sum()
                    print(f"{group:<11} {level:5.2f}  {multiple:8.2f}  {passes:6}  {hit.mean():6.3f}  {area:4.2f}")


if __name__ == "__main__":
    main()
