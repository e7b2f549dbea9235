"""Drafts of an edit: the effect's art on a picture's squares, where the fit network says that things sit (`fitting`).

Art is drawn on the picture's own pixels, up to `LARGEST` a side. Where the network is unsure there is no draft, and a
note says so: the edit then starts from noise, or is left out, on photographs and where the effect is its art alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillyou.drafts import network
from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.drafts.nudge import nudged
from stillyou.editing.fitting import LOOKS, SEVERAL, TURNED, find_fit, is_turned, moved, upright
from stillyou.editing.options import DraftLike
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.frame import Framed
from stillyou.editing.scene.look import Scene
from stillyou.editing.scene.resample import Plane, view
from stillyou.editing.square_draft import SquareDraft
from stillyou.effects.own import OwnEffect
from stillyou.errors import LeftAlone, StillYouError
from stillyou.images import Picture, picture_from_image, read_picture
from stillyou.images.colour import to_srgb

if TYPE_CHECKING:
    from stillyou.editing.plan import EditPlan

LARGEST, LARGEST_RENDERED = 2048, 1024
"""Longest side at which art is drawn, and art that was rendered ahead (some 700 pixels wide) for photographs; on larger
squares it is enlarged."""
_FARTHEST = 1.6
"""How much larger than the model's square one may be that art is drawn on."""
_NEARLY = 2
"""Pixels by which a square may miss the picture's lower edge."""
_DOUBTFUL = 1.3
"""How many times as unsure as a sure fit one may be that is used, with a word: what is drawn from noise is worse."""
_UNSURE = "where the costume sits is unsure; --nudge moves it, --draft none draws it from noise"
_FROM_NOISE = "the edit was drawn from noise, which is rough"
_NO_MOUTH = f"the mouth could not be told from what is around it, so {_FROM_NOISE}"
_FROM_THE_SIDE = (
    "no face that looks towards the camera was found; --crop X,Y,SIZE around one may help, --draft none lets the model"
    " draw the expression, which is rough on photographs"
)
_UPRIGHT = "turn the picture upright first, or name head and shoulders with --crop X,Y,SIZE"
_BY_THE_MODEL = ", --draft none lets the model draw it, which is rough on photographs"
_REMEDY = "--crop X,Y,SIZE around head and shoulders, or --draft FILE.png, may help"


Drafts = tuple[SquareDraft | None, ...]
"""Of a picture's squares, each one's or None; empty where no draft is wanted."""


def make_drafts(picture: Picture, scene: Scene, plan: EditPlan) -> tuple[Drafts, list[str]]:
    """Draw or read what each square starts from, and say where that could not be done."""
    if not plan.wants_draft or plan.strength == 0:
        return (), []
    if plan.own_draft is not None:
        return tuple(read_draft(plan.own_draft, picture, each.framed.crop) for each in scene.targets), []
    made = [make_draft(picture, each.framed, plan) for each in scene.targets]
    return tuple(draft for draft, _ in made), [note for _, notes in made for note in notes]


def dressed_only(scene: Scene, drafts: Drafts, plan: EditPlan, about: Sequence[str]) -> tuple[Scene, Drafts]:
    """Leave out squares without a draft, where nothing but a draft is worth having.

    Raises:
        LeftAlone: None is left.
    """
    kept = [index for index, draft in enumerate(drafts) if draft is not None]
    if drafts and not kept:
        raise LeftAlone(f"the picture was not edited with '{plan.effect.id}': {'; '.join(dict.fromkeys(about))}")
    targets = tuple(scene.targets[index] for index in kept) if drafts else scene.targets
    return replace(scene, targets=targets), tuple(drafts[index] for index in kept)


def make_draft(picture: Picture, framed: Framed, plan: EditPlan) -> tuple[SquareDraft | None, tuple[str, ...]]:
    """Draw a plan's art on one square of a picture.

    Returns:
        The draft, None where the fit is unsure; and notes.
    """
    from stillyou.drafts.plausible import objection

    first = framed
    seen, framed, told = find_fit(picture, framed, LOOKS if plan.refine == 0 else 1)
    turned = is_turned(picture, framed, seen)
    if turned and framed != first:  # a look at a wider square may see a lying head in what is around an upright one
        seen, framed, told = find_fit(picture, first, 1)
        turned = is_turned(picture, framed, seen)
    if plan.draws_face and plan.domain == "people":  # the mesh sees whether there is a face
        return _expression(picture, framed.crop, upright(seen, framed), plan)
    sure = network.load().config.sure_below
    reason = objection(seen, _DOUBTFUL * sure) or (told if told == SEVERAL else None)
    reason, remedy = (TURNED, _UPRIGHT) if turned else (reason, _REMEDY)
    if reason is not None and plan.request.nudge is None:  # who nudges sees where things sit
        done = "it was left as it is" if plan.draft_alone else _FROM_NOISE
        more = _BY_THE_MODEL if plan.draft_alone and not plan.art_alone else ""
        return None, (f"{reason}, so {done}; {remedy}{more}",)
    fit, crop = upright(seen, framed), framed.crop
    if plan.draws_face:
        return _expression(picture, crop, fit, plan)
    if plan.refine == 0:
        crop = _down_to_the_edge(crop, picture.size)
        fit = moved(fit, framed.crop, crop)
    drawn = _drawn(picture, crop, fit, plan)
    if plan.refine == 0 and (wider := _to_the_sides(crop, drawn, picture.size)) != crop:
        fit, crop = moved(fit, crop, wider), wider
        drawn = _drawn(picture, crop, fit, plan)
    notes = _warned(fit, crop, picture.size) + ([] if told is None else [told])
    notes += [_UNSURE] if seen.unsure > sure and plan.request.nudge is None else []
    return SquareDraft(crop, drawn, _placed(fit, plan, crop.size)), tuple(notes)


def _expression(picture: Picture, crop: Crop, fit: Fit, plan: EditPlan) -> tuple[SquareDraft | None, tuple[str, ...]]:
    """Draw an expression on one square."""
    from stillyou.drafts.draw import draw_face

    assert plan.domain is not None
    pixels = to_srgb(view(picture, crop, min(crop.size, LARGEST)), picture.info.icc)
    drawn = draw_face(pixels, fit, plan.domain, plan.effect.id, plan.strength)
    if drawn is None:
        return None, (_FROM_THE_SIDE if plan.domain == "people" else _NO_MOUTH,)
    return SquareDraft(crop, drawn), ()


def _placed(fit: Fit, plan: EditPlan, side: int, *, with_face: bool = False) -> Fit:
    """Return a fit as the user nudged it, on a square of a side in the picture's pixels."""
    nudge = plan.request.nudge
    return fit if nudge is None else nudged(fit, nudge, side, with_face=with_face)


def _largest(plan: EditPlan) -> int:
    """Return the longest side at which a plan's art is worth drawing."""
    rendered = plan.domain == "people" and not isinstance(plan.effect, OwnEffect)
    return LARGEST_RENDERED if rendered else LARGEST


def _down_to_the_edge(crop: Crop, size: tuple[int, int]) -> Crop:
    """Return a square with the same upper edge and middle that reaches the picture's lower edge, if that is near.

    The model sees head and shoulders; a coat goes on below them.
    """
    side = min(max(crop.size, size[1] - crop.top), round(_FARTHEST * crop.size))
    return Crop(crop.left - (side - crop.size) // 2, crop.top, side)


def _to_the_sides(crop: Crop, drawn: Draft, size: tuple[int, int]) -> Crop:
    """Return a square with the same upper edge that goes on to a side where the picture does, and what is drawn.

    Where a head is near one side of its square, as in profiles, a shoulder or the end of a hat is cut at it.
    """
    most = round((_FARTHEST - 1) * crop.size)
    left = min(most, crop.left) if drawn.alpha[:, 0].any() else 0
    right = min(most, size[0] - crop.left - crop.size) if drawn.alpha[:, -1].any() else 0
    left, right = (way if way > _NEARLY else 0 for way in (left, right))
    return Crop(crop.left - left, crop.top, crop.size + left + right)


def _drawn(picture: Picture, crop: Crop, fit: Fit, plan: EditPlan) -> Draft:
    """Draw a plan's art over a square: that of its folder, or that which comes with the package.

    Args:
        picture: The picture.
        crop: The square.
        fit: Where things sit on it, before anything is nudged.
        plan: What is drawn.
    """
    pixels = to_srgb(view(picture, crop, min(crop.size, _largest(plan))), picture.info.icc)
    assert plan.design is not None and plan.domain is not None
    if isinstance(plan.effect, OwnEffect):
        from stillyou.drafts.folder import draw_own

        frames = _placed(fit, plan, crop.size, with_face=True)
        return draw_own(pixels, fit, plan.effect, plan.design, plan.wear, frames)
    from stillyou.drafts.draw import draw

    placed, effect = _placed(fit, plan, crop.size), plan.effect.id
    goes_on = crop.top + crop.size < picture.size[1] - _NEARLY
    return draw(pixels, placed, plan.domain, effect, plan.design, plan.wear, goes_on=goes_on)


def _warned(fit: Fit, crop: Crop, size: tuple[int, int]) -> list[str]:
    from stillyou.drafts.plausible import warnings

    left, top = -crop.left / crop.size, -crop.top / crop.size
    return warnings(fit, left, top, left + size[0] / crop.size, top + size[1] / crop.size)


def read_draft(given: DraftLike, picture: Picture, crop: Crop) -> SquareDraft:
    """Read a draft that a user made: a picture of the same size, with alpha or drawn over the original.

    Args:
        given: A file or an image. Without transparency, what differs from the picture is the draft.
        picture: The upright picture.
        crop: The square that is edited.

    Raises:
        StillYouError: It cannot be read, has another size, or shows nothing.
    """
    drawn = open_draft(given, picture)
    if drawn.alpha is not None:
        alpha = drawn.alpha.astype(np.float32) / np.float32(255)
    else:
        alpha = (np.abs(drawn.rgb.astype(np.int16) - picture.rgb).max(axis=-1) > 2).astype(np.float32)
    if not alpha.any():
        raise StillYouError("the draft shows nothing", "Give a picture with the costume drawn on it, or with alpha.")
    rgb = to_srgb(drawn.rgb, drawn.info.icc).astype(np.float32)
    return SquareDraft(crop, Draft(_square(rgb, crop), _square(alpha, crop)))


def open_draft(given: DraftLike, picture: Picture) -> Picture:
    """Return the picture of a draft that a user made.

    Raises:
        StillYouError: It cannot be read, or has another size than the picture.
    """
    drawn = read_picture(given) if isinstance(given, (str, Path)) else picture_from_image(given)
    if drawn.size != picture.size:
        own, other = ("{}x{}".format(*each.size) for each in (picture, drawn))
        raise StillYouError(f"the draft has {other} pixels, the picture {own}", "Draw it at the picture's size.")
    return drawn


def _square(plane: Plane, crop: Crop) -> Plane:
    """Cut a square out of a picture's plane; beyond the picture it is 0."""
    left, top, right, bottom = crop.visible((plane.shape[1], plane.shape[0]))
    whole = np.zeros((crop.size, crop.size, *plane.shape[2:]), np.float32)
    whole[top - crop.top : bottom - crop.top, left - crop.left : right - crop.left] = plane[top:bottom, left:right]
    return whole
