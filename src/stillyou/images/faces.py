"""Faces in photographs: dlib's frontal detector, whose weights come with the library (extra `faces`).

The detector finds upright faces from 80 pixels on, looking up to 30 degrees to a side. Around it: large pictures are
reduced and small ones enlarged, a second look at a finer copy finds small faces (but where a large one was found: that
look takes six times as long), a turned picture finds faces that lie on their side, and a look at each face in a few
directions measures how far it is tilted. Where all that finds nothing, a network is asked (`face_network`), which
knows large faces under hats, behind sunglasses and from the side, but takes drawn faces for real ones: those are told
by their flat shading.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from stillyou.images.picture import Pixels
from stillyou.images.shading import shading

_FIRST_LOOK, _SECOND_LOOK = 1024, 2560
"""Longer side of the copies that are searched: faces from 1/13 of it on are found in one, from 1/32 in the other."""
_LARGE, _CERTAIN = 1 / 6, 1.0
"""Size of a face, in shares of the longer side, and its score, with which nobody looks for small ones."""
_TURNED_LOOK = 640
"""Longer side of the copy that is searched in other directions: faces from 1/8 of it on."""
_MOST_ENLARGED, _SECOND_ENLARGED = 3.0, 2.0
_LEAST_SIDE = 40
"""Pictures with a shorter side below this hold no face that could be edited."""
_LEAST_SCORE = 0.2
"""Scores of the detector: most faces exceed 1, a face turned away has 0.2 to 0.5, other things stay below."""
_LEAST_OF_BEST = 0.25
"""Faces that score less than this share of the best one's are patterns of cloth and leaves, mostly."""
_SURE, _SURE_TILTED = 0.5, 0.6
"""A score from which on nobody looks for tilted faces; and what a face in a turned picture must score."""
_DRAWN = 0.08
"""Shading (`shading.shading`) below which a picture is a drawing: no face of a person lies on its side in it."""
_TURNS = (45, -45, 90, -90, 135, -135, 180)
_GLANCE_FACE, _GLANCE_SIDE = 100, 240
"""When the tilt is measured: side of the face's box, and of the picture around it."""
_GLANCE_TURNS = (-30, -15, 0, 15, 30)
_GLANCE_SCORE = -0.5
_SEEN, _SOFT = 0.55, 0.3
"""What the network's probability and the shading of a face must reach. Of 54 photographs the faces have a shading of
0.31 to 0.7; of 25 drawings on soft grounds in which the network sees one, two have more than 0.3. A cat has 0.51."""
_DOUBT = 0.5
"""Score of a face of which the network is certain: it counts as one only in a picture that is shaded."""
_WIDER, _LOWER = 0.966, 0.038
"""The network's box beside the detector's: its size, and by how much of that its middle lies lower (medians of 42
faces that both find)."""
_NEAR = 0.6
_OVERLAP = 0.3
MOST_FACES = 64


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        x: Column of the middle of its box, in pixels.
        y: Row of the middle.
        size: Side of the square box, from the brows to the chin.
        tilt: Degrees, in (-180, 180], to turn the picture counter-clockwise until the face is upright.
        score: The detector's confidence; above 1 is sure.
    """

    x: float
    y: float
    size: float
    tilt: float = 0.0
    score: float = 1.0

    @property
    def weight(self) -> float:
        """Its size, less where the detector doubts it: what `largest` goes by."""
        return self.size * min(1.0, self.score)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the upright square; it may reach beyond the picture."""
        half = self.size / 2
        return round(self.x - half), round(self.y - half), round(self.x + half), round(self.y + half)


Detector = Callable[[Pixels], list[Face]]
"""Finds the faces of a picture uint8 (H, W, 3), from left to right, in its pixels. Not for two threads at once."""


def face_detector() -> Detector | None:
    """Return the detector; None where dlib is not installed."""
    return find_faces if importlib.util.find_spec("dlib") is not None else None


def find_faces(rgb: Pixels) -> list[Face]:
    """Find the faces of a picture.

    Args:
        rgb: uint8 (H, W, 3), of any size.

    Returns:
        At most `MOST_FACES`, the largest, from left to right.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return []
    image = Image.fromarray(rgb)
    scales = _scales(max(height, width))
    first = _resized(image, scales[0])
    faces = [_scaled(face, 1 / scales[0]) for face in _upright(first)]
    if not any(face.size >= _LARGE * max(height, width) and face.score >= _CERTAIN for face in faces):
        faces += [_scaled(face, 1 / s) for s in scales[1:] for face in _upright(_resized(image, s))]
    if max((face.score for face in faces), default=0.0) < _SURE and shading(rgb) >= _DRAWN:
        scale = min(scales[0], _TURNED_LOOK / max(height, width))
        faces += [_scaled(face, 1 / scale) for face in _turned(_resized(image, scale))]
    kept = _distinct(face for face in faces if 0 <= face.x < width and 0 <= face.y < height)
    if not kept:
        return sorted(_distinct(_seen(rgb)), key=lambda face: (face.x, face.y))
    largest = sorted(kept, key=lambda face: -face.weight)[:MOST_FACES]
    measured = [_scaled(_measured(first, _scaled(face, scales[0])), 1 / scales[0]) for face in largest]
    return sorted(measured, key=lambda face: (face.x, face.y))


def _seen(rgb: Pixels) -> list[Face]:
    """Return what the network takes for faces and what is shaded like one."""
    from stillyou.images import face_network  # PyTorch: most pictures do without

    found = []
    for seen in face_network.see(rgb, _SEEN):
        size, angle = seen.size / _WIDER, np.deg2rad(seen.tilt)
        x, y = seen.x + _LOWER * size * float(np.sin(angle)), seen.y - _LOWER * size * float(np.cos(angle))
        face = Face(x, y, size, seen.tilt, _DOUBT * seen.score)
        left, top, right, bottom = face.box
        inside = rgb[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if min(inside.shape[:2]) > 1 and shading(np.ascontiguousarray(inside)) >= _SOFT:
            found.append(face)
    return found


def find_large_faces(rgb: Pixels, look: int = 512) -> list[Face]:
    """Find the large upright faces of a picture in one quick look: from 80 / `look` of its longer side on.

    Args:
        rgb: uint8 (H, W, 3), of any size.
        look: Longer side of the copy that is searched.

    Returns:
        The surest first; their tilt is not measured.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return []
    scale = min(look / max(height, width), _MOST_ENLARGED)
    found = _run(_resized(Image.fromarray(rgb), scale), _LEAST_SCORE, True)
    return [_scaled(face, 1 / scale) for face in _distinct(found)]


def _scales(longest: int) -> list[float]:
    """Return by how much a picture is resized for each look."""
    first = min(_FIRST_LOOK / longest, _MOST_ENLARGED)
    second = min(_SECOND_LOOK / longest, _SECOND_ENLARGED)
    return [first, second] if second > 1.2 * first else [first]


def _resized(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    return image.resize(size, how, reducing_gap=2.0 if scale < 1 else None)


def _scaled(face: Face, scale: float) -> Face:
    return replace(face, x=face.x * scale, y=face.y * scale, size=face.size * scale)


_ONE_AT_A_TIME = threading.Lock()
"""The detector keeps a state of its own while it looks."""


@cache
def _dlib() -> Any:
    import dlib

    return dlib.get_frontal_face_detector()


def _run(image: Image.Image, least: float, upright_only: bool = False) -> list[Face]:
    """Return the detections; of its five parts the first three know upright faces, the others those that lean by 30."""
    with _ONE_AT_A_TIME:
        boxes, scores, parts = _dlib().run(np.asarray(image), 0, least)
    return [
        Face(box.left() + box.width() / 2, box.top() + box.height() / 2, float(box.width()), 0.0, float(score))
        for box, score, part in zip(boxes, scores, parts, strict=True)
        if part < 3 or not upright_only
    ]


def _upright(image: Image.Image) -> list[Face]:
    return _run(image, _LEAST_SCORE)


def _turned(image: Image.Image) -> list[Face]:
    """Find faces in copies that are turned by steps of 45 degrees."""
    found = []
    for turn in _TURNS:
        copy = image.rotate(turn, Image.Resampling.BILINEAR, expand=True)
        found += [_turned_back(face, turn, copy.size, image.size) for face in _run(copy, _SURE_TILTED)]
    return found


def _turned_back(face: Face, turn: float, turned: tuple[int, int], size: tuple[int, int]) -> Face:
    """Return a face of a copy that was turned counter-clockwise, in pixels of the picture itself."""
    angle = np.deg2rad(turn)
    x, y = face.x - turned[0] / 2, face.y - turned[1] / 2
    return replace(
        face,
        x=float(np.cos(angle) * x - np.sin(angle) * y + size[0] / 2),
        y=float(np.sin(angle) * x + np.cos(angle) * y + size[1] / 2),
        tilt=_wrapped(face.tilt + turn),
    )


def _wrapped(degrees: float) -> float:
    return -((-degrees + 180) % 360 - 180)


def _distinct(faces: Iterable[Face]) -> list[Face]:
    """Keep the best of those that overlap, and drop what scores far less than the best of all."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face, other) < _OVERLAP for other in kept):
            kept.append(face)
    return [face for face in kept if face.score >= _LEAST_OF_BEST * kept[0].score]


def _overlap(one: Face, other: Face) -> float:
    """Return the share of the smaller box that the other covers."""
    reach = (one.size + other.size) / 2
    smaller = min(one.size, other.size)
    sides = [min(smaller, max(0.0, reach - abs(d))) for d in (one.x - other.x, one.y - other.y)]
    return sides[0] * sides[1] / smaller**2


def _measured(image: Image.Image, face: Face) -> Face:
    """Measure a face again, from the direction in which it scores best."""
    looks = [_glance(image, face, _wrapped(face.tilt + turn)) for turn in _GLANCE_TURNS]
    scores = np.array([_GLANCE_SCORE if look is None else look.score for look in looks])
    best = int(scores.argmax())
    look = looks[best]
    if look is None:
        return face
    step = _GLANCE_TURNS[1] - _GLANCE_TURNS[0]
    offset = step * _peak(scores[best - 1 : best + 2]) if 0 < best < len(looks) - 1 else 0.0
    return replace(look, tilt=_wrapped(look.tilt + offset), score=max(face.score, look.score))


def _glance(image: Image.Image, face: Face, tilt: float) -> Face | None:
    """Look for one face, turned upright and at a fixed size; returns it in the picture's pixels."""
    scale = face.size / _GLANCE_FACE  # pixels of the picture in one of the glance
    angle, half = np.deg2rad(tilt), _GLANCE_SIDE / 2
    c, s = float(np.cos(angle)) * scale, float(np.sin(angle)) * scale
    coefficients = (c, -s, face.x - c * half + s * half, s, c, face.y - s * half - c * half)
    patch = image.transform(
        (_GLANCE_SIDE, _GLANCE_SIDE), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    found = [
        each for each in _run(patch, _GLANCE_SCORE, True) if np.hypot(each.x - half, each.y - half) < 0.6 * _GLANCE_FACE
    ]
    if not found:
        return None
    best = max(found, key=lambda each: each.score)
    x, y = best.x - half, best.y - half
    return Face(face.x + c * x - s * y, face.y + s * x + c * y, best.size * scale, tilt, best.score)


def _off_centre(face: Face) -> float:
    return float(np.hypot(face.x - _GLANCE_SIDE / 2, face.y - _GLANCE_SIDE / 2))


def _peak(scores: np.ndarray[Any, Any]) -> float:
    """Return where the parabola through three values at -1, 0 and 1 has its peak, in [-0.5, 0.5]."""
    before, here, after = (float(score) for score in scores)
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
