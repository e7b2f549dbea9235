"""The camera: where it stands, what it sees, and how it frames a head and shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import Floats, euler, floats, unit

_VIEW = 0.27, 0.58
"""Radians that the picture spans, before zooming: from a portrait lens 1.7 m off to a phone at arm's length."""
_HEADS = 2.05
"""Heights of the picture in heights of the head."""
_DROP = 0.22
"""Decimetres from the eyes down to what the camera looks at, so that hats fit."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A perspective camera.

    Attributes:
        eye: (3,) where it stands.
        forward: (3,) unit, where it looks.
        projection: (4, 4) from posed space to clip space.
        focal: Focal length in heights of the picture.
    """

    eye: Floats
    forward: Floats
    projection: Floats
    focal: float

    def project(self, points: Floats) -> Floats:
        """Return where points (N, 3) appear: x to the right and y down, both 0 to 1 inside the picture (N, 2)."""
        clip = np.concatenate([points, np.ones((len(points), 1), np.float32)], 1) @ self.projection.T
        return floats(0.5 + np.array([0.5, -0.5]) * clip[:, :2] / clip[:, 3:])


def look_at(eye: Floats, target: Floats) -> Floats:
    """Return the (4, 4) view matrix of a camera at `eye` that looks at `target`, y up."""
    forward = unit(target - eye)
    right = unit(np.cross(forward, [0, 1, 0]))
    view = np.eye(4, dtype=np.float32)
    view[:3, :3] = np.stack([right, np.cross(right, forward), -forward])
    view[:3, 3] = -view[:3, :3] @ eye
    return view


def perspective(focal: float, near: float, far: float) -> Floats:
    """Return the (4, 4) projection of a square picture; focal length in heights of the picture."""
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 0] = matrix[1, 1] = 2 * focal
    matrix[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
    matrix[3, 2] = -1
    return matrix


def draw_camera(figure: Figure, seed: int) -> Camera:
    """Place the camera before a figure: head and shoulders, room for a hat above."""
    rng = generator("people", seed, "camera")
    turn, tilt, zoom = np.clip(rng.normal(0, 0.22), -0.45, 0.45), rng.normal(0.02, 0.05), rng.uniform(0.8, 1.06)
    target = figure.eyes * floats([0, 1, 0.5]) + floats([0.6 * figure.posed_eyes[0], -_DROP, 0])
    half = np.tan(np.exp(rng.uniform(*np.log(_VIEW))) / 2)
    distance = figure.head_height * _HEADS / 2 / half
    eye = floats(target + euler(turn, -tilt, 0) @ floats([0, 0, distance]))
    focal = 0.5 * zoom / float(half)
    projection = perspective(focal, max(distance - 5, 0.5), distance + 6) @ look_at(eye, target)
    return Camera(eye, unit(target - eye), floats(projection), focal)
