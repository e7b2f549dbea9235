"""Three-way classifier-free guidance (paper section 3.3; docs/model.md, Guidance)."""

from __future__ import annotations

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import Branch

GUIDANCE_BRANCHES = (Branch.NONE, Branch.IMAGE, Branch.IMAGE_SOURCE)
"""The branches shared by the target's and the source's prompt, in the order of a batch; `full` follows."""


def guide(
    e_none: torch.Tensor, e_image: torch.Tensor, e_source: torch.Tensor, e_full: torch.Tensor, g: GuidanceScales
) -> torch.Tensor:
    """Combine the four branches' predictions, each (B, C, h, w).

    e = e(none) + g_image (e(image) - e(none)) + g_source (e(image+source) - e(image))
        + g_text (e(full) - e(image+source))
    """
    return e_none + g.image * (e_image - e_none) + g.source * (e_source - e_image) + g.text * (e_full - e_source)


def blend_prompts(e_target: torch.Tensor, e_source_prompt: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mix the `full` predictions of two prompts: 1 = target prompt, 0 = source prompt.

    With the editing mask as weight this is mask-guided inference (paper section 3.4): all other guidance terms are
    shared, so mixing the `full` predictions equals mixing the guided ones.
    """
    return e_source_prompt + weight * (e_target - e_source_prompt)
