"""A figure: one person's shape and pose, from which everything that they wear is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stillyou.pairs.teachers.people.body import Body, load_body
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.geometry import Floats, euler, floats
from stillyou.pairs.teachers.people.pose import Pose
from stillyou.pairs.teachers.people.shape import macro_weights, morph

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.person import Person

_CROWN = (0.0, 8.49, 0.4)


@dataclass(frozen=True, eq=False)
class Surface:
    """The body's surface with one expression.

    Attributes:
        cage: (C, 3) unposed.
        vertices: (V, 3) unposed.
        normals: (V, 3) unposed.
        posed: (V, 3).
        posed_normals: (V, 3).
    """

    cage: Floats
    vertices: Floats
    normals: Floats
    posed: Floats
    posed_normals: Floats


@dataclass(frozen=True, eq=False)
class Eyeball:
    """An eye: centre (3,) unposed, radius in decimetres, and the posed direction (3,) it looks in."""

    centre: Floats
    radius: float
    gaze: Floats


class Figure:
    """One person's geometry that does not depend on the expression.

    Args:
        person: Who.
        detail: How finely.

    Attributes:
        cage: (C, 3) neutral and unposed.
        neutral: (V, 3) the surface of that.
        normals: (V, 3) of `neutral`.
        pose: How points are posed.
    """

    def __init__(self, person: Person, detail: Detail) -> None:
        self.person, self.detail = person, detail
        self.body: Body = load_body()
        self.cage = morph(self.body, {**macro_weights(person.phenotype), **person.details})
        self.neutral = self.body.refine(self.cage)
        self.normals = self.body.normals(self.neutral)
        self.pose = Pose(self.body, self.cage, person.head)

    def surface(self, expression: Mapping[str, float]) -> Surface:
        """Return the surface with an expression: weights of the ``fu-`` targets."""
        cage = morph(self.body, expression, self.cage)
        vertices = self.body.refine(cage)
        posed = self.pose.body(vertices)
        return Surface(cage, vertices, self.body.normals(vertices), posed, self.body.normals(posed))

    @cached_property
    def eyeballs(self) -> tuple[Eyeball, Eyeball]:
        """The left and the right eye; the person's left is +x."""
        across, down = self.person.gaze
        found = []
        for name, inward in (("eye_left", 0.03), ("eye_right", -0.03)):
            points = self.cage[np.unique(self.body.cage_quads[name])]
            low, high = points.min(0), points.max(0)
            gaze = self.pose.direction(euler(across + inward, -down, 0) @ floats([0, 0, 1]))
            found.append(Eyeball(floats((low + high) / 2), float((high - low).mean() / 2), gaze))
        return found[0], found[1]

    @cached_property
    def eyes(self) -> Floats:
        """(3,) the point between the eyes, unposed."""
        return floats((self.eyeballs[0].centre + self.eyeballs[1].centre) / 2)

    @property
    def posed_eyes(self) -> Floats:
        """(3,) the point between the eyes, posed."""
        return self.pose.head(self.eyes)

    @cached_property
    def head_height(self) -> float:
        """Decimetres from the jaw's joint to the crown."""
        return float(self.neutral[self.body.nearest(_CROWN), 1] - self.body.joint(self.cage, "jaw")[1])

    @cached_property
    def head_centre(self) -> Floats:
        """(3,) the middle of the head, posed."""
        return self.pose.head(floats([0, 7.3, 0.3]))
