"""One square of a picture through the model and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.composite.composite import composite, native_mask
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.face_ownership import nearest_only, territory
from stillyou.editing.scene.faces import Face
from stillyou.editing.scene.look import Scene, Target
from stillyou.editing.squares import Plan, Progress, ask
from stillyou.images import Picture
from stillyou.images.colour import from_srgb, to_srgb
from stillyou.images.picture import Pixels

_SURE = 0.5
"""Faces with this score keep the edits of their neighbours off, chosen or not."""


@dataclass(frozen=True)
class _Work:
    """What all squares of a picture share; `source` is the picture before any edit."""

    pipeline: Any
    plan: Plan
    source: Picture
    scene: Scene
    seed: int
    notes: list[str]


def edit_scene(
    pipeline: Any,
    plan: Plan,
    picture: Picture,
    scene: Scene,
    supplied: Pixels | None,
    seed: int,
    progress: Progress | None,
    notes: list[str],
) -> tuple[Pixels, Pixels, int]:
    """Edit the squares of a picture one after the other, each on top of those before.

    Args:
        pipeline: The model.
        plan: What to do.
        picture: The upright picture.
        scene: Where.
        supplied: A user's mask (H, W).
        seed: The same for every square, so that a face's edit does not depend on which others are chosen.
        progress: Called with (steps done, steps) over all squares.
        notes: Gets what users should know.

    Returns:
        The edited pixels (H, W, 3), the editing mask (H, W), 0 where no square's mask is above 0, and the number of
        evaluations.
    """
    work = _Work(pipeline, plan, picture, scene, seed, notes)
    whole = np.zeros(picture.rgb.shape[:2], np.uint8)
    evaluations, count = 0, len(scene.targets)
    for number, target in enumerate(scene.targets):
        owned = _owned(supplied, scene, target, picture.size)
        rgb, mask, used = _edit(work, target, picture, owned, _share(progress, number, count))
        picture = replace(picture, rgb=rgb)
        np.maximum(whole, mask, out=whole)
        evaluations += used
    return picture.rgb, whole, evaluations


def _edit(
    work: _Work, target: Target, picture: Picture, supplied: Pixels | None, progress: Progress | None
) -> tuple[Pixels, Pixels, int]:
    """Edit one square of a picture, of which others may have been edited already."""
    framed, icc = target.framed, picture.info.icc
    wish = None if supplied is None else framed.see_mask(supplied)
    square = to_srgb(framed.see(picture), icc)
    (answer,) = ask(work.pipeline, [work.plan], [square], [work.seed], mask=wish, progress=progress)
    work.notes.extend(answer.notes)
    if supplied is None:
        soft = framed.lay_mask(answer.mask) * _room(work.scene, target)
        mask = native_mask(soft, framed.crop, picture.size, guide=work.source)
    else:
        mask = _inside(supplied, framed.crop, work.notes)
    mask = _visible(mask, picture, work.notes)
    edit, copy = (_in_profile(framed.lay(planes), icc) for planes in (answer.edit, answer.reconstruction))
    return composite(picture, edit, copy, mask, framed.crop), mask, answer.evaluations


def _room(scene: Scene, target: Target) -> NDArray[np.float32]:
    """Return how far each pixel of a square belongs to the face that it is about."""
    if target.face is None:
        return np.ones((target.framed.cells, target.framed.cells), np.float32)
    faces, index = _rivals(scene, target.face)
    return territory(faces, index, target.framed.crop, target.framed.cells)


def _rivals(scene: Scene, index: int) -> tuple[list[Face], int]:
    """Return the faces that share the picture with one, and its index among them."""
    chosen = {target.face for target in scene.targets}
    indices = [i for i, face in enumerate(scene.faces) if i in chosen or face.score >= _SURE]
    return [scene.faces[i] for i in indices], indices.index(index)


def _owned(supplied: Pixels | None, scene: Scene, target: Target, size: tuple[int, int]) -> Pixels | None:
    """Return a supplied mask, cut to where this face is the nearest of those that are edited."""
    if supplied is None or target.face is None or len(scene.targets) < 2:
        return supplied
    edited: Sequence[Face] = [scene.faces[each.face] for each in scene.targets if each.face is not None]
    mine = nearest_only(edited, edited.index(scene.faces[target.face]), size)
    return np.where(mine, supplied, 0).astype(np.uint8)


def _share(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return a callback for one of several squares that tells the progress of all."""
    if progress is None or count == 1:
        return progress
    return lambda done, steps: progress(number * steps + done, count * steps)


def _in_profile(planes: NDArray[np.float32], icc: bytes) -> NDArray[np.float32]:
    """Convert sRGB (side, side, 3) in 0..255 to a picture's profile; without one they keep their fractions."""
    eight = np.rint(np.clip(planes, 0, 255)).astype(np.uint8)
    converted = from_srgb(eight, icc)
    return planes if converted is eight else converted.astype(np.float32)


def _inside(mask: Pixels, crop: Crop, notes: list[str]) -> Pixels:
    """Clear a supplied mask outside the square, where there is no edit to show."""
    left, top, right, bottom = crop.visible((mask.shape[1], mask.shape[0]))
    kept = np.zeros_like(mask)
    kept[top:bottom, left:right] = mask[top:bottom, left:right]
    if not kept.any():
        notes.append("the mask is black where the model works, so nothing was edited")
    elif not np.array_equal(kept, mask):
        notes.append(f"the mask reaches beyond the square {crop.left},{crop.top},{crop.size}; only that was edited")
    return kept


def _visible(mask: Pixels, picture: Picture, notes: list[str]) -> Pixels:
    """Clear a mask where the picture is fully transparent: an edit would not show there."""
    if picture.alpha is None:
        return mask
    shown = np.where(picture.alpha > 0, mask, 0).astype(np.uint8)
    lost = 1 - float(shown.sum(dtype=np.int64)) / max(1.0, float(mask.sum(dtype=np.int64)))
    if lost > 0.1:
        notes.append(f"{lost:.0%} of the edit falls on transparent pixels, which stay transparent")
    return shown
