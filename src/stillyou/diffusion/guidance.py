"""Three-way classifier-free guidance (docs/reference/model.md, Guidance), and its cheaper late form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from stillyou.config import UNGUIDED, GuidanceScales
from stillyou.diffusion.conditions import Branch, Conditions

SHARED_BRANCHES = (Branch.NONE, Branch.IMAGE, Branch.IMAGE_SOURCE)
"""The branches shared by the target's and the source's prompt, in the order of a batch; `full` follows."""

Predict = Callable[[torch.Tensor, torch.Tensor, Conditions], torch.Tensor]
"""`Denoiser.predict` or a stand-in."""


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


def blend_prompts(e_target: torch.Tensor, e_source_prompt: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mix the `full` predictions of two prompts: 1 = target prompt, 0 = source prompt.

    With the editing mask as weight this is mask-guided inference (paper section 3.4): all other guidance terms are
    shared, so mixing the `full` predictions equals mixing the guided ones.
    """
    return e_source_prompt + weight * (e_target - e_source_prompt)


class GuidedPrediction:
    """The guided prediction of each step of one batch; counts what it costs.

    Late steps may evaluate the `full` predictions alone and add what guidance added at the last guided step:
    e = e(full) + (e - e(full)) of that step. Guidance settles the composition early; later its direction changes
    little (adaptive guidance, Castillo et al. 2023, arXiv 2312.12487, drops it there).

    With all scales at 1 the terms cancel, e = e(full), and nothing else is evaluated.

    Args:
        predict: The denoiser's.
        shared: Conditions of `SHARED_BRANCHES`, stacked.
        full: Conditions of `full` with the target prompt and, if there is a weight, with the source prompt, stacked.
        guidance: Scales of the three terms.
        weight: Of the target prompt (B, 1, h, w), see `blend_prompts`; None is the target prompt alone.
    """

    def __init__(
        self,
        predict: Predict,
        shared: Conditions,
        full: Conditions,
        guidance: GuidanceScales,
        weight: torch.Tensor | None = None,
    ) -> None:
        self.predict = predict
        self.unguided = guidance == UNGUIDED
        self.all = full if self.unguided else Conditions.stack([shared, full])
        self.full = full
        self.guidance = guidance
        self.weight = weight
        self.evaluations = 0
        self._added: torch.Tensor | None = None

    def __call__(self, z: torch.Tensor, t: torch.Tensor, *, late: bool = False) -> torch.Tensor:
        """Return e (B, C, h, w) for latents as the network sees them; `late` needs an earlier guided step."""
        added = self._added if late else None
        conditions = self.all if added is None else self.full
        count = len(conditions.tokens) // len(z)
        predictions = self.predict(z.repeat(count, 1, 1, 1), t, conditions).chunk(count)
        self.evaluations += count
        e_full = predictions[-1]
        if self.weight is not None:
            e_full = blend_prompts(predictions[-2], predictions[-1], self.weight)
        if self.unguided:
            return e_full
        if added is not None:
            return e_full + added
        e_none, e_image, e_image_source = predictions[:3]
        e = guide(e_none, e_image, e_image_source, e_full, self.guidance)
        self._added = e - e_full
        return e
