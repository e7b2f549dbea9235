"""Close-ups: small edits are drawn in a square of their own, at the model's full resolution.

The mask of the whole square says where the edit goes. The square around it is what the model then draws in; it lies
inside the whole one, which crops and faces have chosen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.scene.frame import Framed
from stillyou.editing.scene.resample import Plane

AROUND: Final = 2.4
"""Side of the close-up, in sides of the mask: the model knows faces with some of what is around them."""
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


def _extent(counts: NDArray[np.integer]) -> tuple[float, float]:
    """Return where the marked pixels of a line begin and end, in shares of its length, but for specks at its ends."""
    reached = np.cumsum(counts) / counts.sum()
    first, last = np.searchsorted(reached, _SPECKS, side="right"), np.searchsorted(reached, 1 - _SPECKS)
    return float(first) / len(counts), float(last + 1) / len(counts)
