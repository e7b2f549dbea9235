"""What the model is asked about squares of pictures, and the answers: squares of equal settings in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.editing.plan import EditPlan
from stillyou.errors import StillYouError
from stillyou.images.picture import Pixels
from stillyou.images.tensors import to_levels, to_pixels

Progress = Callable[[int, int], None]
Stage = Literal["looking", "mask", "drawing"]
"""What happens to pictures: finding out what they show, asking where their edits go, drawing them."""
Plane = NDArray[np.float32]
NO_PIXELS: Pixels = np.zeros((0, 0, 3), np.uint8)
"""Of a square that nobody needs to see."""


@dataclass(frozen=True)
class Square:
    """One question to the model.

    Attributes:
        plan: Prompts, scales, seed and all.
        pixels: uint8 (side, side, 3), sRGB.
        mask: (side, side) in [0, 1], to use instead of the estimated one.
        draft: uint8 (side, side, 3), sRGB: the square with a draft on it, to start from.
        mask_alone: Whether only the estimated mask is wanted.
        alone: Whether a draft is laid on as it is drawn, so that the model has nothing to say.
    """

    plan: EditPlan
    pixels: Pixels
    mask: Plane | None = None
    draft: Pixels | None = None
    mask_alone: bool = False
    alone: bool = False

    @property
    def settings(self) -> str:
        """A key: squares that share it differ in pixels, mask, prompts and seed alone, and may share a batch."""
        given = (self.mask is None, self.draft is None, self.mask_alone)
        return repr((self.plan.sampling, self.pixels.shape, *given))

    @property
    def stage(self) -> Stage:
        """What the model is asked first."""
        return "drawing" if self.alone or (self.mask is not None and not self.mask_alone) else "mask"

    @property
    def answered(self) -> Answer | None:
        """The empty answer where a draft is laid on as it is drawn; None where the model is needed."""
        nothing = NO_PIXELS.astype(np.float32)
        return Answer(nothing, nothing, nothing[..., 0], 0) if self.alone else None


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


Ask = Callable[[Sequence[Square], Progress | None], "Sequence[Answer | Exception]"]
"""Runs a model on squares of equal settings: `ask` of a pipeline, or `official.ask_official`."""


def answer(
    ask: Ask, squares: Sequence[Square | None | Exception], progress: Progress | None = None
) -> list[Answer | None | Exception]:
    """Have squares answered, those of equal settings in one batch, in their order.

    Args:
        ask: Runs the model on a batch.
        squares: Of any settings; what is no square stays in its place.
        progress: Called with (steps done, steps); for one square.

    Returns:
        For each square its answer, or what went wrong with it or with its batch.
    """
    batches: dict[str, dict[int, Square]] = {}
    found: dict[int, Answer | Exception] = {}
    for index, square in enumerate(squares):
        if not isinstance(square, Square):
            continue
        if square.answered is not None:
            found[index] = square.answered
        else:
            batches.setdefault(square.settings, {})[index] = square
    for batch in batches.values():
        try:
            answers = ask(list(batch.values()), progress)
        except Exception as error:  # the failure of one batch is not the others'
            answers = [error] * len(batch)
        found.update(zip(batch, answers, strict=True))
    return [found[i] if isinstance(square, Square) else square for i, square in enumerate(squares)]


def ask(pipeline: Any, squares: Sequence[Square], progress: Progress | None) -> Sequence[Answer | Exception]:
    """Run a `MultiConditionedPipeline`, or what has its `edit` and `estimate_mask`, on one batch."""
    if squares[0].mask_alone:
        return _ask_where(pipeline, squares)
    plan, own = squares[0].plan, [square.mask for square in squares if square.mask is not None]
    drafts = [square.draft for square in squares if square.draft is not None]
    start = {"draft": to_pixels(drafts)} if drafts else {}
    edits = pipeline.edit(
        to_pixels([square.pixels for square in squares]),
        [square.plan.prompts for square in squares],
        plan.sampling,
        [square.plan.seed for square in squares],
        mask=torch.from_numpy(np.stack(own))[:, None] if own else None,
        progress=progress,
        **start,
    )
    edit, reconstruction = _levels(edits.pixels), _levels(edits.reconstruction)
    masks = edits.mask.float().cpu().clamp(0, 1).numpy()[:, 0]
    told = tuple(getattr(edits, "notes", ()))
    sound = [_is_sound(*parts) for parts in zip(edits.pixels, edits.reconstruction, edits.mask, strict=True)]
    return [
        Answer(edit[i], reconstruction[i], masks[i], int(edits.evaluations), told) if sound[i] else _damaged()
        for i in range(len(squares))
    ]


def _ask_where(pipeline: Any, squares: Sequence[Square]) -> Sequence[Answer | Exception]:
    """Have the masks of a batch estimated, from few maps: they say where to look and are not composited with."""
    found = pipeline.estimate_mask(
        to_pixels([square.pixels for square in squares]),
        [square.plan.prompts for square in squares],
        squares[0].plan.first_glance,
        [square.plan.seed for square in squares],
    )
    masks = found.mask.float().cpu()[:, 0]
    return [
        Answer(same := square.pixels.astype(np.float32), same, mask.clamp(0, 1).numpy(), found.evaluations, found.notes)
        if _is_sound(mask)
        else _damaged()
        for square, mask in zip(squares, masks, strict=True)
    ]


def _is_sound(*parts: torch.Tensor) -> bool:
    return all(bool(part.isfinite().all()) for part in parts)


def _damaged() -> StillYouError:
    return StillYouError(
        "the model answers with numbers that are not finite", "Its weights are damaged: run stillyou models verify."
    )


def _levels(pixels: torch.Tensor) -> Plane:
    """Turn (B, 3, H, W) in [-1, 1] into (B, H, W, 3) in 0..255, fractions kept."""
    levels: Plane = to_levels(pixels.float().cpu()).permute(0, 2, 3, 1).numpy()
    return levels
