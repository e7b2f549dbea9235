"""Dresses a fit: which sprite, and the warp that takes it there.

hat    similarity through brim ends and crown, its height free within limits, enlarged over thick hair
hood   affine map of the ellipses of hood and face
coat   similarity through neck and shoulders, then a stiff thin-plate spline; its hem is drawn out to the border
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.hair import Surroundings
from stillyou.drafts.people.sprites import Sprite, nearest, sprites
from stillyou.drafts.people.warp import Map, Points, affine, apply, draw, inverse, similarity, spline

_HAT = ("brim_left", "brim_right", "crown")
_HAT_WEIGHTS = np.array([1.0, 1.0, 0.35])
_HOOD = ("hood_left", "hood_right", "hood_top", "hood_bottom", "face_left", "face_right", "face_top", "face_bottom")
_COAT = ("neck_left", "neck_right", "collar", "shoulder_left", "shoulder_right")
_COAT_WEIGHTS = np.array([1.0, 1.0, 0.8, 1.0, 1.0])
_STIFFNESS = 0.15
"""Of a coat's spline, in squared distances of the shoulders."""
_LOOSE, _WIDEST = 1.05, 1.24
"""How much larger than the skull hats are at least and at most."""
_LONGEST = 2.4
"""How far a coat's hem may be drawn out."""


def dressed_head(fit: Fit, around: Surroundings, effect: str, design: str, side: int) -> tuple[Draft, float]:
    """Return a hat on a square, and how many of its pixels a pixel of the sprite covers."""
    yaw, pitch, _ = np.degrees(fit.turn)
    sprite = nearest(effect, design, "hat", yaw, pitch, lean=_lean(fit))
    matrix = _hood_map(sprite, fit, side) if effect == "sheep" else _hat_map(sprite, fit, around, side)
    return _drawn(sprite, matrix, side)


def _lean(fit: Fit) -> int:
    """Return which of two mirror images a head turned to neither side gets: the one whose tip has room."""
    return 1 if float(fit["brim_left"][0] + fit["brim_right"][0]) > 0.96 else -1


def _named(fit: Fit, names: tuple[str, ...], side: int) -> Points:
    return np.stack([fit[name] for name in names]).astype(np.float64) * side


def _hat_map(sprite: Sprite, fit: Fit, around: Surroundings, side: int) -> Points:
    """Return the (3, 2) matrix from a hat's sprite to the square."""
    sources, targets = sprite.at(*_HAT).astype(np.float64), _named(fit, _HAT, side)
    matrix = similarity(sources, targets, _HAT_WEIGHTS)
    left, right = around.width_at(fit, 0.0, 0.35)
    wide = [float(np.clip(1 + 0.6 * (reach - 1), _LOOSE, _WIDEST)) for reach in (left, right)]
    across = targets[1] - targets[0]
    middle = (targets[0] + targets[1]) / 2
    shift = across / 2 * (wide[1] - wide[0]) / 2
    grow = (wide[0] + wide[1]) / 2
    return np.concatenate([matrix[:2] * grow, ((matrix[2] - middle) * grow + middle + shift)[None]])


def _hood_map(sprite: Sprite, fit: Fit, side: int) -> Points:
    return affine(sprite.at(*_HOOD).astype(np.float64), _named(fit, _HOOD, side))


def dressed_body(fit: Fit, effect: str, design: str, side: int) -> tuple[Draft, float]:
    """Return a coat on a square, and how many of its pixels a pixel of the sprite covers."""
    targets = _named(fit, _COAT, side)
    width = float(np.linalg.norm(targets[4] - targets[3]))
    fits: list[tuple[float, int, Sprite, Points]] = []
    for sprite in sprites(effect, design, "coat"):
        sources = sprite.at(*_COAT).astype(np.float64)
        matrix = similarity(sources, targets, _COAT_WEIGHTS)
        miss = float(np.linalg.norm(apply(matrix, sources) - targets, axis=1).mean()) / max(width, 1e-6)
        fits.append((miss + 0.0006 * abs(sprite.yaw), len(fits), sprite, matrix))
    _, _, sprite, matrix = min(fits)
    moved = apply(matrix, sprite.at(*_COAT).astype(np.float64))
    bend = spline(targets / width, (moved - targets) / width, _STIFFNESS)
    back = inverse(matrix)
    stretch = _hem(sprite, matrix, targets, side)

    def undo(points: Points) -> Points:
        return apply(back, _bent(stretch(points), bend, width))

    return _drawn(sprite, matrix, side, undo, reach=(side, 0.25 * width))


def _bent(points: Points, bend: Map, width: float) -> Points:
    """Return points moved by a spline of shifts that fades far from the shoulders."""
    return points + np.clip(bend(points / width), -0.3, 0.3) * width


def _hem(sprite: Sprite, matrix: Points, targets: Points, side: int) -> Map:
    """Return the map that draws a coat out to the square's lower border where it ends above."""
    height, wide = sprite.pixels.shape[:2]
    ends = apply(matrix, np.array([[0.5 * wide, height]]))[0, 1] - 2
    start = float(targets[3:, 1].max()) + 0.15 * float(np.linalg.norm(targets[4] - targets[3]))
    longer = float(np.clip((side - start) / max(ends - start, 1), 1, _LONGEST))

    def shrink(points: Points) -> Points:
        y = points[:, 1]
        return np.stack([points[:, 0], np.where(y > start, start + (y - start) / longer, y)], 1)

    return shrink


def _drawn(
    sprite: Sprite, matrix: Points, side: int, back: Map | None = None, reach: tuple[float, float] = (0.0, 0.0)
) -> tuple[Draft, float]:
    """Return a sprite on a square by a matrix, or another map back near it, with more room below and around."""
    height, width = sprite.pixels.shape[:2]
    corners = apply(matrix, np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64))
    undo = inverse(matrix)
    (left, top), (right, bottom) = corners.min(0) - 2 - reach[1], corners.max(0) + 2 + reach[1]
    box = float(left), float(top), float(right), max(float(bottom), float(reach[0]))
    found: NDArray[np.float64] = matrix[:2]
    return draw(sprite.pixels, back or (lambda points: apply(undo, points)), box, (side, side)), float(
        np.sqrt(abs(np.linalg.det(found)))
    )
