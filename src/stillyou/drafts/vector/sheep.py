"""Sheep: a woolly hood around the face with ears and sometimes horns, a woolly body."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stillyou.drafts.vector.costume_fit import CostumeFit
from stillyou.drafts.vector.pen import Chance, Pen, Point, n, shade
from stillyou.drafts.vector.robe import Cut, draw_robe

WOOL = ("#fbf6ea", "#f4ede0", "#ffffff", "#f7f2ee", "#ece7e1", "#dcd6cf", "#f9e6e6", "#efe3cf", "#fdf9f2")
EARS = ("#6b5a4f", "#4a4038", "#f1e4d2", "#e9d3c4", "#8a7566", "#3b3634")
INNER = ("#f3c6c6", "#e7b9a8", "#f2b5b9", "#d9a38f")
# Where curls sit on the body (body units), evenly but not in rows.
_LOCKS = (
    (-0.62, 0.36), (0.6, 0.38), (-0.2, 0.42), (0.24, 0.46), (-0.42, 0.6), (0.04, 0.66), (0.46, 0.62),
    (-0.82, 0.62), (0.84, 0.66), (-0.62, 0.86), (-0.18, 0.9), (0.28, 0.88), (0.7, 0.9),
)  # fmt: skip
# Scallops along the arm and the shoulder (body units, left side).
_SHOULDER = (
    (-1.02, 0.42), (-1.06, 0.6), (-1.09, 0.8), (-1.11, 1.0), (-1.14, 1.2), (-1.17, 1.4), (-0.9, 0.24), (-0.72, 0.14),
)  # fmt: skip
HORNS = ("#c8a97e", "#b08d5f", "#e2cfa8", "#8c7355")


def _oval(cx: float, cy: float, rx: float, ry: float) -> str:
    a, b = n(rx), n(ry)
    return f"M{n(cx - rx)} {n(cy)}a{a} {b} 0 1 0 {n(2 * rx)} 0a{a} {b} 0 1 0 {n(-2 * rx)} 0Z"


def _curls(pen: Pen, points: Sequence[Point], size: float, tone: str) -> None:
    """Draw little curls of wool."""
    r, half = n(size), n(size * 0.5)
    curl = f"a{r} {r} 0 0 0 {n(2 * size)} 0a{half} {half} 0 0 0 {n(-size)} 0"
    pen.line("".join(f"M{n(x - size)} {n(y)}{curl}" for x, y in points), tone, max(size * 0.3, pen.width * 0.7))


def _ears(pen: Pen, at: Point, side: int, size: float, turn: float, colours: tuple[str, str]) -> None:
    x, y = at
    t = math.radians(turn)
    cx, cy = x + side * size * 0.7 * math.cos(t), y + size * 0.7 * math.sin(t)
    pen.ellipse(cx, cy, size, size * 0.5, colours[0], side * turn)
    pen.ellipse(cx + side * size * 0.06, cy + size * 0.06, size * 0.6, size * 0.26, colours[1], side * turn, ink=False)


def _horn(pen: Pen, at: Point, side: int, size: float, colour: str) -> None:
    """Draw a curled horn that starts at ``at`` and turns outwards."""
    x, y = at
    s = side * size

    def to(dx: float, dy: float) -> str:
        return f"{n(x + s * dx)} {n(y + size * dy)}"

    pen.path(
        f"M{to(-0.25, 0.1)}C{to(-0.1, -0.9)} {to(1.0, -1.0)} {to(1.1, -0.2)}"
        f"C{to(1.15, 0.4)} {to(0.5, 0.6)} {to(0.35, 0.2)}"
        f"C{to(0.6, 0.3)} {to(0.75, 0.1)} {to(0.68, -0.12)}C{to(0.6, -0.42)} {to(0.25, -0.3)} {to(0.25, 0.15)}Z",
        colour,
    )
    grooves = ((0.2, -0.62, 0.33, -0.32), (0.62, -0.68, 0.55, -0.4), (1.0, -0.4, 0.72, -0.22))
    d = "".join(f"M{to(a, b)}L{to(c, e)}" for a, b, c, e in grooves)
    pen.line(d, pen.ink or shade(colour, 0.75), max(pen.width * 0.7, size * 0.07))


def head(fit: CostumeFit, pen: Pen, chance: Chance) -> dict[str, str]:
    """Draw the hood in canvas units around the face; returns its colours and cut."""
    wool = chance.tint(chance.pick(WOOL, "wool"), 0.6)
    ear, inner = chance.pick(EARS, "ear"), chance.pick(INNER, "inner")
    loose = chance.between(0.98, 1.07)
    cx, cy, rx, ry = fit.hood
    rx, ry = rx * loose, ry * loose
    fx, fy, frx, fry = fit.face
    unit = min(rx, ry)
    tone = shade(wool, 0.88)
    ears, turn = chance.pick(("up", "level", "down"), "ears"), chance.between(-5, 5)
    turn += {"up": -38, "level": 2, "down": 34}[ears]
    size = unit * chance.between(0.26, 0.34)
    rise = {"up": -0.95, "level": -0.42, "down": -0.32}[ears]
    horned = chance.maybe(0.25, "horns")
    for side in (-1, 1):
        at = cx + side * rx * math.cos(rise), cy + ry * math.sin(rise)
        _ears(pen, at, side, size, turn, (ear, inner))
    # Where the hood is thin the scallops are small: none reaches into the opening.
    count = chance.whole(18, 26)
    curl = 1.12 * math.pi * unit / count
    edge = [(cx + rx * math.cos(math.tau * k / count), cy + ry * math.sin(math.tau * k / count)) for k in range(count)]
    gaps = [(math.hypot((x - fx) / frx, (y - fy) / fry) - 1) * min(frx, fry) for x, y in edge]
    pen.fluff(edge, [max(min(curl, 0.95 * gap - pen.width / 2), 0.0) for gap in gaps], wool)
    pen.path(_oval(cx, cy, rx, ry) + _oval(fx, fy, frx, fry), wool, ink=False, rule="evenodd")
    rim = pen.width if pen.ink else unit * 0.045
    pen.line(_oval(fx, fy, frx + rim / 2, fry + rim / 2), pen.ink or tone, rim)
    top = (cy - ry + fy - fry) / 2
    step, gap = unit * 0.2, (fy - fry) - (cy - ry)
    if gap > unit * 0.12:
        row = ((-1.6, 0.15), (-0.8, -0.1), (0.0, 0.1), (0.8, -0.1), (1.6, 0.15))
        _curls(pen, [(fx + dx * step, top + dy * step) for dx, dy in row], min(step * 0.34, gap * 0.2), tone)
    if chance.maybe(0.5):
        tuft = ((-1.1, -0.25), (1.1, -0.25), (0.0, -0.75), (-0.5, 0.1), (0.5, 0.1))
        pen.fluff([(cx + dx * step, cy - ry + dy * step) for dx, dy in tuft], step * 0.72, wool)
    if horned:
        colour = chance.pick(HORNS)
        for side in (-1, 1):
            _horn(pen, (cx + side * rx * 0.55, cy - ry * 0.84), side, unit * 0.24, colour)
    return {"wool": wool, "ear": ear, "ears": ears, "horns": "yes" if horned else "no"}


def body(pen: Pen, cut: Cut, chance: Chance, worn: dict[str, str]) -> dict[str, str]:
    """Draw the woolly body in the body frame, in the colour of the hood."""
    wool = worn["wool"]
    tone = shade(wool, 0.88)
    down = cut.depth if cut.hemmed else cut.depth + 0.6
    shoulder = [(s * x, y) for s in (1, -1) for x, y in _SHOULDER if y < down]
    pen.fluff(shoulder, 0.115, wool)
    draw_robe(pen, cut, wool)
    if pen.ink:  # the robe's own line would cut through the scallops
        pen.dots(shoulder, 0.1, wool)
    spots = [(x, y + cut.sag - 0.1) for x, y in _LOCKS if y < down]
    if chance.maybe(0.7):
        _curls(pen, spots, 0.07, tone)
    else:
        pen.dots(spots, 0.085, tone)
    pen.fluff(cut.neckline(9, wide=1.2, low=0.08), 0.115, wool)
    bell = chance.maybe(0.3)
    if bell:
        y = cut.sag + 0.27
        pen.dots([(0, y)], 0.085, "#eebc2e", ink=True)
        pen.path(f"M-.015 {n(y)}h.03v.07h-.03Z", "#5a4312", ink=False)
    return {"bell": "yes" if bell else "no"}
