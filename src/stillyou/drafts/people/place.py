"""Places a costume's sprites on a photograph: a draft at the square's own size.

From the back to the front: the background that stands in for hair that a hat hides, the contact shadows, a hood, the
coat, a hat. What lies inside the ellipse of the face is cut away from all of them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.drafts.draft import Draft, nothing, stack
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.dress import dressed_body, dressed_head
from stillyou.drafts.people.frames import Plane, brim, ellipse, smooth
from stillyou.drafts.people.hair import Surroundings, look, resized
from stillyou.drafts.people.light import estimate, grained
from stillyou.effects.designs import find_design

Wear = Literal["hat", "coat", "both"]
CLOSED = {("santa", None), ("royal", "purple"), ("royal", "crimson")}
"""Hats that cover the top of the head: what sticks out above their brims is hidden. None: all designs."""
_FEATHER = 0.07
"""Width of the soft edge around the face, in half faces."""
_CHIN = 1.1
"""How much lower than the face a coat leaves room for the chin."""
_SHADOW, _SOFT = 0.42, 384
"""How dark contact shadows are, and the side in pixels at which soft things are drawn."""

_HAIR, _BRIM = 0.75, 8.0
"""How fast what a hat hides reaches down to the sides of the head, of hair and of the brim of a hat that is worn."""
_LOWEST = -3.0
"""How far below the brim a hood hides hair, in half brims: what is lower a coat covers."""
_FALL = 0.03
"""How far the shadow of a cape falls, in widths of the shoulders."""


def draw_costume(
    pixels: NDArray[np.uint8],
    fit: Fit,
    effect: str,
    design: str,
    *,
    wear: Wear = "both",
    around: Surroundings | None = None,
    goes_on: bool = False,
) -> Draft:
    """Draw a costume on a square.

    Args:
        pixels: (S, S, 3) uint8 sRGB, of any size.
        fit: Where things sit on it.
        effect: A costume: one of `effects.designs.DESIGNS`.
        design: Its look.
        wear: What of it.
        around: What is around the face, where it has been looked at already; the larger part of the time goes there.
        goes_on: The picture goes on below the square: a coat ends as a cape instead of at the square's border.

    Returns:
        The draft; its alpha is exactly 0 inside the face's ellipse.

    Raises:
        UsageError: There is no such design.
    """
    find_design(effect, design)
    light, around = estimate(pixels, fit), around or look(pixels, fit)
    layers: list[Draft] = []
    if wear != "coat":
        hat = dressed_head(fit, around, effect, design, len(pixels)).drawn(light, len(pixels))
        layers = [_hidden(fit, around, hat, effect, design), _shadow(hat, fit), hat]
    if wear != "hat":
        body = dressed_body(fit, effect, design, len(pixels), goes_on=goes_on)
        coat = _face_free(body.drawn(light, len(pixels)), fit, _CHIN)
        where = len(layers) if effect == "sheep" else min(1, len(layers))
        layers[where:where] = [_shadow(coat, fit), *([_hem_shadow(coat, fit)] if body.hangs else []), coat]
    return _face_free(grained(stack(layers), light), fit)


def _face_free(draft: Draft, fit: Fit, longer: float = 1.0) -> Draft:
    """Return a draft whose alpha is 0 inside the face, a face that reaches so much lower."""
    height, width = draft.alpha.shape
    u, v = ellipse(fit, "face", float(max(height, width))).of(width, height)
    out: Plane = np.hypot(u, np.where(v > 0, v / np.float32(longer), v)).astype(np.float32)
    return draft.cut(smooth((out - 1) / _FEATHER))


def _hidden(fit: Fit, around: Surroundings, hat: Draft, effect: str, design: str) -> Draft:
    """Return background over the hair that a hat hides."""
    height, width = hat.alpha.shape
    hood = effect == "sheep"
    if not hood and (effect, None) not in CLOSED and (effect, design) not in CLOSED:
        return nothing(width, height)
    worn = _reduced(hat.alpha)
    small = worn.shape[1], worn.shape[0]
    u, v = brim(fit, float(max(small))).of(*small)
    own_hat = around.is_hat(fit)
    steep = np.float32(_BRIM if own_hat else _HAIR)
    line: Plane = np.full_like(u, _LOWEST)
    if not hood:
        line = np.asarray(0.05 - steep * np.maximum(np.abs(u) - 1.02, 0), np.float32)
    framed = _inside(worn, hood)
    if own_hat and not hood:
        framed = framed * smooth(np.asarray((1.25 - np.abs(u)) / 0.2, np.float32))
    alpha = smooth(resized(_feathered(around.head), small) * 1.5) * smooth((v - line) / 0.18) * (1 - framed)
    behind = np.stack([resized(around.behind[..., k], (width, height)) for k in range(3)], -1)
    return Draft(behind, _enlarged(alpha, hat))


def _feathered(head: Plane) -> Plane:
    """Return a head (h, w) with a soft edge around it, over which what is filled in goes over into what is seen."""
    return np.asarray(ndimage.gaussian_filter(ndimage.maximum_filter(head, 3), 1.5), np.float32)


def _inside(worn: Plane, hood: bool) -> Plane:
    """Return what a hat frames (h, w): hair and brow below its arch, or the opening of a hood; softly."""
    flags = worn > 0.5
    framed = np.maximum.accumulate(flags, axis=0)
    if hood:
        framed = np.maximum.accumulate(flags, axis=1) & np.maximum.accumulate(flags[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(ndimage.gaussian_filter(framed.astype(np.float32), 0.004 * len(worn)), np.float32)


def _shadow(part: Draft, fit: Fit) -> Draft:
    """Return the soft shadow that a part throws on what lies below its edge, on the person only."""
    worn = _reduced(part.alpha)
    small = worn.shape[1], worn.shape[0]
    unit = float(np.linalg.norm(fit["brim_right"] - fit["brim_left"])) * max(small) / 2
    deep = 0.085 * min(unit, max(small))
    soft = ndimage.gaussian_filter(ndimage.shift(worn, (deep, 0), order=1), deep * 0.8)
    person = 1 - smooth((ellipse(fit, "hood", float(max(small))).distance(*small) - 0.66) / 0.2)
    alpha = _enlarged(_SHADOW * soft * person, part) * (1 - part.alpha)
    dark = np.broadcast_to(np.array([18, 12, 12], np.float32), (*part.alpha.shape, 3))
    return Draft(dark, np.where(alpha < 0.004, 0, alpha).astype(np.float32))


def _hem_shadow(cape: Draft, fit: Fit) -> Draft:
    """Return the soft shadow that a cape throws on what hangs below it, softer and fainter than that of an edge."""
    worn = _reduced(cape.alpha)
    left, right = fit["shoulder_left"] * len(worn), fit["shoulder_right"] * len(worn)
    low, unit = float(max(left[1], right[1])), float(np.clip(np.linalg.norm(right - left), 1, len(worn)))
    soft = ndimage.gaussian_filter(ndimage.shift(worn, (_FALL * unit, 0), order=1), 0.7 * _FALL * unit)
    below = smooth((np.arange(len(worn), dtype=np.float32)[:, None] - low) / (0.3 * unit))
    alpha = _enlarged(_SHADOW * soft * below, cape) * (1 - cape.alpha)
    dark = np.broadcast_to(np.array([18, 12, 12], np.float32), (*cape.alpha.shape, 3))
    return Draft(dark, np.where(alpha < 0.004, 0, alpha).astype(np.float32))


def _reduced(alpha: Plane) -> Plane:
    """Return alpha at a side of at most `_SOFT`, for what is soft anyhow."""
    height, width = alpha.shape
    scale = min(1.0, _SOFT / max(height, width))
    return resized(alpha, (max(1, round(width * scale)), max(1, round(height * scale))))


def _enlarged(alpha: Plane, like: Draft) -> Plane:
    return np.clip(resized(np.asarray(alpha, np.float32), like.size), 0, 1)
