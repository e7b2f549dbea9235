"""The released demo as an edit: squashed, no crop, no composite (docs/reference/official.md).

The same road as any other edit (`road`), with steps of its own where the release does otherwise: the picture is
squashed to the square that the model works on, the released numerics answer, and their picture is the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from stillyou.editing.answering import Answer, Progress, Square
from stillyou.editing.effect_lookup import default_subject
from stillyou.editing.plan import EditPlan
from stillyou.editing.road import Work
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.domain import Finding
from stillyou.editing.scene.frame import frame_crop
from stillyou.editing.scene.look import Scene, Target
from stillyou.effects.domains import Domain
from stillyou.images import Picture


def prepare_official(picture: Picture, plan: EditPlan) -> Work:
    """Squash a picture to the model's square; transparency is dropped, as the demo drops it."""
    from stillyou.diffusion.official.demo import squash

    side, (width, height) = plan.side, picture.size
    square = Picture(squash(Image.fromarray(picture.rgb), side), None, picture.info)
    domain: Domain = "cartoon" if plan.model.card.domains[:1] == ("cartoon",) else "people"
    scene = Scene(Finding(domain, "official mode does not look"), (), (Target(frame_crop(Crop(0, 0, side), side)),))
    squashed = f"official mode: squashed from {width}x{height} to {side}x{side}, every pixel comes from the model"
    notes = (*picture.info.notes, squashed, *default_subject(plan.effect, plan.prompts.source))
    return Work(plan, square, scene, None, square.rgb, np.zeros((side, side), np.uint8), notes)


def ask_official(pipeline: Any, squares: Sequence[Square], progress: Progress | None) -> list[Answer]:
    """Ask the model as the release does, one square after the other: its random numbers are for one picture."""
    return [_answer(pipeline, square, progress) for square in squares]


def _answer(pipeline: Any, square: Square, progress: Progress | None) -> Answer:
    """Return the release's answer; its mask is white without the released mask functions."""
    from stillyou.diffusion.official.demo import DemoSettings, edit_as_released, make_draws
    from stillyou.diffusion.official.mask import ReleasedMask

    plan, side = square.plan, len(square.pixels)
    edit = edit_as_released(
        pipeline,
        square.pixels,
        plan.prompts,
        DemoSettings(plan.guidance, plan.steps, ReleasedMask() if plan.request.mask_strategy == "latent" else None),
        draws=make_draws(pipeline, plan.seed),
        progress=progress,
    )
    mask = np.ones((side, side), np.float32)
    if edit.mask is not None:
        mask = np.asarray(Image.fromarray(edit.mask).resize((side, side), Image.Resampling.NEAREST))
    return Answer(edit.pixels.astype(np.float32), square.pixels.astype(np.float32), mask, edit.evaluations)


def lay_official(work: Work, answer: Answer) -> Work:
    """Take the model's picture whole."""
    return replace(
        work,
        rgb=np.rint(answer.edit).astype(np.uint8),
        mask=np.rint(255 * answer.mask).astype(np.uint8),
        laid=work.laid + 1,
        evaluations=work.evaluations + answer.evaluations,
    )
