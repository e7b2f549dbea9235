"""How far an edit moves a face: dlib's five landmarks (extra `identity`), before and after.

With landmarks p_k of the source and q_k of the answer, and e the distance between the source's eyes:

    displacement = mean over k of |p_k - q_k| / e

The answer's landmarks are looked for where the source's face is: a costume may hide a face from the detector, not from
the landmarks. An expression moves a mouth and brows, of which the five points have none: the oracle's value is what
the truth moves, and what counts is the distance from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stillyou.evaluation.identity import five_landmarks
from stillyou.images.faces import Detector, Face, find_faces
from stillyou.metrics import Picture

Points = NDArray[np.float32]
"""(5, 2), x and y in pixels: two corners of one eye, two of the other, the base of the nose."""


def displacement(before: Points, after: Points) -> float | None:
    """Return the displacement in distances between the eyes; None where the eyes lie on each other."""
    eyes = float(np.linalg.norm(before[:2].mean(axis=0) - before[2:4].mean(axis=0)))
    return float(np.linalg.norm(before - after, axis=1).mean()) / eyes if eyes > 0 else None


class FaceLandmarks:
    """Measures displacements of the largest face.

    Args:
        detector: Finds it in the source.
        landmarks: Finds the points.
    """

    def __init__(
        self, detector: Detector = find_faces, landmarks: Callable[[Picture, Face], Points] = five_landmarks
    ) -> None:
        self._detector, self._landmarks = detector, landmarks
        self._known: dict[bytes, tuple[Face, Points] | None] = {}

    def __call__(self, source: Picture, answer: Picture) -> float | None:
        """Return the displacement between two pictures uint8 (H, W, 3); None where the source shows no face."""
        found = self._of(source)
        return None if found is None else displacement(found[1], self._landmarks(answer, found[0]))

    def _of(self, source: Picture) -> tuple[Face, Points] | None:
        """Return a source's face and landmarks, looked for once: every editor answers the same sources."""
        key = source.tobytes()
        if key not in self._known:
            faces = self._detector(source)
            face = max(faces, key=lambda face: face.weight) if faces else None
            self._known[key] = None if face is None else (face, self._landmarks(source, face))
        return self._known[key]
