"""Glasses, earrings and head coverings, built on the person's own head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillyou.pairs.teachers.people.geometry import Floats, ellipsoid, floats, tube
from stillyou.pairs.teachers.people.headwear import headwear
from stillyou.pairs.teachers.people.parts import MeshPart, Role, mesh_part
from stillyou.pairs.teachers.people.traits import Colour

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.figure import Figure, Surface

_SHAPES = {  # half width, half height, roundness (2 an ellipse), thickness of the frame
    "round": (0.215, 0.205, 2.0, 0.016),
    "square": (0.245, 0.175, 4.5, 0.022),
    "oval": (0.235, 0.155, 2.3, 0.013),
    "rimless": (0.235, 0.150, 2.8, 0.006),
    "sun": (0.265, 0.215, 2.8, 0.020),
}
_GOLD: Colour = (0.72, 0.50, 0.20)
_SILVER: Colour = (0.62, 0.62, 0.63)


def adorn(figure: Figure, surface: Surface) -> list[tuple[str, MeshPart]]:
    """Return what a person wears on head and face, each part with its name, posed.

    Args:
        figure: Who.
        surface: The body with its expression; what sits on the face keeps to the neutral one, as glasses do.
    """
    traits = figure.person.accessories
    worn: list[tuple[str, MeshPart]] = []
    if traits.glasses != "none":
        worn += [("glasses", part) for part in _glasses(figure)]
    if traits.earrings != "none" and traits.covering != "hijab":
        worn += [("earrings", part) for part in _earrings(figure)]
    return worn + [("covering", part) for part in headwear(figure)]


def _glasses(figure: Figure) -> list[MeshPart]:
    traits = figure.person.accessories
    wide, high, power, thick = _SHAPES[traits.glasses]
    left, right = figure.eyeballs
    scale = float(left.centre[0] - right.centre[0]) / 0.62
    depth = _front(figure) + 0.035
    centre = floats([0, float(figure.eyes[1]) - 0.02, depth])
    tubes: list[Floats] = []
    lenses: list[Floats] = []
    for side in (-1.0, 1.0):
        ring = _lens(wide * scale, high * scale, power, 40) + np.array([side * 0.31 * scale, 0, 0])
        tubes.append(_bent(ring, scale) + centre)
        lenses.append(tubes[-1])
        outer = _bent(np.array([[side * (0.31 + wide) * scale, 0.06 * scale, 0]]), scale)[0] + centre
        ear = figure.neutral[figure.body.nearest([side * 0.80, 7.31, 0.62])] + np.array([side * 0.035, 0.01, 0])
        hook = ear + np.array([0, -0.03, -0.2])
        tubes.append(floats(np.stack([outer, outer + np.array([side * 0.03, 0, -0.05]), ear, hook])))
    inner = (0.31 - wide) * scale
    bridge = np.stack(
        [np.linspace(-inner, inner, 7), 0.05 * scale + 0.02 * np.cos(np.linspace(-1.5, 1.5, 7)), np.zeros(7)], 1
    )
    tubes.append(_bent(bridge, scale) + centre)
    frame = [_tube_part(figure, path, thick, traits.glasses_colour) for path in tubes]
    if traits.tint:
        frame += [_disc_part(figure, path) for path in lenses]
    return frame


def _front(figure: Figure) -> float:
    """Return the depth of the foremost skin at brow and nose bridge, where glasses rest."""
    x, y, z = figure.neutral[figure.body.outside].T
    level = float(figure.eyes[1])
    near = (np.abs(x) < 0.45) & (np.abs(y - level - 0.03) < 0.17) & (z > figure.eyes[2])
    return float(np.quantile(z[near], 0.97))


def _lens(wide: float, high: float, power: float, count: int) -> Floats:
    """Return a closed superellipse (count + 1, 3), a little lower inside than outside."""
    angle = np.linspace(0, 2 * np.pi, count + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = np.sign(cosine) * np.abs(cosine) ** (2 / power) * wide
    y = np.sign(sine) * np.abs(sine) ** (2 / power) * high
    return floats(np.stack([x, y, 0 * x], 1))


def _bent(path: Floats, scale: float) -> Floats:
    """Bend a path (N, 3) back at the temples, as frames are."""
    bent = path.copy()
    bent[:, 2] -= 0.30 * scale * (path[:, 0] / scale) ** 2
    return floats(bent)


def _tube_part(figure: Figure, path: Floats, radius: float, colour: Colour, metal: float = 0.0) -> MeshPart:
    points, triangles = tube(path, radius)
    shiny = 1.0 if max(colour) > 0.2 else metal
    return mesh_part(
        figure.pose.head(points), triangles, material="frame", role=Role.ACCESSORY, params=[(*colour, shiny)]
    )


def _disc_part(figure: Figure, ring: Floats) -> MeshPart:
    """Return a dark lens that fills a ring (N, 3)."""
    count = len(ring) - 1
    middle = ring[:-1].mean(0) + np.array([0, 0, 0.02], np.float32)
    points = floats(np.vstack([ring[:-1], middle]))
    index = np.arange(count)
    triangles = np.stack([index, (index + 1) % count, np.full(count, count)], 1).astype(np.int32)
    return mesh_part(
        figure.pose.head(points), triangles, material="frame", role=Role.ACCESSORY, params=[(0.012, 0.012, 0.014, 0.0)]
    )


def _earrings(figure: Figure) -> list[MeshPart]:
    traits = figure.person.accessories
    colour = _GOLD if figure.person.seed % 2 else _SILVER
    found = []
    for side in (-1, 1):
        lobe = figure.neutral[figure.body.nearest([side * 0.75, 6.86, 0.62])] + np.array([side * 0.02, -0.02, 0.01])
        if traits.earrings == "stud":
            ball, triangles = ellipsoid(12, 8)
            points = figure.pose.head(floats(lobe + 0.032 * ball))
            found.append(mesh_part(points, triangles, material="frame", role=Role.ACCESSORY, params=[(*colour, 1.0)]))
        else:
            angle = np.linspace(0, 2 * np.pi, 33)
            ring = np.stack([0 * angle, np.cos(angle) - 1, np.sin(angle)], 1) * 0.11
            found.append(_tube_part(figure, floats(lobe + ring), 0.011, colour, 1.0))
    return found
