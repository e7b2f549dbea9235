"""Whether an edit still shows the same person: dlib's face descriptor (extra `identity`).

A face is turned upright, cut out at 150 pixels and described by 128 numbers d that dlib's network was trained to hold
close together for one person and apart for two:

    similarity(a, b) = 1 - |d_a - d_b|        1 = the same picture; dlib's own bound for one person is 0.4

Synthetic people and pictures from one source lie closer together than the network's training pictures, so the bound
alone says little here: every figure stands beside the similarity between different people (`between`), and
`is_nearest` asks whether an edit is closer to its own source than to anybody else's.

The weights are those of the package face_recognition_models: its descriptor network and its five landmarks (both in the
public domain, github.com/davisking/dlib-models), read as files, since importing the package needs the retired
pkg_resources. Its 68 landmarks, made from data that excludes commercial use, are never read.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.scene.frame import frame_face
from stillyou.errors import StillYouError, requires
from stillyou.images import Picture
from stillyou.images.faces import Detector, Face, find_faces
from stillyou.images.framing import FACE_CENTRE
from stillyou.metrics import Picture as Pixels

Descriptor = NDArray[np.float64]
"""(128,), of a face."""
SIDE = 512
"""Side of the square that a face is cut from, in pixels: its box then has about 180."""
INSTALL = "pip install 'stillyou[identity]'"
_PACKAGE = "face_recognition_models"
_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
_LANDMARKS = "shape_predictor_5_face_landmarks.dat"


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
        requires("identity", "dlib", _PACKAGE)
        import dlib

        self._detector, self._rectangle = detector, dlib.rectangle
        self._landmarks = _loaded(dlib.shape_predictor, _weights(_LANDMARKS))
        self._network = _loaded(dlib.face_recognition_model_v1, _weights(_NETWORK))

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
    requires("identity", "dlib", _PACKAGE)
    import dlib

    found = _predictor()(np.ascontiguousarray(picture), dlib.rectangle(*face.box))
    return np.array([(point.x, point.y) for point in found.parts()], np.float32)


@cache
def _predictor() -> Any:
    import dlib

    return _loaded(dlib.shape_predictor, _weights(_LANDMARKS))


def available() -> bool:
    """Tell whether the extra `identity` is installed."""
    return all(importlib.util.find_spec(module) is not None for module in ("dlib", _PACKAGE))


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


def _weights(name: str) -> Path:
    """Return a file of the package without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        if (path := Path(folder) / "models" / name).is_file():
            return path
    raise StillYouError(f"{_PACKAGE} has no {name}", f"Run: {INSTALL}")


def _loaded(load: Any, path: Path) -> Any:
    try:
        return load(str(path))
    except RuntimeError as error:
        raise StillYouError(f"{path} is damaged", f"Run: pip install --force-reinstall {_PACKAGE}") from error
