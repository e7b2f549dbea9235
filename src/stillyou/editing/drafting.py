"""Drafts of an edit: the effect's art on a picture's squares, where the fit network says that things sit.

The network sees a square as the model does (upright faces); art is drawn on the picture's own pixels, up to `LARGEST` a
side. Where the network is unsure there is no draft, and a note says so: the edit then starts from noise, or is left out
where the effect is its art alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from stillyou.drafts import network
from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import POINTS, Fit
from stillyou.editing.options import DraftLike
from stillyou.editing.scene.crop import Box, Crop
from stillyou.editing.scene.faces import Face
from stillyou.editing.scene.frame import Framed, frame_face
from stillyou.editing.scene.resample import Plane, enlarge, strips, view
from stillyou.effects.own import OwnEffect
from stillyou.errors import StillYouError
from stillyou.images import Picture, picture_from_image, read_picture
from stillyou.images.colour import from_srgb, to_srgb
from stillyou.images.picture import Pixels

if TYPE_CHECKING:
    from stillyou.editing.request import EditPlan

LARGEST = 2048
"""Longest side at which art is drawn; on larger squares it is enlarged."""
_BORDER, _VISIBLE = 0.016, 0.02
"""Width of the border around art that refinement may change, in shares of the side; alpha from which on it is art."""
_LOOKS, _CALM = 3, 0.7
"""Looks at a picture at most; the share of the greatest doubt below which nobody looks again."""
_APART, _FAR_APART, _SMALL_BRIM = 0.12, 0.6, 0.37
"""Brims by which two sure looks, or any, differ that saw two heads; the width below which a next look is closer."""
_SMALLEST_FACE = 0.06
"""Of the faces that a second look is taken at, as a share of the first square."""
_FARTHEST = 1.6
"""How much larger than the model's square one may be that art is drawn on."""
_SEVERAL = "where the costume sits could not be told: the picture may show more than one head"
_ONE_OF_SEVERAL = "the picture may show more than one head, one of which was dressed; --crop X,Y,SIZE chooses another"
_REMEDY = "--crop X,Y,SIZE around head and shoulders, or --draft FILE.png, may help"


@dataclass(frozen=True, eq=False)
class SquareDraft:
    """A draft over one square of a picture.

    Attributes:
        crop: The square, in pixels of the picture.
        draft: Art over it, of any side; colours are sRGB.
    """

    crop: Crop
    draft: Draft

    def part(self, box: Box) -> tuple[Plane, Plane]:
        """Return colours (h, w, 3) in 0..255 and alpha (h, w) in [0, 1] of some of the picture's pixels."""
        alpha, rgb = self.draft.alpha, self.draft.rgb
        if len(alpha) == self.crop.size:
            left, top = box[0] - self.crop.left, box[1] - self.crop.top
            part = (slice(top, top + box[3] - box[1]), slice(left, left + box[2] - box[0]))
            return rgb[part], alpha[part]
        how = Image.Resampling.BILINEAR
        weight = enlarge(alpha, self.crop, box, how)
        weighted = enlarge(rgb * alpha[..., None], self.crop, box, how)
        colours = np.divide(weighted, weight[..., None], out=np.zeros_like(weighted), where=weight[..., None] > 0)
        return colours, weight

    def mask(self, size: tuple[int, int]) -> Pixels:
        """Return its alpha as an 8-bit mask of a whole picture of this width and height."""
        whole = np.zeros((size[1], size[0]), np.uint8)
        for box in strips(self.crop.visible(size)):
            left, top, right, bottom = box
            whole[top:bottom, left:right] = np.rint(255 * np.clip(self.part(box)[1], 0, 1))
        return whole

    def on(self, picture: Picture) -> Picture:
        """Return a picture with the draft on it, in the picture's own colour space."""
        rgb, icc = picture.rgb.copy(), picture.info.icc
        for box in strips(self.crop.visible(picture.size)):
            left, top, right, bottom = box
            below = to_srgb(np.ascontiguousarray(rgb[top:bottom, left:right]), icc)
            colours, alpha = self.part(box)
            laid = from_srgb(Draft(colours, alpha).over(below), icc)
            rgb[top:bottom, left:right] = np.where(alpha[..., None] > 0, laid, rgb[top:bottom, left:right])
        return replace(picture, rgb=rgb)


def draft_image(drafts: Sequence[SquareDraft], picture: Picture) -> Image.Image:
    """Return drafts as one RGBA image of a picture's size, sRGB."""
    canvas = Image.new("RGBA", picture.size)
    for each in drafts:
        left, top, right, bottom = each.crop.visible(picture.size)
        colours, alpha = each.part((left, top, right, bottom))
        layer = np.dstack([np.clip(colours, 0, 255), 255 * np.clip(alpha, 0, 1)])
        canvas.alpha_composite(Image.fromarray(np.rint(layer).astype(np.uint8), "RGBA"), (left, top))
    return canvas


def reach(alpha: Plane) -> Plane:
    """Return how far refinement may change a square (side, side): the art and a soft border around it."""
    radius = max(1, round(_BORDER * len(alpha)))
    grown = ndimage.maximum_filter((alpha > _VISIBLE).astype(np.float32), 2 * radius + 1)
    soft: Plane = ndimage.uniform_filter(grown, 2 * radius - 1)
    return soft


def make_draft(picture: Picture, framed: Framed, plan: EditPlan) -> tuple[SquareDraft | None, tuple[str, ...]]:
    """Draw a plan's art on one square of a picture.

    Returns:
        The draft, None where the fit is unsure; and notes.
    """
    from stillyou.drafts.plausible import objection

    seen, framed, told = _look(picture, framed, _LOOKS if plan.refine == 0 else 1)
    reason = objection(seen, network.load().config.sure_below) or (told if told == _SEVERAL else None)
    if reason is not None:
        done = "it was left as it is" if plan.art_alone else "the edit was drawn from noise"
        return None, (f"{reason}, so {done}; {_REMEDY}",)
    fit, crop = upright(seen, framed), framed.crop
    if plan.refine == 0:
        crop = _down_to_the_edge(crop, picture.size)
        fit = moved(fit, framed.crop, crop)
    pixels = to_srgb(view(picture, crop, min(crop.size, LARGEST)), picture.info.icc)
    notes = _warned(fit, crop, picture.size) + ([] if told is None else [told])
    return SquareDraft(crop, _drawn(pixels, fit, plan)), tuple(notes)


def _look(picture: Picture, framed: Framed, looks: int) -> tuple[Fit, Framed, str | None]:
    """Return the surest fit of a few looks, and its square.

    Each looks at a square framed around the head that the one before saw; a sure one at a head of the usual size is the
    last. Between two heads the network may be sure of what is not there: seen closer, it says something else.

    Returns:
        The fit, its square, and what speaks for a second head: `_SEVERAL` where the last two looks saw different ones.
    """
    sure = network.load().config.sure_below
    best, told, apart = (_fit(picture, framed), framed), None, False
    seen, square = best
    for _ in range(looks - 1):
        if best[0].unsure <= sure * _CALM and not apart and not _is_small(seen):
            break
        last, before = seen, _places(seen, square)
        square = _around_the_head(seen, square, picture.size)
        seen = _fit(picture, square)
        now = _places(seen, square)
        brims = float(np.linalg.norm(now - before, axis=1).mean() / max(1.0, np.linalg.norm(now[1] - now[0])))
        apart = brims > _APART and max(seen.unsure, last.unsure) <= sure
        told = _ONE_OF_SEVERAL if apart or brims > _FAR_APART else told
        best = (seen, square) if apart else min(best, (seen, square), key=lambda each: each[0].unsure)
    return *best, _SEVERAL if apart else told


def _is_small(fit: Fit) -> bool:
    """Tell whether a head is much smaller in its square than in training."""
    return float(np.linalg.norm(fit["brim_right"] - fit["brim_left"])) < _SMALL_BRIM


def _places(fit: Fit, framed: Framed) -> Plane:
    """Return where brim and face lie (5, 2), in pixels of the picture."""
    placed = upright(fit, framed)
    ends = [placed[name] for name in ("brim_left", "brim_right", "face_left", "face_right", "face_bottom")]
    corner = np.array([framed.crop.left, framed.crop.top], np.float32)
    return np.asarray(np.stack(ends) * np.float32(framed.crop.size) + corner)


def _fit(picture: Picture, framed: Framed) -> Fit:
    return network.predict(to_srgb(framed.see(picture), picture.info.icc)[None])[0]


def _around_the_head(fit: Fit, framed: Framed, size: tuple[int, int]) -> Framed:
    """Return the square in which a head lies as in training, after a first look at a square that was framed otherwise.

    Where no face was found the square is as large as the picture, and the head may be anywhere in it.
    """
    points = upright(fit, framed).points * np.float32(framed.crop.size)
    named = dict(zip(POINTS, points + np.array([framed.crop.left, framed.crop.top], np.float32), strict=True))
    middle = (named["face_left"] + named["face_right"] + named["face_top"] + named["face_bottom"]) / 4
    tall = float(np.linalg.norm(named["face_bottom"] - named["face_top"]))
    least, most = _SMALLEST_FACE * framed.crop.size, framed.crop.size
    face = Face(float(middle[0]), float(middle[1]), float(np.clip(tall, least, most)))
    return frame_face(face, framed.side, size[1])


def _down_to_the_edge(crop: Crop, size: tuple[int, int]) -> Crop:
    """Return a square with the same upper edge and middle that reaches the picture's lower edge, if that is near.

    The model sees head and shoulders; a coat goes on below them.
    """
    side = min(max(crop.size, size[1] - crop.top), round(_FARTHEST * crop.size))
    return Crop(crop.left - (side - crop.size) // 2, crop.top, side)


def moved(fit: Fit, source: Crop, target: Crop) -> Fit:
    """Return a fit of one upright square in shares of another."""
    offset = np.array([source.left - target.left, source.top - target.top], np.float32)
    points = (fit.points * np.float32(source.size) + offset) / np.float32(target.size)
    doubt = None if fit.doubt is None else fit.doubt * np.float32(source.size / target.size)
    return Fit(points.astype(np.float32), fit.turn, doubt)


def _drawn(pixels: Pixels, fit: Fit, plan: EditPlan) -> Draft:
    """Draw a plan's art: that of its folder, or that which comes with the package."""
    assert plan.design is not None and plan.domain is not None
    if isinstance(plan.effect, OwnEffect):
        from stillyou.drafts.folder import draw_own

        return draw_own(pixels, fit, plan.effect, plan.design, plan.wear)
    from stillyou.drafts.draw import draw

    return draw(pixels, fit, plan.domain, plan.effect.id, plan.design, plan.wear)


def _warned(fit: Fit, crop: Crop, size: tuple[int, int]) -> list[str]:
    from stillyou.drafts.plausible import warnings

    left, top = -crop.left / crop.size, -crop.top / crop.size
    return warnings(fit, left, top, left + size[0] / crop.size, top + size[1] / crop.size)


def upright(fit: Fit, framed: Framed) -> Fit:
    """Return the fit of a square that was turned for the model in shares of the upright square around it."""
    if not framed.tilt:
        return fit
    angle = np.deg2rad(framed.tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    points = 0.5 + (fit.points - np.float32(0.5)) @ turn * np.float32(framed.side / framed.cells)
    yaw, pitch, roll = fit.turn
    return Fit(points.astype(np.float32), (yaw, pitch, roll + float(angle)), fit.doubt)


def read_draft(given: DraftLike, picture: Picture, crop: Crop) -> SquareDraft:
    """Read a draft that a user made: a picture of the same size, with alpha or drawn over the original.

    Args:
        given: A file or an image. Without transparency, what differs from the picture is the draft.
        picture: The upright picture.
        crop: The square that is edited.

    Raises:
        StillYouError: It cannot be read, has another size, or shows nothing.
    """
    drawn = read_picture(given) if isinstance(given, (str, Path)) else picture_from_image(given)
    if drawn.size != picture.size:
        own, other = ("{}x{}".format(*each.size) for each in (picture, drawn))
        raise StillYouError(f"the draft has {other} pixels, the picture {own}", "Draw it at the picture's size.")
    if drawn.alpha is not None:
        alpha = drawn.alpha.astype(np.float32) / np.float32(255)
    else:
        alpha = (np.abs(drawn.rgb.astype(np.int16) - picture.rgb).max(axis=-1) > 2).astype(np.float32)
    if not alpha.any():
        raise StillYouError("the draft shows nothing", "Give a picture with the costume drawn on it, or with alpha.")
    rgb = to_srgb(drawn.rgb, drawn.info.icc).astype(np.float32)
    return SquareDraft(crop, Draft(_square(rgb, crop), _square(alpha, crop)))


def _square(plane: Plane, crop: Crop) -> Plane:
    """Cut a square out of a picture's plane; beyond the picture it is 0."""
    left, top, right, bottom = crop.visible((plane.shape[1], plane.shape[0]))
    whole = np.zeros((crop.size, crop.size, *plane.shape[2:]), np.float32)
    whole[top - crop.top : bottom - crop.top, left - crop.left : right - crop.left] = plane[top:bottom, left:right]
    return whole
