"""What speaks against a fit: reasons not to put a costume there, and what a person should know of one put on."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from stillyou.drafts.fit import Fit

_LEAST_BRIM, _MOST_BRIM = 0.05, 1.4
"""Widths of a brim, in shares of the square's side, beyond which there is no head to dress."""
_PROFILE: Final = math.radians(50)
_INSIDE: Final = 0.01


def objection(fit: Fit, sure_below: float) -> str | None:
    """Say why nothing can be put on by a fit; None where it can be.

    Args:
        fit: Of a square as the network saw it.
        sure_below: The mean doubt above which a fit is none.
    """
    if not np.isfinite(fit.points).all() or fit.unsure > sure_below:
        return "where the costume sits could not be told (no head, more than one, or an unusual one)"
    across = fit["brim_right"] - fit["brim_left"]
    wide = float(np.hypot(*across))
    face = (fit["face_left"] + fit["face_right"] + fit["face_top"] + fit["face_bottom"]) / 4
    if not _LEAST_BRIM <= wide <= _MOST_BRIM or not ((face > 0) & (face < 1)).all():
        return "no head was found where one was looked for"
    down = np.array([-across[1], across[0]]) / wide

    def level(*names: str) -> float:
        return float(np.mean([fit[name] @ down for name in names]))

    order = (level("crown"), level("eye_left", "eye_right"), level("mouth"), level("face_bottom") + 0.1 * wide)
    if list(order) != sorted(order) or level("neck_left", "neck_right") < level("eye_left", "eye_right"):
        return "eyes, mouth and neck were not found where a head has them"
    return None


def warnings(fit: Fit, left: float, top: float, right: float, bottom: float) -> list[str]:
    """Return what a person should know about art that is put on by a fit.

    Args:
        fit: Of the upright square.
        left: Of the picture's border, in shares of the square's side, as are the others.
        top: Likewise.
        right: Likewise.
        bottom: Likewise.
    """
    told = []
    head = np.stack([fit[name] for name in ("brim_left", "brim_right", "crown")])
    outside = (head < np.array([left, top]) - _INSIDE) | (head > np.array([right, bottom]) + _INSIDE)
    if outside.any():
        told.append("the head reaches beyond the picture's border, and so does what it wears")
    if abs(fit.turn[0]) > _PROFILE:
        told.append("the head is turned far to the side, where costumes fit less well")
    return told
