"""Whether an edit still shows the same person: dlib's face descriptor (extra `identity`).

A face is turned upright, cut out at 150 pixels and described by 128 numbers d that dlib's network was trained to hold
close together for one person and apart for two:

    similarity(a, b) = 1 - |d_a - d_b|        1 = the same picture; dlib's own bound for one person is 0.4

Synthetic people and pictures from one source lie closer together than the network's training pictures, so the bound
alone says little here: every figure stands beside the similarity between different people (`between`), and
`is_nearest` asks whether an edit is closer to its own source than to anybody else's.

The weights are those of `stillyou.models.dlib_files`, in the public domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.scene.frame import frame_face
from stillyou.images import Picture
from stillyou.images.faces import Detector, Face, find_faces
from stillyou.images.framing import FACE_CENTRE
from stillyou.metrics import Picture as Pixels
from stillyou.models.dlib_files import descriptor_network, landmark_predictor

Descriptor = NDArray[np.float64]
"""(128,), of a face."""
SIDE = 512
"""Side of the square that a face is cut from, in pixels: its box then has about 180."""


class FaceReader(Protocol):
    """What evaluation needs to compare faces."""

    def describe(self, pictures: Sequence[Pixels]) -> list[Descriptor] | None:
        """Describe the face of pictures (H, W, 3) uint8 of one size that show it at one place.

        Returns:
            A descriptor each; None if there is no face in the first picture.
        """
        ...


class DlibReader:
    """Describes faces with dlib.

    Args:
        detector: Finds the face; by default the editor's.

    Raises:
        StillYouError: The extra `identity` is not installed, or its files are damaged.
    """

    def __init__(self, detector: Detector = find_faces) -> None:
        self._landmarks, self._network = landmark_predictor(), descriptor_network()
        import dlib

        self._detector, self._rectangle = detector, dlib.rectangle

    def describe(self, pictures: Sequence[Pixels]) -> list[Descriptor] | None:
        """Describe the largest face of the first picture, and what the others show at its place.

        A costume or a grimace may hide a face from the detector, not from the landmarks, which each picture has its
        own of.
        """
        faces = self._detector(pictures[0])
        if not faces:
            return None
        face = max(faces, key=lambda face: face.weight)
        return [self._describe(picture, face) for picture in pictures]

    def _describe(self, picture: Pixels, face: Face) -> Descriptor:
        framed = frame_face(face, SIDE, len(picture))
        square = framed.see(Picture(picture))
        half = face.size / framed.crop.size * framed.cells / 2
        x, y = (share * SIDE for share in FACE_CENTRE)
        box = self._rectangle(*(round(value) for value in (x - half, y - half, x + half, y + half)))
        return np.array(self._network.compute_face_descriptor(square, self._landmarks(square, box)), np.float64)


def five_landmarks(picture: Pixels, face: Face) -> NDArray[np.float32]:
    """Return two corners of one eye, two of the other, and the base of the nose: (5, 2) x and y in pixels.

    Raises:
        StillYouError: The extra `identity` is not installed, or its files are damaged.
    """
    predictor = _predictor()
    import dlib

    found = predictor(np.ascontiguousarray(picture), dlib.rectangle(*face.box))
    return np.array([(point.x, point.y) for point in found.parts()], np.float32)


@cache
def _predictor() -> Any:
    return landmark_predictor()


def similarity(one: Descriptor, other: Descriptor) -> float:
    """Return 1 - |d_one - d_other|: 1 for equal descriptors, about 0.4 or less for two people, at worst below 0."""
    return 1.0 - float(np.linalg.norm(one - other))


def between(descriptors: Sequence[Descriptor]) -> dict[str, float | int] | None:
    """Compare different people with each other.

    Args:
        descriptors: One a person.

    Returns:
        `people`, and the `mean`, the 95th percentile (`p95`) and the `highest` similarity of two; None for fewer than
        two people.
    """
    if len(descriptors) < 2:
        return None
    table = np.stack(list(descriptors))
    apart = np.concatenate([np.linalg.norm(table[i + 1 :] - one, axis=1) for i, one in enumerate(table)])
    found = 1.0 - apart
    return {
        "people": len(descriptors),
        "mean": float(found.mean()),
        "p95": float(np.percentile(found, 95)),
        "highest": float(found.max()),
    }


def is_nearest(answer: Descriptor, own: Descriptor, everybody: Sequence[Descriptor]) -> bool | None:
    """Tell whether an answer's face is closer to its own source than to any other; None if there is no other."""
    table = np.stack(list(everybody))
    others = table[(table != own).any(axis=1)]
    if not len(others):
        return None
    return bool(np.linalg.norm(answer - own) < np.linalg.norm(others - answer, axis=1).min())
