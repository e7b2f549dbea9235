"""The released demo as an edit: squashed, no crop, no composite (docs/official.md)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PIL import Image

from stillyou.editing.effect_lookup import default_subject
from stillyou.editing.report import CropReport, EditReport, changes
from stillyou.editing.squares import Plan, Progress
from stillyou.images import Picture


def edit_official(
    pipeline: Any,
    plan: Plan,
    picture: Picture,
    *,
    model: str,
    seed: int,
    with_mask: bool,
    progress: Progress | None,
) -> tuple[Picture, Image.Image, EditReport]:
    """Edit a picture as the released demo does.

    Args:
        pipeline: A `MultiConditionedPipeline` with an `AutoencoderKL`.
        plan: Prompts, scales and steps.
        picture: The upright picture; transparency is dropped, as the demo drops it.
        model: How the user named it.
        seed: Of all random numbers, see `diffusion.official.demo`.
        with_mask: Whether the released mask functions take part.
        progress: Called with (steps done, steps).

    Returns:
        The result at the model's resolution, its mask (white without `with_mask`: the whole picture is the model's),
        and the report.
    """
    from stillyou.diffusion.official.demo import (
        DemoSettings,
        edit_as_released,
        make_draws,
        official_resolution,
        squash,
    )
    from stillyou.diffusion.official.mask import ReleasedMask

    started, side = time.perf_counter(), official_resolution(pipeline)
    square = squash(Image.fromarray(picture.rgb), side)
    edit = edit_as_released(
        pipeline,
        square,
        plan.prompts,
        DemoSettings(plan.guidance, plan.steps, ReleasedMask() if with_mask else None),
        draws=make_draws(pipeline, seed),
        progress=progress,
    )
    whole = np.full((side, side), 255, np.uint8)
    area, inside, _ = changes(square, edit.pixels, whole)
    mask = Image.fromarray(whole)
    if edit.mask is not None:
        mask = Image.fromarray(np.rint(255 * edit.mask).astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST)
    report = EditReport(
        effect=plan.effect.id,
        model=model,
        prompt=plan.prompts.target,
        source_prompt=plan.prompts.source,
        seed=seed,
        steps=plan.steps,
        strength=1.0,
        guidance=plan.guidance,
        mask=None,
        width=side,
        height=side,
        crop=CropReport(left=0, top=0, size=side),
        domain=next(iter(pipeline.card.domains), "people"),
        domain_reason="official mode does not look",
        mask_area=area,
        change_inside=inside,
        change_outside=0.0,
        evaluations=edit.evaluations,
        seconds=round(time.perf_counter() - started, 3),
        device=str(pipeline.device),
        dtype=str(pipeline.unet.dtype).removeprefix("torch."),
        notes=_notes(plan, picture, side),
    )
    return Picture(edit.pixels, None, picture.info), mask, report


def _notes(plan: Plan, picture: Picture, side: int) -> tuple[str, ...]:
    width, height = picture.size
    squashed = f"official mode: squashed from {width}x{height} to {side}x{side}, every pixel comes from the model"
    return squashed, *default_subject(plan.effect, plan.prompts.source)
