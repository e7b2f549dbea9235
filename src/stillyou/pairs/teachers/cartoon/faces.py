"""Faces: what changes with the expression. A style's own face, and one borrowed from another style.

Borrowed faces make features and heads independent of each other: an editor that has only seen each artist's eyes
on that artist's heads puts features where the training styles have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.cartoon import definition
from stillyou.pairs.teachers.cartoon.avatar import recolour, render_avatar
from stillyou.pairs.teachers.cartoon.overlays import draw_overlays
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, Look, OptionValue, Point, StyleSpec

Matrix = npt.NDArray[np.float64]
"""(3, 3) affine map of the plane."""


@dataclass(frozen=True)
class FaceDrawing:
    """A face with one expression, on a head of the host style.

    Attributes:
        variants: One variant, or none, for each feature of the host.
        svg: What is drawn over the host's features, in the coordinates of its anchor.
        defs: What the SVG refers to.
    """

    variants: Mapping[str, tuple[str, ...]]
    svg: str
    defs: str = ""


class Face(Protocol):
    """Shows expressions on one head."""

    @property
    def name(self) -> str:
        """What datasets record: ``own``, the name of the style it is borrowed from, or ``sketched``."""
        ...

    def can_show(self, expression: str) -> bool:
        """Whether the face has a look for the expression."""
        ...

    def draw(self, expression: str, rng: np.random.Generator) -> FaceDrawing:
        """Draw the expression; the same generator state gives the same drawing."""
        ...


def choose_look(style: StyleSpec, expression: str, rng: np.random.Generator) -> Look:
    """Draw one look of an expression, with one variant for each component."""
    looks = style.looks[expression]
    look = looks[int(rng.integers(len(looks)))]
    chosen = {name: pool and (pool[int(rng.integers(len(pool)))],) for name, pool in look.variants.items()}
    return replace(look, variants=chosen)


def with_variants(
    options: Mapping[str, OptionValue], variants: Mapping[str, tuple[str, ...]]
) -> dict[str, OptionValue]:
    """Return dicebear options that show these variants and hide components with an empty pool."""
    chosen = dict(options)
    for name, pool in variants.items():
        chosen[f"{name}Probability"] = 100 if pool else 0
        if pool:
            chosen[f"{name}Variant"] = pool[0]
    return chosen


def affine_between(source: FaceGeometry, target: FaceGeometry) -> Matrix:
    """Return the map that takes the eyes and the mouth of one face to those of another."""

    def corners(face: FaceGeometry) -> Matrix:
        points: list[Point] = [face.left_eye, face.right_eye, face.mouth]
        return np.array([[x, y, 1.0] for x, y in points]).T

    matrix: Matrix = corners(target) @ np.linalg.inv(corners(source))
    return matrix


def group(matrix: Matrix, svg: str) -> str:
    """Wrap an SVG snippet in a transformed group."""
    (a, c, e), (b, d, f) = matrix[:2].tolist()
    return f'<g transform="matrix({a:.5f} {b:.5f} {c:.5f} {d:.5f} {e:.4f} {f:.4f})">{svg}</g>'


def hidden_features(style: StyleSpec) -> dict[str, tuple[str, ...]]:
    """Hide all features of a style's own face."""
    return {name: () for name in style.face.features}


@dataclass(frozen=True)
class OwnFace:
    """The face that the artist drew for the head."""

    style: StyleSpec
    name: str = "own"

    def can_show(self, expression: str) -> bool:
        """Whether the style has a look for the expression."""
        return self.style.can_show(expression)

    def draw(self, expression: str, rng: np.random.Generator) -> FaceDrawing:
        """Choose a look and draw its overlays."""
        look = choose_look(self.style, expression, rng)
        return FaceDrawing(look.variants, draw_overlays(self.style.face, look.overlays, rng))


@dataclass(frozen=True)
class BorrowedFace:
    """The face of another style, moved so that eyes and mouth sit where the host has them.

    Attributes:
        host: The style of the head.
        donor: The style of the face.
        options: Colours of the donor's features, and its seed.
        swaps: Fixed colours of the donor and their replacements.
    """

    host: StyleSpec
    donor: StyleSpec
    options: Mapping[str, OptionValue]
    swaps: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The donor's name."""
        return self.donor.name

    def can_show(self, expression: str) -> bool:
        """Whether the donor has a look for the expression."""
        return self.donor.can_show(expression)

    def draw(self, expression: str, rng: np.random.Generator) -> FaceDrawing:
        """Draw the donor's look over the host's head."""
        look = choose_look(self.donor, expression, rng)
        style = definition.face_style(self.donor)
        pieces = recolour(render_avatar(style, with_variants(self.options, look.variants)), self.swaps)
        svg = pieces.body + draw_overlays(self.donor.face, look.overlays, rng)
        moved = group(affine_between(self.donor.face, self.host.face), svg)
        return FaceDrawing(hidden_features(self.host), moved, pieces.defs)
