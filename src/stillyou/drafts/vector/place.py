"""Vector costumes on a drawing: a `Fit` becomes the wardrobe's frames, and the art is drawn at the picture's own size.

From the back to the front: background in place of the hair that a hat presses, the body (behind the face), the head
wear. The studio clips hair in its vectors; here hair is what differs from a plain background.
"""

from __future__ import annotations

import math

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from stillyou.drafts.draft import Draft, Plane, nothing, stack
from stillyou.drafts.fit import Fit
from stillyou.drafts.vector.costume_fit import CostumeFit, Ellipse
from stillyou.drafts.vector.costumes import dress
from stillyou.drafts.vector.ink import Ink, find_ink
from stillyou.images.backdrop import plain_background, smooth_background
from stillyou.images.inpaint import fill

_HAIR_SIDE = 768
"""Side at which hair is told from the background and painted over."""
_CHIN = 1.04
"""The head stands before a collar within the face's ellipse, this much larger."""
_LEAST_BACKGROUND = 0.05
"""Share of the square that must be background for hair to be told from it."""
_REACH = 2.6
"""Hair that is hidden reaches this far from a hood's middle, in its radii."""
_HOOD_CLIP = 0.96
"""Hair is kept inside a hood's ellipse, this much smaller, as in the studio."""


def costume_fit(fit: Fit, side: int, ink: Ink | None = None) -> CostumeFit:
    """Turn points into the wardrobe's geometry.

    Args:
        fit: Of the square.
        side: Of the square, in pixels.
        ink: Outlines that the art should have.

    Returns:
        The geometry in pixels.
    """
    left, right = side * fit["brim_left"], side * fit["brim_right"]
    middle, across = (left + right) / 2, right - left
    neck_left, neck_right = side * fit["neck_left"], side * fit["neck_right"]
    neck = (neck_left + neck_right) / 2
    shoulders = max(1.0, float(side * (fit["shoulder_right"] - fit["shoulder_left"])[0]) / 2)
    return CostumeFit(
        head=(float(middle[0]), float(middle[1]), max(1.0, float(np.hypot(*across)) / 2)),
        neck=(float(neck[0]), float(neck[1]), shoulders),
        face=_ellipse(fit, "face", side),
        hood=_ellipse(fit, "hood", side),
        frame=(0.0, 0.0, float(side)),
        tilt=math.degrees(math.atan2(float(across[1]), float(across[0]))),
        collar=float(np.clip(np.hypot(*(neck_right - neck_left)) / 2 / shoulders, 0.15, 0.8)),
        sag=float(np.clip((side * fit["collar"][1] - neck[1]) / shoulders, 0.03, 0.4)),
        ink=None if ink is None else ink.colour,
        ink_width=0.0 if ink is None else ink.width,
    )


def draw_costume(pixels: NDArray[np.uint8], fit: Fit, effect: str, design: str, wear: str = "both") -> Draft:
    """Draw a costume for one square.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB, of any size.
        fit: Where things sit on it.
        effect: A costume.
        design: One of its designs.
        wear: `hat`, `coat` or `both`.

    Raises:
        UsageError: There is no such costume or design.
    """
    side = len(pixels)
    where = costume_fit(fit, side, find_ink(_around_head(pixels, fit)))
    layers = dress(where, effect, design=design)
    parts = [nothing(side, side)]
    if wear != "coat" and layers.hair_clip:
        parts.append(_pressed(pixels, where, hood=effect == "sheep"))
    if wear != "hat":
        parts.append(rasterised(layers.defs, layers.body, side).cut(1 - _inside(where.face, side, where, _CHIN)))
    if wear != "coat":
        parts.append(rasterised(layers.defs, layers.top, side))
    return stack(parts)


def _around_head(pixels: NDArray[np.uint8], fit: Fit) -> NDArray[np.uint8]:
    """Return the part of a square that shows the head: outlines of a backdrop are not the character's."""
    side = len(pixels)
    left, right = (int(np.clip(side * fit[f"hood_{end}"][0], 0, side)) for end in ("left", "right"))
    top, bottom = (int(np.clip(side * fit[f"hood_{end}"][1], 0, side)) for end in ("top", "bottom"))
    return pixels[top:bottom, left:right] if right - left > 8 and bottom - top > 8 else pixels


def _ellipse(fit: Fit, name: str, side: int) -> Ellipse:
    points = {end: side * fit[f"{name}_{end}"] for end in ("left", "right", "top", "bottom")}
    centre = np.mean(list(points.values()), axis=0)
    across, down = points["right"] - points["left"], points["bottom"] - points["top"]
    return float(centre[0]), float(centre[1]), float(np.hypot(*across)) / 2, float(np.hypot(*down)) / 2


def rasterised(defs: str, body: str, side: int) -> Draft:
    """Rasterise a layer whose units are the square's pixels."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}"'
    document = f'{head} fill="none"><defs>{defs}</defs>{body}</svg>'
    drawn = pyvips.Image.svgload_buffer(document.encode(), unlimited=True).numpy().astype(np.float32)
    drawn = np.pad(drawn, ((0, max(0, side - len(drawn))), (0, max(0, side - drawn.shape[1])), (0, 0)))
    return Draft(drawn[:side, :side, :3], (drawn[:side, :side, 3] / 255).astype(np.float32))


def _inside(ellipse: Ellipse, side: int, fit: CostumeFit, scale: float) -> Plane:
    """Return an ellipse that turns with the head, softened by a pixel or two: (side, side) in [0, 1]."""
    cx, cy, rx, ry = ellipse
    x, y = np.arange(side, dtype=np.float32) + 0.5 - cx, (np.arange(side, dtype=np.float32) + 0.5 - cy)[:, None]
    turn = math.radians(fit.tilt)
    u, v = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    away = np.hypot(u / (scale * rx), v / (scale * ry))
    soft: Plane = np.clip((1 - away) * min(rx, ry) + 0.5, 0, 1).astype(np.float32)
    return soft


def _pressed(pixels: NDArray[np.uint8], fit: CostumeFit, *, hood: bool) -> Draft:
    """Return background over the hair that a hat hides; nothing before a background that is not plain."""
    side = len(pixels)
    small_side = min(side, _HAIR_SIDE)
    small = np.asarray(Image.fromarray(pixels).resize((small_side, small_side), Image.Resampling.BOX))
    background, plain = smooth_background(small), plain_background(small)
    background = background if plain is None else background | plain
    if background.mean() < _LEAST_BACKGROUND:
        return nothing(side, side)
    region = _hidden_by_hood(fit, side, small_side) if hood else _hidden_by_hat(fit, side, small_side)
    hair = ndimage.binary_dilation(_head_of(~background, fit, side, small_side), iterations=2) & region
    if not hair.any():
        return nothing(side, side)
    filled = fill(small.astype(np.float32), background & ~hair)
    alpha = ndimage.gaussian_filter(hair.astype(np.float32), 0.7) * region
    return Draft(_enlarged(filled, side), np.clip(_enlarged(alpha, side), 0, 1))


def _head_of(subject: NDArray[np.bool_], fit: CostumeFit, side: int, small: int) -> NDArray[np.bool_]:
    """Return the part of a character that hangs together with the head, no farther from it than hair reaches."""
    labels, _ = ndimage.label(subject)
    near = _inside(_scaled(fit.hood, small / side), small, fit, _REACH) > 0
    head = _inside(_scaled(fit.face, small / side), small, fit, 1.0) > 0.5
    kept = np.unique(labels[head & subject])
    return np.asarray(np.isin(labels, kept[kept > 0]) & near)


def _scaled(ellipse: Ellipse, scale: float) -> Ellipse:
    cx, cy, rx, ry = ellipse
    return scale * cx, scale * cy, scale * rx, scale * ry


def _hidden_by_hat(fit: CostumeFit, side: int, small: int) -> NDArray[np.bool_]:
    """Return where a hat hides hair: above the brim, and beyond its ends above a slope (`costumes._UNDER_HAT`)."""
    u, v = _head_frame(fit, side, small)
    beyond = np.maximum(np.abs(u) - 1.1, 0)
    return np.asarray(v < np.minimum(-0.02 + beyond * 0.9, 1.2))


def _hidden_by_hood(fit: CostumeFit, side: int, small: int) -> NDArray[np.bool_]:
    outside = _inside(_scaled(fit.hood, small / side), small, fit, _HOOD_CLIP) < 0.5
    shoulders = fit.neck[1] * small / side
    return np.asarray(outside & (np.arange(small)[:, None] < shoulders))


def _head_frame(fit: CostumeFit, side: int, small: int) -> tuple[Plane, Plane]:
    """Return head-frame coordinates of the pixels of a reduced square."""
    x0, y0, unit = (value * small / side for value in fit.head)
    x, y = np.arange(small, dtype=np.float32) + 0.5 - x0, (np.arange(small, dtype=np.float32) + 0.5 - y0)[:, None]
    turn = math.radians(fit.tilt)
    u, v = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    return (u / unit).astype(np.float32), (v / unit).astype(np.float32)


def _enlarged(plane: Plane, side: int) -> Plane:
    if plane.ndim == 3:
        return np.stack([_enlarged(plane[..., c], side) for c in range(plane.shape[-1])], axis=-1)
    if len(plane) == side:
        return plane
    return np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BILINEAR))
