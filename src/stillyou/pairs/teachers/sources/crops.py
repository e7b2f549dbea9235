"""The square of a pair out of a sitter's wide one: how large the face is, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.drafts.fit import Fit
from stillyou.images.framing import FACE_CENTRE
from stillyou.pairs.teachers.sources.sitter import WIDE, Sitter

_SHARES = (0.31, 0.46)
"""Of the square's side that the face's box has, drawn evenly by ratio."""
_SHIFT = 0.03
"""How far the face lies from its usual place at most, as a share of the side."""
_WITHIN = 0.75
"""Share of the pairs whose squares lie inside the picture, where that leaves room around the head."""
_CLOSEST = 0.68
"""Share of the side that the face may have at most."""


@dataclass(frozen=True)
class Crop:
    """A square, in shares of the wide square's side; mirrored or not."""

    left: float
    top: float
    share: float
    mirrored: bool

    def fit(self, wide: Fit) -> Fit:
        """Return the fit of this square (not mirrored) from that of the wide one."""
        points = (wide.points - np.array([self.left, self.top], np.float32)) / np.float32(self.share)
        doubt = None if wide.doubt is None else wide.doubt / np.float32(self.share)
        return Fit(points.astype(np.float32), wide.turn, doubt)


def draw_crop(sitter: Sitter, rng: np.random.Generator) -> Crop:
    """Draw the square of a pair."""
    low, high = np.log(_SHARES)
    share = WIDE / float(np.exp(rng.uniform(low, high)))
    shift, within, mirrored = rng.uniform(-_SHIFT, _SHIFT, 2), rng.random() < _WITHIN, bool(rng.random() < 0.5)
    left, top, right, bottom = sitter.inside if within else (0.0, 0.0, 1.0, 1.0)
    room = min(right - left, bottom - top)
    if room < WIDE / _CLOSEST:
        (left, top, right, bottom), room = (0.0, 0.0, 1.0, 1.0), 1.0
    share = min(share, room)
    x, y = (centre - (centre + moved) * share for centre, moved in zip(FACE_CENTRE, shift, strict=True))
    x, y = float(np.clip(x, left, right - share)), float(np.clip(y, top, bottom - share))
    return Crop(x, y, share, mirrored)
