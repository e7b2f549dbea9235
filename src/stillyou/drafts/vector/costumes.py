"""The four costumes as SVG layers for any drawing style, fitted by its `CostumeFit`.

Dressing writes a few kilobytes of SVG in the style's canvas coordinates; the character's renderer splices them into
its markers. So a costume costs microseconds and no new dicebear style (issue: that cost 235 ms a pair).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stillyou.drafts.vector import flower, royal, santa, sheep
from stillyou.drafts.vector.costume_fit import CostumeFit
from stillyou.drafts.vector.designs import choices
from stillyou.drafts.vector.pen import Chance, Pen, n, shade
from stillyou.drafts.vector.robe import Cut
from stillyou.draws import generator
from stillyou.errors import UsageError, nearest

CLIP = "costume-clip"
# What a hat leaves of the hair, in the head frame: all below the brim; hair beyond its ends slopes down from it.
_UNDER_HAT = "M-1.1 -.02H1.1C1.7 0 2 .5 2.3 1.2L9 19H-9L-2.3 1.2C-2 .5 -1.7 0 -1.1 -.02Z"

Body = Callable[[Pen, Cut, Chance, dict[str, str]], dict[str, str]]
_BODIES: dict[str, Body] = {"flower": flower.body, "santa": santa.body, "sheep": sheep.body, "royal": royal.body}


@dataclass(frozen=True)
class CostumeLayers:
    """One costume as SVG in canvas coordinates.

    Attributes:
        defs: Definitions that the layers or the hair need (the clip path).
        back: Drawn before the character.
        body: Drawn where the style keeps its clothes.
        top: Drawn after everything else.
        hair_clip: Id of the clip path that hides hair above a brim or outside a hood; None where hair stays.
        attributes: Colours and cut, for the pair's record.
    """

    defs: str
    back: str
    body: str
    top: str
    hair_clip: str | None
    attributes: dict[str, str]


def _head_frame(fit: CostumeFit) -> str:
    x, y, unit = fit.head
    turn = f"rotate({n(fit.tilt)})" if fit.tilt else ""
    return f"translate({n(x)} {n(y)}){turn}scale({n(unit)})"


def _cut(fit: CostumeFit) -> Cut:
    _, neck, unit = fit.neck
    bottom = fit.frame[1] + fit.frame[2]
    end = bottom if fit.hem is None else fit.hem
    return Cut(fit.collar, fit.sag, (end - neck) / unit, fit.hem is not None)


def _turn(fit: CostumeFit) -> str:
    return f' transform="rotate({n(fit.tilt)} {n(fit.hood[0])} {n(fit.hood[1])})"' if fit.tilt else ""


def _hood_lining(fit: CostumeFit, wool: str) -> str:
    """Return the inside of the hood, seen beside a face that does not fill the opening."""
    cx, cy, rx, ry = (n(value) for value in fit.face)
    return f'<ellipse cx="{cx}" cy="{cy}" rx="{rx}" ry="{ry}" fill="{shade(wool, 0.8)}"{_turn(fit)}/>'


def _hood(fit: CostumeFit, chance: Chance) -> tuple[str, str, dict[str, str]]:
    """Return the hood, the shape that keeps hair inside it, and its attributes."""
    cx, cy, rx, ry = fit.hood
    pen = Pen(fit.ink, fit.ink_width)
    worn = sheep.head(fit, pen, chance)
    clip = f'<ellipse cx="{n(cx)}" cy="{n(cy)}" rx="{n(rx * 0.96)}" ry="{n(ry * 0.96)}"{_turn(fit)}/>'
    return f"<g{_turn(fit)}>{pen.svg()}</g>", clip, worn


def _sides_beside_face(fit: CostumeFit) -> tuple[int, ...]:
    """Return the sides of the head (-1, 1) where a string of beads at the temple stays clear of the face."""
    (x, y, unit), (cx, cy, rx, ry), turn = fit.head, fit.face, math.radians(fit.tilt)

    def clear(side: int, down: float) -> bool:
        u, v = side * royal.STRING * unit, down * unit
        px, py = x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)
        return math.hypot((px - cx) / (rx + 0.08 * unit), (py - cy) / (ry + 0.08 * unit)) > 1

    return tuple(side for side in (-1, 1) if all(clear(side, down) for down in (0.0, 0.2, 0.4, 0.6)))


def _head_wear(fit: CostumeFit, costume: str, chance: Chance) -> tuple[str, str, dict[str, str]]:
    """Return head wear, the shape outside which hair is hidden (empty: none is), and the attributes."""
    if costume == "sheep":
        return _hood(fit, chance)
    frame = _head_frame(fit)
    pen = Pen(fit.ink, fit.ink_width / fit.head[2])
    if costume == "royal":
        worn = royal.head(pen, chance, _sides_beside_face(fit))
    else:
        worn = (santa if costume == "santa" else flower).head(pen, chance)
    clip = f'<path d="{_UNDER_HAT}" transform="{frame}"/>' if costume == "santa" else ""
    return pen.svg(frame), clip, worn


def _chance(costume: str, rng: np.random.Generator | None, design: str | None) -> Chance:
    if design is not None:
        return Chance(generator("design", costume, design), choices(costume, design))
    if rng is None:
        raise ValueError("a costume without a design needs a generator")
    return Chance(rng)


def dress(
    fit: CostumeFit, costume: str, rng: np.random.Generator | None = None, design: str | None = None
) -> CostumeLayers:
    """Draw one costume for a style.

    Args:
        fit: The style's geometry.
        costume: ``santa``, ``flower``, ``sheep`` or ``royal``.
        rng: Source of colours and cut; the same generator state gives the same costume. A design needs none.
        design: A named look (`effects.designs`) instead of drawn colours and cut.

    Raises:
        UsageError: There is no such costume or design.
    """
    if costume not in _BODIES:
        raise UsageError(f"there is no costume '{costume}'", nearest(costume, _BODIES))
    chance = _chance(costume, rng, design)
    head, clip, worn = _head_wear(fit, costume, chance)
    x, y, unit = fit.neck
    pen = Pen(fit.ink, fit.ink_width / unit)
    attributes = {**worn, **_BODIES[costume](pen, _cut(fit), chance, worn)}
    body = pen.svg(f"translate({n(x)} {n(y)})scale({n(unit)})")
    return CostumeLayers(
        defs=f'<clipPath id="{CLIP}">{clip}</clipPath>' if clip else "",
        back=_hood_lining(fit, worn["wool"]) if costume == "sheep" else "",
        body="" if fit.front else body,
        top=body + head if fit.front else head,
        hair_clip=CLIP if clip else None,
        attributes=attributes,
    )
