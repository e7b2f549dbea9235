"""Three-way classifier-free guidance (docs/reference/model.md, Guidance): the formulas."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import Branch

SHARED_BRANCHES = (Branch.NONE, Branch.IMAGE, Branch.IMAGE_SOURCE)
"""The branches shared by the target's and the source's prompt, in the order of a batch; `full` follows."""


def guide(
    e_none: torch.Tensor,
    e_image: torch.Tensor,
    e_image_source: torch.Tensor,
    e_full: torch.Tensor,
    g: GuidanceScales,
) -> torch.Tensor:
    """Combine the four branches' predictions, each (B, C, h, w).

    e = e(none) + g_image (e(image) - e(none)) + g_source (e(image+source) - e(image))
        + g_text (e(full) - e(image+source))
    """
    return (
        e_none
        + g.image * (e_image - e_none)
        + g.source * (e_image_source - e_image)
        + g.text * (e_full - e_image_source)
    )


def guide_rows(predictions: torch.Tensor, g: GuidanceScales, order: Sequence[Branch]) -> torch.Tensor:
    """Combine a batch of predictions (4B, C, h, w), in blocks of the branches in `order`, to (B, C, h, w)."""
    e = dict(zip(order, predictions.chunk(len(order)), strict=True))
    return guide(e[Branch.NONE], e[Branch.IMAGE], e[Branch.IMAGE_SOURCE], e[Branch.FULL], g)


def needed_branches(g: GuidanceScales) -> tuple[Branch, ...]:
    """Return which of `SHARED_BRANCHES` have a weight other than 0 in `guide`.

    e = (1 - g_image) e(none) + (g_image - g_source) e(image) + (g_source - g_text) e(image+source) + g_text e(full)
    """
    weights = (1 - g.image, g.image - g.source, g.source - g.text)
    return tuple(branch for branch, weight in zip(SHARED_BRANCHES, weights, strict=True) if weight != 0)


def blend_prompts(e_target: torch.Tensor, e_source_prompt: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mix the `full` predictions of two prompts: 1 = target prompt, 0 = source prompt.

    With the editing mask as weight this is mask-guided inference (paper section 3.4): all other guidance terms are
    shared, so mixing the `full` predictions equals mixing the guided ones.
    """
    return e_source_prompt + weight * (e_target - e_source_prompt)
