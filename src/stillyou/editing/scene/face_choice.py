"""Which faces are meant: ``largest``, ``all``, a number from the left, or a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stillyou.errors import StillYouError, UsageError
from stillyou.images.faces import Face

MOST_EDITED = 20
"""Faces that ``all`` edits at most: each takes as long as a picture of its own."""

_REMEDY = "Write largest, all, a number from the left (1 is the first), or X,Y in pixels."


@dataclass(frozen=True)
class FaceChoice:
    """A choice of faces.

    Attributes:
        kind: `largest`, `all`, `number` or `point`.
        number: From 1, counted from the left.
        point: Column and row in pixels of the upright picture.
    """

    kind: str = "largest"
    number: int = 1
    point: tuple[float, float] = (0.0, 0.0)


def parse_face(text: str | int | FaceChoice) -> FaceChoice:
    """Read ``largest``, ``all``, ``N`` or ``X,Y``.

    Raises:
        UsageError: Anything else.
    """
    if isinstance(text, FaceChoice):
        return text
    words = str(text).strip().lower()
    if words in ("largest", "all"):
        return FaceChoice(words)
    try:
        numbers = [float(part) for part in words.split(",")]
    except ValueError as error:
        raise UsageError(f"face '{text}' is no choice of a face", _REMEDY) from error
    if len(numbers) == 2 and all(map(math.isfinite, numbers)):
        return FaceChoice("point", point=(numbers[0], numbers[1]))
    if len(numbers) == 1 and words.isdigit() and numbers[0] >= 1:
        return FaceChoice("number", number=int(words))
    raise UsageError(f"face '{text}' is no choice of a face", _REMEDY)


def choose(faces: Sequence[Face], choice: FaceChoice, size: tuple[int, int]) -> list[int]:
    """Return the indices of the chosen faces, from left to right.

    Args:
        faces: At least one, from left to right.
        choice: What the user wants.
        size: Width and height of the picture.

    Raises:
        StillYouError: There are not so many faces, or the point lies outside the picture.
    """
    if choice.kind == "all":
        largest = sorted(range(len(faces)), key=lambda index: -faces[index].weight)
        return sorted(largest[:MOST_EDITED])
    if choice.kind == "number":
        if choice.number > len(faces):
            raise StillYouError(f"there is no face {choice.number}: {counted(len(faces))} found", _look(len(faces)))
        return [choice.number - 1]
    if choice.kind == "point":
        return [_at(faces, choice.point, size)]
    return [max(range(len(faces)), key=lambda index: faces[index].weight)]


def counted(count: int) -> str:
    """Return `no face was`, `1 face was` or `N faces were`."""
    return f"{count or 'no'} face{'s were' if count > 1 else ' was'}"


def _look(count: int) -> str:
    numbers = "1" if count == 1 else f"1 to {count}"
    return f"Choose {numbers}, counted from the left; --faces-out faces.png shows them."


def _at(faces: Sequence[Face], point: tuple[float, float], size: tuple[int, int]) -> int:
    """Return the face that a point lies in, or the nearest one."""
    x, y = point
    if not (0 <= x < size[0] and 0 <= y < size[1]):
        raise StillYouError(
            f"the point {x:g},{y:g} lies outside the picture of {size[0]}x{size[1]} pixels",
            "Name a point of the upright picture.",
        )

    def gap(index: int) -> tuple[float, float]:
        face = faces[index]
        apart = max(abs(face.x - x), abs(face.y - y))
        return max(0.0, apart - face.size / 2), math.hypot(face.x - x, face.y - y)

    return min(range(len(faces)), key=gap)
