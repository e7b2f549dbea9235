"""Close-ups: small edits are drawn in a square of their own, at the model's full resolution.

Where the edit goes, the fit network says for expressions: to the face. Where it is unsure, and for other effects, the
mask of the whole square says it. The square around that is what the model draws in; it lies inside the whole one, which
crops and faces have chosen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts import network
from stillyou.drafts.plausible import objection
from stillyou.editing.fitting import look_once, upright
from stillyou.editing.scene.frame import Framed
from stillyou.editing.scene.resample import Plane
from stillyou.images import Picture

AROUND: Final = 2.4
"""Side of the close-up, in sides of the mask: the model knows faces with some of what is around them."""
AROUND_FACE: Final = 1.9
"""Side of the close-up, in heights of the face from the brows to the chin (or widths, if that is more)."""
LEAST_SHARE: Final = 0.34
"""Of the whole square's side: more enlargement shows the model blur that it has never seen."""
_HARDLY = 0.9
"""A close-up of more than this share is not worth another square."""
_MARKED, _SPECKS = 0.5, 0.01
"""From where on a mask counts; share of what is marked, on each side, that may be specks far from the rest."""


def close_up(whole: Framed, mask: Plane) -> Framed | None:
    """Return the square to draw in.

    Args:
        whole: The square that the mask was estimated on.
        mask: (cells, cells) in [0, 1] over its crop, upright.

    Returns:
        A square inside the whole one; None where that one serves as well: an empty or a large mask.
    """
    marked = mask > _MARKED
    if not marked.any():
        return None
    (left, right), (top, bottom) = _extent(marked.sum(axis=0)), _extent(marked.sum(axis=1))
    longest = max(right - left, bottom - top) * whole.cells / whole.side
    share = max(AROUND * longest, LEAST_SHARE)
    if share > _HARDLY:
        return None
    return whole.part((left + right) / 2, (top + bottom) / 2, share)


def face_square(picture: Picture, whole: Framed) -> Framed | None:
    """Return the square to draw an expression in.

    Args:
        picture: The upright picture.
        whole: The square that was chosen.

    Returns:
        A square inside the whole one, around the face, or itself where the face fills it; None where the fit network is
        not sure of a face.
    """
    seen = look_once(picture, whole)
    if objection(seen, network.load().config.sure_below) is not None:
        return None
    fit = upright(seen, whole)
    left, right, top, bottom = (fit[f"face_{end}"] for end in ("left", "right", "top", "bottom"))
    x, y = (float(at) for at in (left + right + top + bottom) / 4)
    longest = max(float(np.linalg.norm(bottom - top)), float(np.linalg.norm(right - left)))
    share = max(AROUND_FACE * longest, LEAST_SHARE)
    return whole if share > _HARDLY else whole.part(x, y, share)


def _extent(counts: NDArray[np.integer]) -> tuple[float, float]:
    """Return where the marked pixels of a line begin and end, in shares of its length, but for specks at its ends."""
    reached = np.cumsum(counts) / counts.sum()
    first, last = np.searchsorted(reached, _SPECKS, side="right"), np.searchsorted(reached, 1 - _SPECKS)
    return float(first) / len(counts), float(last + 1) / len(counts)
