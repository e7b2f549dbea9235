"""Figures of one answer by region: inside the true mask, around it, and outside of both.

`around` is a band of 1/32 of the side along the mask's outer border: edits spill there first. Inside, answers are
compared with the target; around and outside, where source and target are one, with the source.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from stillyou import metrics
from stillyou.evaluation.comparison.similarity import Map, similarity
from stillyou.evaluation.figures import Answer, Failed, Figures
from stillyou.metrics import Picture, Region
from stillyou.pairs.pair import Pair

BAND = 1 / 32
"""Width of the band around the true mask, in shares of the picture's side."""
REGIONS = ("inside", "around", "outside")
KINDS = ("error", "psnr", "ssim", "structure_distance")
NAMES = tuple(f"{region}_{kind}" for region in REGIONS for kind in KINDS)
PRESERVATION = "preservation"
"""Mean SSIM to the source over all that is not inside: 1 = nothing else has changed."""


def regions(mask: Picture) -> dict[str, Region]:
    """Return the three regions of a true mask uint8 (N, N), each (N, N) bool; together they are everything."""
    inside = metrics.marked(mask)
    if not inside.any():
        return {"inside": inside, "around": inside, "outside": ~inside}
    near = ndimage.distance_transform_edt(~inside) <= BAND * max(mask.shape)
    return {"inside": inside, "around": near & ~inside, "outside": ~near}


def by_region(answer: Answer | Failed, pair: Pair) -> Figures:
    """Measure an answer in each region, `REGION_KIND`, and its `preservation`; nothing has a value if it failed.

    Errors are mean absolute differences in 8-bit levels, PSNRs decibels (at most 100), SSIM at most 1, structure
    distances from 0 (`similarity`).
    """
    if isinstance(answer, Failed):
        return dict.fromkeys((*NAMES, PRESERVATION))
    values: dict[str, float | None] = {}
    places = regions(pair.mask)
    to_target, to_source = similarity(answer.edit, pair.target), similarity(answer.edit, pair.source)
    for name, region in places.items():
        reference, found = (pair.target, to_target) if name == "inside" else (pair.source, to_source)
        values[f"{name}_error"] = metrics.mean_absolute_error(answer.edit, reference, region)
        values[f"{name}_psnr"] = metrics.psnr(answer.edit, reference, region)
        values[f"{name}_ssim"] = _mean(found.ssim, region)
        values[f"{name}_structure_distance"] = _mean(1 - found.structure, region)
    values[PRESERVATION] = _mean(to_source.ssim, ~places["inside"])
    return values


def _mean(values: Map, region: Region) -> float | None:
    return float(np.mean(values[region])) if region.any() else None
