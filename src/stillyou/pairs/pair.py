"""What a pair is: a portrait before and after one effect, with the true mask of the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stillyou.effects.domains import Domain

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3) RGB, 0 to 255."""
Mask = npt.NDArray[np.uint8]
"""(H, W), 255 where the edit may change the picture, 0 where it must not."""
Attribute = str | int | float
REFUSED = "refused"
"""The attribute by which a teacher refuses a candidate of its own, with the reason."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Source, target and true mask, with the prompts and the provenance.

    The invariant of every pair: ``source == target`` wherever ``mask == 0``, exactly, degradations included.

    Attributes:
        source: (H, W, 3) uint8 RGB, the portrait before the edit.
        target: (H, W, 3) uint8 RGB, the portrait after it.
        mask: (H, W) uint8, 0 or 255.
        source_prompt: Text for the source.
        target_prompt: Text for the target.
        effect: Id of the effect.
        teacher: Name of the teacher that made the pair.
        seed: Seed the teacher made it from (0 to 2**63 - 1); with the effect it fixes every pixel.
        attributes: What the teacher drew, for example ``style`` and ``source_expression``.
        domain: What the pictures show; None where nobody has said, as of imported pairs.
    """

    source: Pixels
    target: Pixels
    mask: Mask
    source_prompt: str
    target_prompt: str
    effect: str
    teacher: str
    seed: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    domain: Domain | None = None

    def problem(self) -> str:
        """Return what breaks the invariants, in a few words, or an empty string."""
        height_width = self.source.shape[:2]
        if self.source.dtype != np.uint8 or self.source.shape != (*height_width, 3):
            return f"the source is {self.source.dtype} {self.source.shape}, not uint8 (H, W, 3)"
        if self.target.dtype != np.uint8 or self.target.shape != self.source.shape:
            return f"the target is {self.target.dtype} {self.target.shape}, the source {self.source.shape}"
        if self.mask.dtype != np.uint8 or self.mask.shape != height_width:
            return f"the mask is {self.mask.dtype} {self.mask.shape}, not uint8 {height_width}"
        if ((self.mask != 0) & (self.mask != 255)).any():
            return "the mask holds other values than 0 and 255"
        if ((self.source != self.target) & (self.mask == 0)[..., None]).any():
            return "source and target differ outside the mask"
        return ""
