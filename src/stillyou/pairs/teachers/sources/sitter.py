"""A portrait of the user's that pairs can be made of: a wide square around its one head, and where things sit on it.

The face detector finds the face, the fit network says where the head is. A drawing, or a face that looks away, may have
no face for the detector: then two looks of the network must agree. What depends on the portrait alone is found out
once here; squares of pairs are cut out of the wide one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stillyou.drafts import network
from stillyou.drafts.fit import Fit
from stillyou.drafts.plausible import objection
from stillyou.errors import StillYouError
from stillyou.images import Picture, read_picture
from stillyou.images.colour import to_srgb
from stillyou.images.faces import Face, find_faces, find_large_faces
from stillyou.images.framing import FACE_CENTRE, FACE_SHARE
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.sources.square import around, cut, middle

WIDE = 0.28
"""Share of the wide square's side that the face has."""
FINER = 1.7
"""Side of the wide square at most, in sides of the pairs."""
_SEEN = 256
"""Side of the square that the fit network is shown."""
_SURE = 0.5
"""Score of the detector from which on its quick look is believed."""
_QUICK = 512
_SECOND, _LOOK_OF_ONE = 0.5, 80
"""Share of the head's size from which on another face is a second person; pixels of the smallest face in a look."""
_FEWEST = 0.33
"""A face must have so many pixels a side, as a share of those that it has in a pair."""
_APART = 0.12
"""Brims by which two looks may differ where no face was found."""
NO_FACE = "no face was found in the source, or it is turned away"
SEVERAL = "the source shows more than one head"
ASIDE = "the face in the source looks to a side"
SMALL = "the face in the source is too small"
DAMAGED = "the source cannot be read"


@dataclass(frozen=True, eq=False)
class Sitter:
    """A portrait that can be used.

    Attributes:
        name: Of its file.
        pixels: The wide square (W, W, 3) uint8 sRGB, upright.
        fit: Of the wide square.
        inside: Left, top, right and bottom of the part of it that shows the picture, in shares of its side.
    """

    name: str
    pixels: Pixels
    fit: Fit
    inside: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Unusable:
    """A file that no pair can be made of.

    Attributes:
        name: Of the file.
        reason: In a few words, always one of this module's.
        pixels: (size, size, 3) of what it shows; grey where it cannot be read.
    """

    name: str
    reason: str
    pixels: Pixels


def sit(path: Path, size: int) -> Sitter | Unusable:
    """Read a portrait and find its head.

    Args:
        path: A picture file.
        size: Side of the pairs in pixels.
    """
    try:
        picture = read_picture(path)
    except StillYouError:
        return Unusable(path.name, DAMAGED, np.full((size, size, 3), 128, np.uint8))
    pixels = to_srgb(_on_white(picture), picture.info.icc)
    found = _head(pixels, size)
    if isinstance(found, str):
        return Unusable(path.name, found, middle(pixels, size))
    face, seen = found
    square = around(face, WIDE)
    wide = cut(pixels, square, int(np.clip(round(square.side), size, round(FINER * size))))
    return Sitter(path.name, wide, _wider(seen), _shown(face, pixels))


def _on_white(picture: Picture) -> Pixels:
    """Return a picture's pixels as they look on white paper."""
    if picture.alpha is None:
        return picture.rgb
    alpha = picture.alpha[..., None].astype(np.float32) / np.float32(255)
    return np.rint(255 + alpha * (picture.rgb.astype(np.float32) - 255)).astype(np.uint8)


def _head(pixels: Pixels, size: int) -> tuple[Face, Fit] | str:
    """Return the face's box and the fit of the square around it, or why there is none."""
    faces = [face for face in find_large_faces(pixels, _QUICK) if face.score >= _SURE] or find_faces(pixels)
    if not faces:
        return _unseen(pixels, size)
    face = max(faces, key=lambda each: each.weight)
    if face.size < _FEWEST * FACE_SHARE * size:
        return SMALL
    if _second(pixels, face, faces):
        return SEVERAL
    fit = _fit(pixels, face)
    return NO_FACE if objection(fit, network.load().config.sure_below) else (face, fit)


def _second(pixels: Pixels, face: Face, faces: list[Face]) -> bool:
    """Tell whether another head of about the same size is in the wide square around a face."""
    square = around(face, WIDE)
    if _LOOK_OF_ONE / _QUICK * max(pixels.shape[:2]) > _SECOND * face.size:  # the first look may have missed one
        scale, look = square.side / _QUICK, cut(pixels, square, _QUICK)
        corner = square.x - square.side / 2, square.y - square.side / 2
        faces = [
            replace(each, x=corner[0] + scale * each.x, y=corner[1] + scale * each.y, size=scale * each.size)
            for each in find_large_faces(look, _QUICK)
        ]

    def apart(other: Face) -> float:
        return max(abs(other.x - face.x), abs(other.y - face.y))

    others = (each for each in faces if each.weight >= _SECOND * face.weight and each.size >= _SECOND * face.size)
    return any(0.5 * face.size < apart(other) < 0.5 * square.side for other in others)


def _unseen(pixels: Pixels, size: int) -> tuple[Face, Fit] | str:
    """Look for a head that the detector does not see: two looks of the network must agree on it."""
    height, width = pixels.shape[:2]
    side = float(min(height, width))
    sure = network.load().config.sure_below
    face = Face(width / 2, FACE_CENTRE[1] * side, FACE_SHARE * side)
    looks = []
    for _ in range(2):
        fit = _fit(pixels, face)
        if objection(fit, sure):
            return NO_FACE
        looks.append(_places(fit, face))
        face, last = _seen_face(fit, face), face
    brim = max(1.0, float(np.linalg.norm(looks[1][1] - looks[1][0])))
    if float(np.linalg.norm(looks[1] - looks[0], axis=1).mean()) / brim > _APART:
        return NO_FACE
    return SMALL if last.size < _FEWEST * FACE_SHARE * size else (last, fit)


def _fit(pixels: Pixels, face: Face) -> Fit:
    return network.predict(cut(pixels, around(face, FACE_SHARE), _SEEN)[None])[0]


def _places(fit: Fit, face: Face) -> np.ndarray:
    """Return where brim and chin lie (3, 2), in pixels of the picture."""
    square = around(face, FACE_SHARE)
    points = np.stack([fit[name] for name in ("brim_left", "brim_right", "face_bottom")]).astype(np.float64)
    return np.array([square.x, square.y]) + (points - 0.5) * square.side


def _seen_face(fit: Fit, face: Face) -> Face:
    """Return the face's box as the network sees it: as wide as the face is high from the brows to the chin."""
    square = around(face, FACE_SHARE)
    ends = np.stack([fit[f"face_{end}"] for end in ("left", "right", "top", "bottom")]).astype(np.float64)
    x, y = np.array([square.x, square.y]) + (ends.mean(0) - 0.5) * square.side
    return Face(float(x), float(y), float(np.linalg.norm(ends[3] - ends[2])) * square.side)


def _wider(fit: Fit) -> Fit:
    """Return a fit of the usual square in shares of the wide one."""
    centre = np.array(FACE_CENTRE, np.float32)
    points = centre + (fit.points - centre) * np.float32(WIDE / FACE_SHARE)
    doubt = None if fit.doubt is None else fit.doubt * np.float32(WIDE / FACE_SHARE)
    return Fit(points, fit.turn, doubt)


def _shown(face: Face, pixels: Pixels) -> tuple[float, float, float, float]:
    """Return the part of the wide square that shows the picture; all of it for a turned one."""
    square, (height, width) = around(face, WIDE), pixels.shape[:2]
    if square.tilt:
        return 0.0, 0.0, 1.0, 1.0
    left, top = square.x - square.side / 2, square.y - square.side / 2
    ends = (-left, -top, width - left, height - top)
    x0, y0, x1, y1 = (float(np.clip(end / square.side, 0, 1)) for end in ends)
    return x0, y0, x1, y1
