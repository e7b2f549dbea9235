"""The editing mask from the model's own predictions (paper section 3.4; docs/reference/model.md, The editing mask).

    d   = mean over maps and channels of |e(full, target prompt) - e(full, source prompt)|    at one noise level
    d   <- d smoothed by a small binomial kernel                                               ours: no lone specks
    s   = min(d, ratio * mean(d)) / (ratio * mean(d))                                          soft map, per image
    m   = feather(grow(s > threshold))                                                         editing mask

In the difference all guidance terms but the two `full` predictions cancel, and the text scale cancels in the ratio, so
a map costs two evaluations. `ratio`, `threshold`, `grow` and `feather` are calibrated on true masks, an effect group
each: the published clamp alone marks nearly everything once an edit is large.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from stillyou.config import MaskSettings


def difference_map(e_target: torch.Tensor, e_source_prompt: torch.Tensor) -> torch.Tensor:
    """Return d.

    Args:
        e_target: Predictions with the target prompt (maps, B, C, h, w).
        e_source_prompt: Predictions with the source prompt, same noise (maps, B, C, h, w).

    Returns:
        Mean absolute difference (B, 1, h, w).
    """
    return (e_target - e_source_prompt).abs().mean(dim=(0, 2))[:, None]


def smooth(d: torch.Tensor, passes: int) -> torch.Tensor:
    """Blur a map (B, 1, h, w) by a 3x3 binomial kernel, `passes` times."""
    row = d.new_tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(row, row)[None, None]
    for _ in range(passes):
        d = functional.conv2d(functional.pad(d, (1,) * 4, mode="replicate"), kernel)
    return d


def soft_map(d: torch.Tensor, ratio: float) -> torch.Tensor:
    """Return s in [0, 1], (B, 1, h, w); each image is scaled by its own mean. A map of zeros stays zeros."""
    ceiling = ratio * d.mean(dim=(1, 2, 3), keepdim=True)
    return torch.minimum(d, ceiling) / ceiling.clamp_min(torch.finfo(d.dtype).tiny)


def editing_mask(s: torch.Tensor, size: tuple[int, int], settings: MaskSettings) -> torch.Tensor:
    """Turn a soft map into the mask that guides and composites.

    Args:
        s: Soft map (B, 1, h, w) in [0, 1].
        size: Height and width of the result, in pixels.
        settings: Threshold, growth and feathering; the last two as fractions of the longer side.

    Returns:
        (B, 1, H, W) in [0, 1]: 1 on the grown region, falling to exactly 0 over the feather outside it.
    """
    fine = functional.interpolate(s, size=size, mode="bicubic", align_corners=False)
    core = (fine > settings.threshold).float()
    side = max(size)
    grown = grow(core, round(settings.grow * side))
    return feather(grown, round(settings.feather * side))


def grow(mask: torch.Tensor, radius: int) -> torch.Tensor:
    """Dilate (B, 1, H, W) by a disc of `radius` pixels."""
    if radius <= 0:
        return mask
    return (_reach(mask, radius) > 0.5).float()


def feather(mask: torch.Tensor, width: int) -> torch.Tensor:
    """Let a binary mask fall to 0 over `width` pixels outside its border; inside it stays 1."""
    if width <= 0:
        return mask
    soft = functional.avg_pool2d(
        functional.pad(grow(mask, width // 2), (width // 2,) * 4, mode="replicate"), 2 * (width // 2) + 1, stride=1
    )
    return torch.maximum(mask, soft * (_reach(mask, width) > 0.5))


def _reach(mask: torch.Tensor, radius: int) -> torch.Tensor:
    """Return 1 where a disc of `radius` around a pixel meets the mask.

    A disc is the union of an octagon's two squares closely enough: a square maximum and a diamond maximum, the latter
    as repeated 3x3 crosses, would cost more than it shows.
    """
    inner = max(1, round(radius / 2**0.5))
    square = functional.max_pool2d(mask, 2 * inner + 1, stride=1, padding=inner)
    rows = functional.max_pool2d(mask, (2 * radius + 1, 1), stride=1, padding=(radius, 0))
    columns = functional.max_pool2d(mask, (1, 2 * radius + 1), stride=1, padding=(0, radius))
    return torch.maximum(square, torch.maximum(rows, columns))


def latent_mask(mask: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Reduce a mask (B, 1, H, W) to latent size: a latent is free to change if any of its pixels is."""
    return functional.adaptive_max_pool2d(mask, size)
