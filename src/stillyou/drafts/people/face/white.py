"""The light on a face: what white is in it, told from the whites of its eyes and from its skin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.draft import Plane
from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.bend import box_around
from stillyou.drafts.people.face.mesh import Mesh
from stillyou.drafts.people.face.mouth import filled

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_FEW = 24
"""Pixels of both eyes below which their whites tell nothing."""
_SHADED = 0.25
"""Whites darker than this share of the skin are dark glasses: one had 0.12, the eyes of portraits 0.31 and more."""


def white(pixels: NDArray[np.uint8], mesh: Mesh) -> tuple[Plane, bool]:
    """Return the colour of something white in a face's light, (3,) in 0..255, and whether its eyes are seen.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB.
        mesh: The face on it.
    """
    skin = _within(pixels, mesh, of.OVAL)
    lit = float(np.quantile(skin @ _LUMA, 0.85)) if len(skin) else 160.0
    level, tint, shown = 1.1 * lit, np.ones(3, np.float32), True
    rings = [
        (corners[0], *upper, corners[1], *lower[::-1])
        for upper, lower, corners in zip(of.UPPER_LIDS, of.LOWER_LIDS, of.EYE_CORNERS, strict=True)
    ]
    eyes = np.concatenate([_within(pixels, mesh, ring) for ring in rings])
    if len(eyes) >= _FEW:
        luma = eyes @ _LUMA
        whites = np.median(eyes[luma >= np.quantile(luma, 0.75)], axis=0)
        seen = float(whites @ _LUMA)
        shown = seen > _SHADED * lit
        if shown:
            level, tint = max(1.15 * seen, 0.95 * lit), np.clip(whites / seen, 0.75, 1.25)
    return np.asarray(np.clip(np.clip(level, 40, 245) * tint, 0, 250), np.float32), shown


def _within(pixels: NDArray[np.uint8], mesh: Mesh, ring: Sequence[int]) -> Plane:
    """Return the colours (n, 3) of what lies within a ring of points."""
    outline = mesh.points[[*ring]]
    box = box_around(outline, 1, len(pixels))
    part = pixels[box[1] : box[3], box[0] : box[2]]
    return np.asarray(part[filled(outline, box) > 0.9], np.float32)
