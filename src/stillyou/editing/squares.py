"""Squares of the model's own resolution through the model: what to ask, and the answer as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings, validate
from stillyou.diffusion.card import ModelCard
from stillyou.editing.effect_lookup import resolve_effect
from stillyou.editing.options import as_guidance, check_options
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import StillYouError
from stillyou.images.picture import Pixels

Progress = Callable[[int, int], None]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """One kind of edit: everything about it but the picture and the seed."""

    effect: EffectSpec
    prompts: Prompts
    guidance: GuidanceScales
    mask: MaskSettings
    strength: float
    """What the sampler gets: the user's strength times the effect's default."""
    steps: int

    def for_domain(self, domain: Domain) -> Plan:
        """Return the plan with the effect's defaults for a domain, where the user has not asked for others."""
        plain, tuned = self.effect.defaults(), self.effect.defaults(domain)
        kept = {name: value for name, value in self.mask if value != getattr(plain.mask, name)}
        guidance = tuned.guidance if self.guidance == plain.guidance else self.guidance
        return replace(self, guidance=guidance, mask=tuned.mask.model_copy(update=kept))

    @property
    def batch_key(self) -> tuple[GuidanceScales, MaskSettings, float, int]:
        """Plans with equal keys differ in their prompts alone and may share a batch."""
        return self.guidance, self.mask, self.strength, self.steps


@dataclass(frozen=True)
class Answer:
    """The model's answer for one square.

    Attributes:
        edit: (side, side, 3) in 0..255, sRGB.
        reconstruction: The model's copy of the source, likewise.
        mask: Editing mask (side, side) in [0, 1].
        evaluations: UNet evaluations that it took.
        notes: What a person should know about how it went.
    """

    edit: Plane
    reconstruction: Plane
    mask: Plane
    evaluations: int
    notes: tuple[str, ...] = ()


def plan_edit(
    effect: str | Path | EffectSpec,
    card: ModelCard,
    model: str,
    *,
    strength: float,
    steps: int,
    guidance: GuidanceScales | Sequence[float] | None,
    variables: Mapping[str, str] | None,
    mask_strategy: str | None,
) -> Plan:
    """Put an effect's defaults and a user's options together; see `Editor.edit` for the arguments.

    Raises:
        UsageError: A wrong option, or an effect that the model was not trained for.
    """
    check_options(strength, 0, steps)
    spec = resolve_effect(effect, card, model)
    defaults = spec.defaults()
    settings = defaults.mask
    if mask_strategy is not None:
        settings = validate(MaskSettings, {**settings.model_dump(), "strategy": mask_strategy}, "mask settings")
    return Plan(
        effect=spec,
        prompts=spec.prompts(variables or {}),
        guidance=defaults.guidance if guidance is None else as_guidance(guidance),
        mask=settings,
        strength=float(strength) * defaults.strength,
        steps=int(steps),
    )


def ask(
    pipeline: Any,
    plans: Sequence[Plan],
    squares: Sequence[Pixels],
    seeds: Sequence[int],
    *,
    mask: Plane | None = None,
    progress: Progress | None = None,
) -> list[Answer]:
    """Run the model on one batch.

    Args:
        pipeline: A `MultiConditionedPipeline`.
        plans: One a square, all with the same `Plan.batch_key`.
        squares: uint8 (side, side, 3) each, sRGB.
        seeds: One a square.
        mask: A mask (side, side) in [0, 1] to use instead of estimated ones.
        progress: Called with (steps done, steps).

    Raises:
        StillYouError: The answer holds numbers that are not finite: the weights are damaged.
    """
    first = plans[0]
    pixels = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 127.5 - 1
    edits = pipeline.edit(
        pixels,
        [plan.prompts for plan in plans],
        SamplingSettings(guidance=first.guidance, mask=first.mask, steps=first.steps, strength=first.strength),
        [int(seed) for seed in seeds],
        mask=None if mask is None else torch.from_numpy(mask)[None, None].repeat(len(plans), 1, 1, 1),
        progress=progress,
    )
    if not all(bool(part.isfinite().all()) for part in (edits.pixels, edits.reconstruction, edits.mask)):
        raise StillYouError(
            "the model answers with numbers that are not finite", "Its weights are damaged: run stillyou models verify."
        )
    edit, reconstruction = _levels(edits.pixels), _levels(edits.reconstruction)
    masks = edits.mask.float().cpu().clamp(0, 1).numpy()[:, 0]
    told = tuple(getattr(edits, "notes", ()))
    return [Answer(edit[i], reconstruction[i], masks[i], int(edits.evaluations), told) for i in range(len(plans))]


def batches(plans: Sequence[Plan]) -> list[list[int]]:
    """Group the indices of plans that may share a batch, in order of first appearance."""
    groups: dict[object, list[int]] = {}
    for index, plan in enumerate(plans):
        groups.setdefault(repr(plan.batch_key), []).append(index)
    return list(groups.values())


def _levels(pixels: torch.Tensor) -> Plane:
    """Turn (B, 3, H, W) in [-1, 1] into (B, H, W, 3) in 0..255."""
    levels: Plane = ((pixels.float().cpu().clamp(-1, 1) + 1) * 127.5).permute(0, 2, 3, 1).numpy()
    return levels
