"""How far faces move, by hand."""

import numpy as np
import pytest

from stillyou.evaluation.landmarks import FaceLandmarks, displacement
from stillyou.images.faces import Face

EYES = np.array([[0, 0], [2, 0], [11, 0], [9, 0], [5, 8]], np.float32)


def test_displacement_by_hand():
    moved = EYES + np.float32([3, 4])
    assert displacement(EYES, moved) == pytest.approx(5 / 9)
    moved = EYES.copy()
    moved[4, 1] += 9
    assert displacement(EYES, moved) == pytest.approx(9 / 5 / 9)
    assert displacement(EYES * 0, EYES) is None


def test_faces_are_looked_for_once_and_in_the_source_alone():
    calls = []

    def detector(picture):
        calls.append("face")
        return [Face(4, 4, 8)] if picture.any() else []

    def landmarks(picture, face):
        return EYES + np.float32(picture[0, 0, 0])

    measured = FaceLandmarks(detector, landmarks)
    source = np.full((16, 16, 3), 9, np.uint8)
    assert measured(source, source) == 0
    assert measured(source, source + np.uint8(1)) == pytest.approx(2**0.5 / 9)
    assert measured(source * 0, source) is None
    assert calls == ["face", "face"]
