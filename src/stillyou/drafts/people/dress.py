"""Dresses a fit: which sprite, and the warp that takes it there.

hat    similarity through brim ends and crown, its height free within limits, enlarged over thick hair
hood   affine map of hood, face and neck, then a stiff thin-plate spline
coat   similarity through neck and shoulders, then a stiff thin-plate spline; its hem is drawn out to the border, or it
       is a cape where the picture goes on below (`cape`)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.cape import caped
from stillyou.drafts.people.hair import Surroundings
from stillyou.drafts.people.light import Light, lit
from stillyou.drafts.people.sprites import Sprite, nearest, sprites
from stillyou.drafts.people.warp import Map, Points, affine, apply, draw, inverse, similarity, spline

_HAT = ("brim_left", "brim_right", "crown")
_HAT_WEIGHTS = np.array([1.0, 1.0, 0.35])
_HOOD = (
    *("hood_left", "hood_right", "hood_top", "face_left", "face_right", "face_top", "face_bottom"),
    *("neck_left", "neck_right", "collar"),
)
_COAT = ("neck_left", "neck_right", "collar", "shoulder_left", "shoulder_right")
_COAT_WEIGHTS = np.array([1.0, 1.0, 0.8, 1.0, 1.0])
_STIFFNESS = 0.15
"""Of a coat's spline, in squared distances of the shoulders."""
_LOOSE, _WIDEST = 1.05, 1.24
"""How much larger than the skull hats are at least and at most."""
_THICK = 0.4
"""Half brims by which hair pushes a hood outwards at most."""
_SHRUNK = 0.85
"""Sprites that are drawn smaller than this are shrunk before they are lit."""
_LONGEST = 1.6
"""How far a coat's hem may be drawn out; where the border is farther away, the coat is a cape."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A sprite and where it goes.

    Attributes:
        art: (H, W, 4) uint8.
        matrix: (3, 2) from the sprite's pixels to the square's, about.
        back: From the square's pixels to the sprite's, exactly.
        box: (left, top, right, bottom) pixels of the square that it can reach.
        hangs: It is a cape, and throws a shadow on what is below its hem.
    """

    art: NDArray[np.uint8]
    matrix: Points
    back: Map
    box: tuple[float, float, float, float]
    hangs: bool = False

    def drawn(self, light: Light, side: int) -> Draft:
        """Draw it on an empty square, lit like the picture."""
        scale = float(np.sqrt(abs(np.linalg.det(self.matrix[:2]))))
        worn = self if scale > _SHRUNK else self._shrunk(scale)
        return draw(lit(worn.art, light, worn.matrix, side), worn.back, worn.box, (side, side))

    def _shrunk(self, scale: float) -> Worn:
        """Return the same at about the size at which it is drawn: light takes as long as the sprite has pixels."""
        height, width = self.art.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = Image.fromarray(self.art, "RGBA").convert("RGBa").resize(size, Image.Resampling.LANCZOS)
        ratio = np.array(size) / (width, height)
        matrix = np.concatenate([self.matrix[:2] / ratio[:, None], self.matrix[2:]])
        return Worn(np.asarray(small.convert("RGBA")), matrix, lambda points: self.back(points) * ratio, self.box)


def dressed_head(fit: Fit, around: Surroundings, effect: str, design: str, side: int) -> Worn:
    """Return the hat for a square of a side in pixels."""
    yaw, pitch, _ = np.degrees(fit.turn)
    sprite = nearest(effect, design, "hat", yaw, pitch, lean=_lean(fit))
    if effect == "sheep":
        return _hood(sprite, fit, around, side)
    return _worn(sprite, _hat_map(sprite, fit, around, side))


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


def _hood(sprite: Sprite, fit: Fit, around: Surroundings, side: int) -> Worn:
    """Return a hood: its upper part with the head, larger over thick hair, its lower edge at the neck."""
    sources, targets = sprite.at(*_HOOD).astype(np.float64), _named(fit, _HOOD, side)
    targets[:3] += _over_hair(fit, around, side)
    matrix = affine(sources, targets)
    unit = max(float(np.linalg.norm(targets[1] - targets[0])), 1e-3)
    bend = _bend(apply(matrix, sources), targets, unit)
    back = inverse(matrix)
    return _worn(sprite, matrix, lambda points: apply(back, bend(points)), reach=(0.0, 0.1 * unit))


def _over_hair(fit: Fit, around: Surroundings, side: int) -> Points:
    """Return how far hair moves the left, right and upper end of a hood (3, 2), in pixels."""
    left, right, crown = _named(fit, _HAT, side)
    middle, half = (left + right) / 2, (right - left) / 2
    up = np.array([half[1], -half[0]])
    skull = float((crown - middle) @ up / max(float(half @ half), 1e-6))
    wide = [float(np.clip(reach - 1.12, 0, _THICK)) for reach in around.width_at(fit, 0.0, 0.35)]
    return np.stack(
        [-wide[0] * half, wide[1] * half, float(np.clip(around.height(fit) - skull - 0.15, 0, _THICK)) * up]
    )


def dressed_body(fit: Fit, effect: str, design: str, side: int, *, goes_on: bool = False) -> Worn:
    """Return the coat for a square of a side in pixels; a cape where the picture goes on below the square."""
    targets = _named(fit, _COAT, side)
    width = float(np.linalg.norm(targets[4] - targets[3]))
    fits: list[tuple[float, int, Sprite, Points]] = []
    for sprite in sprites(effect, design, "coat"):
        sources = sprite.at(*_COAT).astype(np.float64)
        matrix = similarity(sources, targets, _COAT_WEIGHTS)
        miss = float(np.linalg.norm(apply(matrix, sources) - targets, axis=1).mean()) / max(width, 1e-6)
        fits.append((miss + 0.0006 * abs(sprite.yaw), len(fits), sprite, matrix))
    _, _, sprite, matrix = min(fits)
    bend = _bend(apply(matrix, sprite.at(*_COAT).astype(np.float64)), targets, max(width, 1e-3))
    back, stretch = inverse(matrix), None if goes_on else _hem(sprite, matrix, targets, side)
    if stretch is None:
        cape = _worn(caped(sprite), matrix, lambda points: apply(back, bend(points)), reach=(0.0, 0.25 * width))
        return replace(cape, hangs=True)
    return _worn(sprite, matrix, lambda points: apply(back, bend(stretch(points))), reach=(side, 0.25 * width))


def _bend(moved: Points, targets: Points, unit: float) -> Map:
    """Return the map of the square's pixels that brings targets (N, 2) back to where a linear map had moved them.

    It bends little (`_STIFFNESS`), and by no more than 0.3 of a unit in pixels.
    """
    shift = spline(targets / unit, (moved - targets) / unit, _STIFFNESS)
    return lambda points: points + np.clip(shift(points / unit), -0.3, 0.3) * unit


def _hem(sprite: Sprite, matrix: Points, targets: Points, side: int) -> Map | None:
    """Return the map that draws a coat out to the square's lower border; None where that is too far."""
    height, wide = sprite.pixels.shape[:2]
    ends = apply(matrix, np.array([[0.5 * wide, height]]))[0, 1] - 2
    start = float(targets[3:, 1].max()) + 0.15 * float(np.linalg.norm(targets[4] - targets[3]))
    longer = max(1.0, (side - start) / max(ends - start, 1))
    if longer > _LONGEST:
        return None

    def shrink(points: Points) -> Points:
        y = points[:, 1]
        return np.stack([points[:, 0], np.where(y > start, start + (y - start) / longer, y)], 1)

    return shrink


def _worn(sprite: Sprite, matrix: Points, back: Map | None = None, reach: tuple[float, float] = (0.0, 0.0)) -> Worn:
    """Return a sprite worn by a matrix, or another map back near it, with room about it and down to a height."""
    height, width = sprite.pixels.shape[:2]
    corners = apply(matrix, np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64))
    undo = inverse(matrix)
    (left, top), (right, bottom) = corners.min(0) - 2 - reach[1], corners.max(0) + 2 + reach[1]
    box = float(left), float(top), float(right), max(float(bottom), float(reach[0]))
    return Worn(sprite.pixels, matrix, back or (lambda points: apply(undo, points)), box)
