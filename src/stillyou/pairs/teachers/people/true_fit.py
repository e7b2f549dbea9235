"""The true fit of a person: the figure's own geometry, seen through its camera.

Heights are those of the template (`body.Body.rest`, decimetres): vertices are chosen there once, and every person's own
vertices are then posed and projected. Outlines (the skull at the hairline, a hood, the cheeks) are measured along the
two directions that the head has in the picture: ``across`` from one temple to the other, ``down`` from crown to chin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stillyou.drafts.fit import Fit
from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.camera import Camera
from stillyou.pairs.teachers.people.costumes.fit import NECK_ANGLES, neck_loop
from stillyou.pairs.teachers.people.figure import Figure, Surface
from stillyou.pairs.teachers.people.geometry import Floats, floats, unit

Indices = npt.NDArray[np.int64]
HAIRLINE = 7.95
"""Where a hat's brim sits on the forehead."""
BROWS, CHEEKS, SKULL = 7.72, 6.95, 6.4
"""Where the face's ellipse begins, where it is widest, and from where on a hood is as wide as the head."""
HOOD = 0.25
"""Decimetres from the skin to the outer edge of a hood."""
_CROWN, _CHIN, _SHOULDER = (0.0, 8.48, 0.5), (0.0, 6.17, 1.4), (1.95, 5.52, 0.17)
_SLICE = 0.06
_IN_FRONT = 0.45
"""Depth before which the cheeks are the face's, behind which come the ears."""
_BEFORE = 0.2
"""Radians to either side of the front that are the neckline's lowest part."""


@dataclass(frozen=True, eq=False)
class _Places:
    """Vertices of the surface by what they are."""

    hairline: Indices
    cheeks: Indices
    skull: Indices
    lips: Indices
    crown: int
    brows: int
    chin: int
    shoulders: tuple[int, int]


@lru_cache(maxsize=2)
def _places(body: Body) -> _Places:
    outside = np.asarray(body.outside)
    x, y, z = body.rest[outside].T
    head = (body.masks["ears"][outside] < 0.3) & (np.abs(x) < 1.2)
    return _Places(
        hairline=outside[head & (np.abs(y - HAIRLINE) < _SLICE)],
        cheeks=outside[head & (np.abs(y - CHEEKS) < _SLICE) & (z > _IN_FRONT)],
        skull=outside[head & (y > SKULL)],
        lips=outside[body.masks["lips"][outside] > 0.5],
        crown=body.nearest(_CROWN),
        brows=body.nearest((0.0, BROWS, 1.52)),
        chin=body.nearest(_CHIN),
        shoulders=(body.nearest((-_SHOULDER[0], *_SHOULDER[1:])), body.nearest(_SHOULDER)),
    )


@dataclass(frozen=True, eq=False)
class _View:
    """Shares of the picture along the head's own directions: ``across`` (2,) and ``down`` (2,), unit vectors."""

    across: Floats
    down: Floats
    camera: Camera

    def spans(self, points: Floats) -> tuple[Floats, Floats]:
        """Return how far posed points (N, 3) lie along both directions, (N,) each."""
        flat = self.camera.project(points)
        return flat @ self.across, flat @ self.down

    def point(self, across: float, down: float) -> tuple[float, float]:
        """Return the point of the picture with these distances along the directions."""
        x, y = (self.across * np.float32(across) + self.down * np.float32(down)).tolist()
        return x, y

    def ellipse(
        self, name: str, left: float, right: float, top: float, bottom: float
    ) -> dict[str, tuple[float, float]]:
        """Return the ends of the axes of an ellipse."""
        middle, level = (left + right) / 2, (top + bottom) / 2
        return {
            f"{name}_left": self.point(left, level),
            f"{name}_right": self.point(right, level),
            f"{name}_top": self.point(middle, top),
            f"{name}_bottom": self.point(middle, bottom),
        }


def true_fit(figure: Figure, camera: Camera, surface: Surface | None = None) -> Fit:
    """Return where things sit on the picture of a person.

    Args:
        figure: Who.
        camera: Who looks.
        surface: The body with the expression that is shown; without it the face is at rest.
    """
    turn = head_turn(figure, camera)
    across = floats([math.cos(turn[2]), math.sin(turn[2])])
    view = _View(across, floats([-across[1], across[0]]), camera)
    skin = figure.pose.body(figure.neutral) if surface is None else surface.posed
    return Fit.of({**_head(figure, view, skin), **_features(figure, camera, skin), **_body(figure, camera, skin)}, turn)


def head_turn(figure: Figure, camera: Camera) -> tuple[float, float, float]:
    """Return yaw, pitch and roll of the head against the camera, as `drafts.fit.Fit.turn`."""
    right = unit(np.cross(camera.forward, floats([0, 1, 0])))
    axes = np.stack([right, np.cross(right, camera.forward), -camera.forward])
    seen = axes @ figure.pose.head_rotation
    pitch = math.asin(float(np.clip(-seen[1, 2], -1, 1)))
    return math.atan2(seen[0, 2], seen[2, 2]), pitch, math.atan2(-seen[1, 0], seen[1, 1])


def _head(figure: Figure, view: _View, skin: Floats) -> dict[str, tuple[float, float]]:
    """Return brim, crown, face and hood."""
    places = _places(figure.body)
    rim, level = view.spans(skin[places.hairline])
    height = float(level.min() + level.max()) / 2
    cheeks, _ = view.spans(skin[places.cheeks])
    outward = figure.pose.direction(figure.normals[places.skull])
    hood, hood_down = view.spans(skin[places.skull] + HOOD * outward)
    side, down = view.spans(skin[[places.crown, places.brows, places.chin]])
    _, under = view.spans(skin[[places.chin]] + figure.pose.direction(floats([[0, -HOOD, 0]])))
    return {
        "brim_left": view.point(float(rim.min()), height),
        "brim_right": view.point(float(rim.max()), height),
        "crown": view.point(float(side[0]), float(view.spans(skin[places.skull])[1].min())),
        **view.ellipse("face", float(cheeks.min()), float(cheeks.max()), float(down[1]), float(down[2])),
        **view.ellipse("hood", float(hood.min()), float(hood.max()), float(hood_down.min()), float(under[0])),
    }


def _features(figure: Figure, camera: Camera, skin: Floats) -> dict[str, tuple[float, float]]:
    """Return the eyes, where their lids open, and the mouth."""
    fronts = [figure.pose.head(ball.centre + floats([0, 0, ball.radius])) for ball in figure.eyeballs]
    lips = skin[_places(figure.body).lips].mean(0)
    left, right, mouth = camera.project(np.stack([fronts[1], fronts[0], lips])).tolist()
    return {"eye_left": tuple(left), "eye_right": tuple(right), "mouth": tuple(mouth)}


def _body(figure: Figure, camera: Camera, skin: Floats) -> dict[str, tuple[float, float]]:
    """Return the neckline at the base of the neck, and the ends of the shoulders."""
    loop = camera.project(figure.pose.blend(neck_loop(figure, 0.0)[0], {"torso": 0.75, "neck01": 0.25}))
    front = loop[np.abs(NECK_ANGLES) < _BEFORE]
    ends = camera.project(skin[list(_places(figure.body).shoulders)])
    found = {
        "neck_left": loop[loop[:, 0].argmin()],
        "neck_right": loop[loop[:, 0].argmax()],
        "collar": front.mean(0),
        "shoulder_left": ends[0],
        "shoulder_right": ends[1],
    }
    return {name: (float(x), float(y)) for name, (x, y) in found.items()}
