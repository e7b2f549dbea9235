"""What can be said of an edit of a photograph without truth, and its summary over many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou import metrics
from stillyou.editing.result import EditResult, changes
from stillyou.evaluation.figures import Figures, identity_summary, mean
from stillyou.images import Picture
from stillyou.images.faces import Face

MEANS = ("edit_success", "judge_score", "face_change", "mask_area")
"""Figures whose summary is their mean."""
UNCHANGED: Figures = {"face_change": 0.0, "mask_area": 0.0, "outside_change": 0}
"""What `changed` says of the source itself."""


def changed(picture: Picture, result: EditResult, face: Face, mask: NDArray[np.float32]) -> Figures:
    """Measure an edit against its source.

    Args:
        picture: The source.
        result: Its edit.
        face: The face that was edited.
        mask: The editing mask in the square around it, in [0, 1].

    Returns:
        `face_change` (mean absolute difference in the circle of the face's box, 8-bit levels), `mask_area` (share of
        the square that is marked) and `outside_change` (the greatest difference where the native mask is 0, 8-bit
        levels; measured here, not taken from the editor's report).
    """
    outside = changes(picture.rgb, result.picture.rgb, np.asarray(result.mask))[2]
    return {
        "face_change": face_change(picture, result.picture, face),
        "mask_area": float((mask >= metrics.MARKED / 255).mean()),
        "outside_change": round(255 * outside),
    }


def face_change(before: Picture, after: Picture, face: Face) -> float | None:
    """Return the mean absolute difference in the circle of a face's box, in 8-bit levels; None if it shows nothing."""
    width, height = before.size
    left, top = max(0, face.box[0]), max(0, face.box[1])
    right, bottom = max(left, min(width, face.box[2])), max(top, min(height, face.box[3]))
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    circle = (x - face.x) ** 2 + (y - face.y) ** 2 <= (face.size / 2) ** 2
    return metrics.mean_absolute_error(after.rgb[top:bottom, left:right], before.rgb[top:bottom, left:right], circle)


def summary(rows: Sequence[Figures]) -> dict[str, Any]:
    """Return the number of `edits`, the means of `MEANS`, the greatest `outside_change` and the figures of identity."""
    return {
        "edits": len(rows),
        **{name: mean([row[name] for row in rows]) for name in MEANS},
        "outside_change": int(max(row["outside_change"] or 0 for row in rows)),
        **identity_summary(rows),
    }
