"""Faces of people: how many, turned how, and whose (dlib's detector, landmarks and descriptor)."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.models import dlib_files
from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.curation.protocol import PairScorer, ScorerOptions, Scores
from stillyou.pairs.pair import Pixels

_LOOK = 400
"""Side at which faces are looked for, in pixels: those of portraits then have 140, the detector wants 80."""
_SURE = 0.2
"""Least score of a detection."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of a look."""


def _look(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((_LOOK, _LOOK), Image.Resampling.BICUBIC))


def _boxes(detector: Any, look: Pixels) -> list[Box]:
    """Return the faces of a look, the largest first."""
    found, _, _ = detector.run(look, 0, _SURE)
    boxes = [(box.left(), box.top(), box.right(), box.bottom()) for box in found]
    return sorted(boxes, key=lambda box: box[0] - box[2])


class Pose(PairScorer):
    """Compares the turns of the head that the fit network reads from source and target."""

    name = "pose"
    measures = {"turn": "greatest difference of yaw, pitch and roll of the head, degrees"}
    cost = "1 ms after 'change'"
    needs = "the fit network, which ships with the package"

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        if not candidate.sure:
            return {}
        turns = zip(*(fit.turn for fit in candidate.fits), strict=True)
        return {"turn": round(max(math.degrees(abs(one - other)) for one, other in turns), 2)}


class Faces(PairScorer):
    """Counts faces of people; a source whose fit is sure has one even where the detector sees none."""

    name = "faces"
    measures = {
        "faces": "faces in the source (people)",
        "new_faces": "faces that the target has more than the source (people)",
    }
    licence = "dlib's frontal detector: Boost Software License 1.0"
    cost = "40 ms"
    needs = "the extra 'faces' (dlib)"

    @classmethod
    def missing(cls, options: ScorerOptions) -> str:
        """Say whether dlib is not installed."""
        return "" if importlib.util.find_spec("dlib") else "pip install 'stillyou[faces]'"

    @cached_property
    def _detector(self) -> Any:
        import dlib

        return dlib.get_frontal_face_detector()

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        if candidate.pair.domain != "people":
            return {}
        pictures = (candidate.pair.source, candidate.pair.target)
        source, target = (len(_boxes(self._detector, _look(picture))) for picture in pictures)
        source = max(source, int(candidate.sure))
        return {"faces": source, "new_faces": max(0, target - max(1, source))}


class Identity(PairScorer):
    """Compares the source's face with what the target shows at its place, by dlib's descriptor.

    similarity = 1 - |d_source - d_target|; dlib's own bound for one person is 0.4.
    """

    name = "identity"
    measures = {"identity": "similarity of the faces, 1 = the same picture, 0.4 = dlib's bound for one person (people)"}
    licence = "dlib's descriptor and five landmarks: public domain (CC0), by way of face_recognition_models"
    cost = "250 ms"
    needs = "the extra 'identity' (dlib, face_recognition_models)"

    @classmethod
    def missing(cls, options: ScorerOptions) -> str:
        """Say whether the extra is not installed."""
        return "" if dlib_files.available() else dlib_files.INSTALL

    @cached_property
    def _parts(self) -> tuple[Any, Any, Any]:
        import dlib

        detector = dlib.get_frontal_face_detector()
        return detector, dlib_files.landmark_predictor(), dlib_files.descriptor_network()

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        if candidate.pair.domain != "people":
            return {}
        source, target = (_look(picture) for picture in (candidate.pair.source, candidate.pair.target))
        boxes = _boxes(self._parts[0], source)
        if not boxes:
            return {}
        one, other = (self._describe(look, boxes[0]) for look in (source, target))
        return {"identity": round(1 - float(np.linalg.norm(one - other)), 4)}

    def _describe(self, look: Pixels, box: Sequence[int]) -> NDArray[np.float64]:
        import dlib

        _, landmarks, network = self._parts
        return np.array(network.compute_face_descriptor(look, landmarks(look, dlib.rectangle(*box))), np.float64)
