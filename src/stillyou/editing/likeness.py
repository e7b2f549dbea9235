"""Whether the edited face is still the same person's: dlib's descriptors before and after (extra `identity`)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.result import EditResult, FaceReport
from stillyou.images.picture import Pixels
from stillyou.models import dlib_files


def likeness(before: Pixels, result: EditResult) -> float | None:
    """Return 1 - |d_before - d_after| of the first face that was edited; None without one, or without the extra.

    Args:
        before: The upright picture uint8 (H, W, 3).
        result: Its edit, whose landmarks are looked for where the face was before.
    """
    face = next((each for each in result.report.faces if each.edited), None)
    if face is None or not dlib_files.available():
        return None
    one, other = (_described(rgb, face) for rgb in (before, result.picture.rgb))
    return round(1 - float(np.linalg.norm(one - other)), 4)


def _described(rgb: Pixels, face: FaceReport) -> NDArray[np.float64]:
    import dlib

    landmarks, network = _networks()
    box = dlib.rectangle(face.left, face.top, face.left + face.size, face.top + face.size)
    rgb = np.ascontiguousarray(rgb)
    return np.array(network.compute_face_descriptor(rgb, landmarks(rgb, box)), np.float64)


@cache
def _networks() -> tuple[Any, Any]:
    return dlib_files.landmark_predictor(), dlib_files.descriptor_network()
