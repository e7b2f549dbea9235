"""Shared appearance: the target reads image tokens of the source (IP-Adapter, arXiv 2308.06721)."""

from __future__ import annotations

from dataclasses import dataclass

from stillyou.effects.conditions import AppearanceSettings
from stillyou.images.tensors import to_pixels
from stillyou.pairs.teachers.conditioning.inputs import Branches
from stillyou.pairs.teachers.conditioning.protocol import Condition, Job


@dataclass(frozen=True)
class SharedAppearance(Condition):
    """Image tokens of the source, beside the prompt's."""

    settings: AppearanceSettings

    def eased(self, hold: float) -> SharedAppearance:
        """Weigh less."""
        scale = self.settings.scale * max(hold, 0.01)
        return SharedAppearance(self.settings.model_copy(update={"scale": scale}))

    def inputs(self, job: Job, branches: Branches) -> Branches:
        """Let the branches read the sources."""
        pixels = to_pixels(list(job.pictures)).to(job.base.device)
        return job.base.with_looks(branches, pixels, self.settings.scale)
