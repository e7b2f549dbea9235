"""The true fit of a drawn character: its style's costume geometry, carried to the picture by the pose.

Three frames meet here, all in canvas units until the pose is applied: the head frame and the ellipses of
`fit.CostumeFit`, the body frame, and the coordinates of the face's anchor, which lie under the transforms that
dicebear writes around it.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stillyou.drafts.fit import MIRRORED, POINTS, Fit
from stillyou.drafts.vector.costume_fit import CostumeFit, Ellipse
from stillyou.errors import UsageError
from stillyou.pairs.teachers.cartoon import definition
from stillyou.pairs.teachers.cartoon.avatar import render_avatar
from stillyou.pairs.teachers.cartoon.character import Character
from stillyou.pairs.teachers.cartoon.raster import Pose
from stillyou.pairs.teachers.cartoon.spec import Point, StyleSpec

Matrix = npt.NDArray[np.float64]
"""(3, 3) affine map of the plane."""
SHOULDER_DROP = 0.2
"""How far the ends of the shoulders lie below the neck, in body units: on the outline of `wardrobe.robe`."""
CROWN = 0.94
"""Height of the skull above the hood's middle, as a share of the hood's radius."""


def true_fit(character: Character, pose: Pose) -> Fit:
    """Return where things sit on the picture of a character.

    Args:
        character: Of a style that costumes fit.
        pose: Where it stands in the picture.

    Raises:
        UsageError: The style has no costume fit.
    """
    points = np.array([canvas_points(character)[name] for name in POINTS])
    moved = _posed(points / definition.canvas_side(character.style.name), pose)
    if pose.a * pose.d - pose.b * pose.c < 0:  # mirrored: left and right change places
        moved = moved[list(MIRRORED)]
    across = moved[POINTS.index("brim_right")] - moved[POINTS.index("brim_left")]
    return Fit(moved.astype(np.float32), (0.0, 0.0, math.atan2(across[1], across[0])))


def canvas_points(character: Character) -> dict[str, Point]:
    """Return every point of a fit in canvas units.

    Raises:
        UsageError: The style has no costume fit.
    """
    style = character.style
    if style.costume is None:
        raise UsageError(f"nothing is known of where costumes sit on style '{style.name}'", "Choose another style.")
    fit = style.costume
    if fit.anchor:
        fit = fit.shifted(character.variants.get(fit.anchor))
    return {**_head(fit), **_ellipses(fit), **_body(fit), **_features(style, character)}


def _head(fit: CostumeFit) -> dict[str, Point]:
    x, y, unit = fit.head
    along = unit * math.cos(math.radians(fit.tilt)), unit * math.sin(math.radians(fit.tilt))
    cx, cy, _, ry = fit.hood
    return {
        "brim_left": (x - along[0], y - along[1]),
        "brim_right": (x + along[0], y + along[1]),
        "crown": _turned(fit, (cx, cy - CROWN * ry)),
    }


def _ellipses(fit: CostumeFit) -> dict[str, Point]:
    """Return the ends of the axes of face and hood, which turn with the head about the hood's centre."""
    ellipses: dict[str, Ellipse] = {"face": fit.face, "hood": fit.hood}
    found: dict[str, Point] = {}
    for name, (x, y, rx, ry) in ellipses.items():
        ends = {"left": (x - rx, y), "right": (x + rx, y), "top": (x, y - ry), "bottom": (x, y + ry)}
        found |= {f"{name}_{end}": _turned(fit, point) for end, point in ends.items()}
    return found


def _body(fit: CostumeFit) -> dict[str, Point]:
    x, y, unit = fit.neck
    return {
        "neck_left": (x - fit.collar * unit, y),
        "neck_right": (x + fit.collar * unit, y),
        "collar": (x, y + fit.sag * unit),
        "shoulder_left": (x - unit, y + SHOULDER_DROP * unit),
        "shoulder_right": (x + unit, y + SHOULDER_DROP * unit),
    }


def _features(style: StyleSpec, character: Character) -> dict[str, Point]:
    matrix = face_matrix(style, character.variants.get(style.costume.anchor, "") if style.costume else "")
    face = style.face
    places = {"eye_left": face.left_eye, "eye_right": face.right_eye, "mouth": face.mouth}
    return {name: _through(matrix, point) for name, point in places.items()}


def _turned(fit: CostumeFit, point: Point) -> Point:
    """Turn a point with the head about the middle of the hood."""
    angle = math.radians(fit.tilt)
    x, y = point[0] - fit.hood[0], point[1] - fit.hood[1]
    return (
        fit.hood[0] + x * math.cos(angle) - y * math.sin(angle),
        fit.hood[1] + x * math.sin(angle) + y * math.cos(angle),
    )


def _posed(points: Matrix, pose: Pose) -> Matrix:
    """Move points (K, 2) of the unit square."""
    linear = np.array([[pose.a, pose.b], [pose.c, pose.d]])
    return np.asarray(points @ linear + [pose.e, pose.f])


def _through(matrix: Matrix, point: Point) -> Point:
    x, y, _ = (matrix @ [*point, 1.0]).tolist()
    return x, y


@lru_cache(maxsize=256)
def face_matrix(style: StyleSpec, anchor_variant: str = "") -> Matrix:
    """Return the map from the coordinates of the face's anchor to canvas units.

    Args:
        style: Whose face.
        anchor_variant: The variant of the component that moves the face, where there is one.
    """
    options = {"seed": "0", **style.identity}
    if style.costume and style.costume.anchor and anchor_variant:
        options[f"{style.costume.anchor}Variant"] = anchor_variant
    pieces = render_avatar(definition.marked_style(style), options)
    tree = ElementTree.fromstring(f"<svg><defs>{pieces.defs}</defs><g>{pieces.body}</g></svg>")
    shared = {element.get("id"): element for element in tree[0].iter()}
    found = _find(tree[1], np.eye(3), shared)
    assert found is not None, f"style '{style.name}' draws no face"
    return found


def _find(element: ElementTree.Element, outer: Matrix, shared: dict[str | None, ElementTree.Element]) -> Matrix | None:
    """Return the map at the face's marker below an element, following references."""
    matrix = outer @ _matrix(element.get("transform", ""))
    if element.get("id") == definition.FACE:
        return matrix
    below = list(element)
    if element.tag == "use":
        below.append(shared[element.get("href", "")[1:]])
    return next((found for child in below if (found := _find(child, matrix, shared)) is not None), None)


_TRANSFORM = re.compile(r"(\w+)\(([^)]*)\)")


def _matrix(transform: str) -> Matrix:
    """Read an SVG transform made of translate, scale, rotate and matrix."""
    whole: Matrix = np.eye(3)
    for kind, text in _TRANSFORM.findall(transform):
        whole = whole @ _single(kind, [float(number) for number in text.replace(",", " ").split()])
    return whole


def _single(kind: str, numbers: list[float]) -> Matrix:
    matrix: Matrix = np.eye(3)
    if kind == "matrix":
        matrix[:2] = np.array(numbers).reshape(3, 2).T
    elif kind == "translate":
        matrix[:2, 2] = [*numbers, 0.0][:2]
    elif kind == "scale":
        matrix[0, 0], matrix[1, 1] = numbers[0], numbers[-1]
    elif kind == "rotate":
        c, s = math.cos(math.radians(numbers[0])), math.sin(math.radians(numbers[0]))
        matrix[:2, :2] = [[c, -s], [s, c]]
        if len(numbers) == 3:
            matrix[:2, 2] = np.array(numbers[1:]) - matrix[:2, :2] @ numbers[1:]
    else:
        raise AssertionError(f"an SVG transform '{kind}'")
    return matrix
