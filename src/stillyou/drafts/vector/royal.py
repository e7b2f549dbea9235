"""Royal: a golden crown or palace headdress with gems, a robe with ermine or gold embroidery."""

from __future__ import annotations

import math

from stillyou.drafts.vector.pen import Chance, Pen, n, shade
from stillyou.drafts.vector.robe import Cut, draw_robe

GOLD = ("#f2c230", "#e8b422", "#f5cf52", "#dba520", "#f0c75e", "#e6b93f")
GEMS = ("#d7263d", "#2a9d8f", "#3a86ff", "#8e44ad", "#1fa35c", "#e91e63", "#1d4e9e")
ROBES = ("#6a2c91", "#9b1b30", "#1f3f8f", "#b3202e", "#7a1f3d", "#135e4b", "#c8442e", "#3b2a73")
GOLDEN_ROBES = ("#d9a62e", "#e0b23a", "#efc75a")
STRING = 1.07
"""How far from the middle of the head strings of beads hang (head units); they reach down to 0.7."""
CROWNS = ("points", "points", "dome", "tiara", "headdress")
COLLARS = ("ermine", "ermine", "lobes", "lapels")

Sides = tuple[int, ...]


def _band(pen: Pen, gold: str, gems: list[str], low: float, high: float) -> None:
    """Draw the lower band of a crown between two heights (head units, upwards positive), with gems."""
    pen.path(
        f"M-.95 {n(-high)}Q0 {n(-high + 0.2)} .95 {n(-high)}L.92 {n(-low)}Q0 {n(-low + 0.2)} -.92 {n(-low)}Z",
        shade(gold, 0.86),
    )
    mid, size = -(low + high) / 2, (high - low) * 0.33
    at = [(x, mid + 0.1 * (1 - x * x)) for x in (-0.72, -0.37, 0.0, 0.37, 0.72)]
    pen.dots(at[::2], size, gems[0])
    pen.dots(at[1::2], size * 0.85, gems[1])


def _points(pen: Pen, chance: Chance, gold: str, gems: list[str], _: Sides) -> str:
    count, tall, flare = chance.whole(3, 7), chance.between(0.7, 1.15), chance.between(0.02, 0.14)
    dip = tall * chance.between(0.42, 0.58)
    tips = []
    for k in range(count):
        u = 2 * k / (count - 1) - 1
        tips.append((u * (0.92 + flare), -tall * (1.0 - 0.22 * abs(u)) - 0.05))
    d = "M-.92 -.08"
    for k, (x, y) in enumerate(tips):
        d += f"L{n(x)} {n(y)}"
        if k < count - 1:
            d += f"L{n((x + tips[k + 1][0]) / 2 * 0.97)} {n(-dip)}"
    pen.path(d + "L.92 -.08Q0 .12 -.92 -.08Z", gold)
    _band(pen, gold, gems, 0.08, 0.34)
    if chance.maybe(0.8):
        pen.dots(tips, 0.085 if count < 6 else 0.07, chance.pick((shade(gold, 1.35), gems[0], "#ffffff")), ink=True)
    return f"{count} points"


def _dome(pen: Pen, chance: Chance, gold: str, gems: list[str], _: Sides) -> str:
    velvet = chance.pick(("#9b1b30", "#6a2c91", "#1f3f8f", "#7a1f3d", "#135e4b"), "velvet")
    tall = chance.between(0.85, 1.1)
    y, rise = n(-tall), n(-tall * 1.12)
    pen.path(f"M-.9 -.15C-1.15 {y} -.4 {rise} 0 {y}C.4 {rise} 1.15 {y} .9 -.15Z", velvet)
    for side in (-1, 1):
        d = f"M{n(side * 0.9)} -.2C{n(side * 1.2)} {n(-tall)} {n(side * 0.4)} {n(-tall * 1.14)} 0 {n(-tall)}"
        if pen.ink:
            pen.line(d, pen.ink, 0.13 + 2 * pen.width)
        pen.line(d, gold, 0.13)
    pen.path(f"M-.09 -.2L-.06 {n(-tall)}L.06 {n(-tall)}L.09 -.2Z", gold)
    _band(pen, gold, gems, 0.06, 0.36)
    pen.dots([(0, -tall - 0.09)], 0.11, gold, ink=True)
    pen.path(f"M-.03 {n(-tall - 0.4)}h.06v.07h.08v.06h-.08v.1h-.06v-.1h-.08v-.06h.08Z", gold)
    return "dome"


def _tiara(pen: Pen, chance: Chance, gold: str, gems: list[str], _: Sides) -> str:
    tall = chance.between(0.62, 0.9)
    pen.path(
        f"M-1 .02C-.85 -.25 -.75 -.5 -.55 -.38C-.42 -.3 -.4 -.62 -.28 -.62C-.16 -.62 -.2 {n(-tall)} 0 {n(-tall - 0.12)}"
        f"C.2 {n(-tall)} .16 -.62 .28 -.62C.4 -.62 .42 -.3 .55 -.38C.75 -.5 .85 -.25 1 .02C.6 -.16 -.6 -.16 -1 .02Z",
        gold,
    )
    pen.path(f"M0 {n(-tall + 0.1)}L.13 {n(-tall + 0.3)}L0 {n(-tall + 0.5)}L-.13 {n(-tall + 0.3)}Z", gems[0])
    pen.dots([(-0.3, -0.36), (0.3, -0.36), (-0.6, -0.24), (0.6, -0.24)], 0.065, gems[1])
    pen.dots([(-0.28, -0.66), (0.28, -0.66), (0, -tall - 0.16)], 0.06, "#fffaf0", ink=True)
    return "tiara"


def _headdress(pen: Pen, chance: Chance, gold: str, gems: list[str], strings: Sides) -> str:
    """Draw a palace headdress: a fan of golden plates with gems, wings and strings of beads at the temples."""
    count, tall = chance.pick((5, 7, 9)), chance.between(0.78, 1.0)
    order = sorted(range(count), key=lambda k: -abs(k - count // 2))
    for k in order:
        u = 2 * k / (count - 1) - 1
        t = u * 1.15
        length = tall * (1.0 - 0.25 * abs(u))
        x, y = 0.55 * math.sin(t), -0.1 - 0.25 * math.cos(t)
        ex, ey = x + length * math.sin(t), y - length * math.cos(t) * 0.85
        px, py = math.cos(t) * 0.2, math.sin(t) * 0.2
        pen.path(
            f"M{n(x - px)} {n(y - py)}C{n(ex - px * 1.5)} {n(ey - py * 1.5)} {n(ex - px)} {n(ey - py)} {n(ex)} {n(ey)}"
            f"C{n(ex + px)} {n(ey + py)} {n(ex + px * 1.5)} {n(ey + py * 1.5)} {n(x + px)} {n(y + py)}Z",
            gold if k % 2 else shade(gold, 1.2),
        )
        pen.dots([(x + (ex - x) * 0.66, y + (ey - y) * 0.66)], 0.075, gems[k % 2])
    _band(pen, gold, gems, 0.06, 0.32)
    if chance.maybe(0.7) and strings:
        beads = [(side * STRING, 0.02 + 0.11 * i) for side in strings for i in range(5)]
        pen.dots(beads, 0.05, shade(gold, 1.1), ink=True)
        pen.dots([(side * STRING, 0.6) for side in strings], 0.075, gems[0], ink=True)
    return "headdress"


_DRAW = {"points": _points, "dome": _dome, "tiara": _tiara, "headdress": _headdress}


def head(pen: Pen, chance: Chance, strings: Sides = (-1, 1)) -> dict[str, str]:
    """Draw the crown in the head frame; returns its colours and cut.

    Args:
        pen: Pen in the head frame.
        chance: Colours and cut.
        strings: Sides (-1 left, 1 right) where beads may hang at the temple without covering the face.
    """
    gold, gems = chance.tint(chance.pick(GOLD, "gold")), chance.sample(GEMS, 2, "gems")
    shape = _DRAW[chance.pick(CROWNS, "crown")](pen, chance, gold, gems, strings)
    return {"gold": gold, "gems": " ".join(gems), "crown": shape}


def _ermine(pen: Pen, cut: Cut, chance: Chance) -> None:
    low = chance.between(0.26, 0.4)
    pen.path(cut.band(0.2, low), "#fffdf6")
    spots = []
    for row, share in ((6, 0.4), (5, 0.75)):
        for k in range(row):
            u = (2 * (k + 0.5) / row - 1) * 0.95
            x = (cut.collar + 0.14 * share) * u
            y = cut.sag * (1 - u * u) + low * share * (1 - u * u * 0.75)
            spots.append((x, y))
    tails = "".join(f"M{n(x)} {n(y - 0.035)}l.022 .06h-.044Z" for x, y in spots)
    pen.path(tails, "#2b2b2b", ink=False)


def _lobes(pen: Pen, cut: Cut, gold: str, accent: str) -> None:
    """Draw a wide collar of golden lobes, as on a palace gown."""
    points = cut.neckline(7, wide=1.15, low=0.12)
    pen.fluff(points, 0.19, gold)
    pen.path(cut.band(0.14, 0.16), gold, ink=False)
    pen.dots(points, 0.09, accent)
    pen.dots(points, 0.04, shade(gold, 1.3))


def _lapels(pen: Pen, cut: Cut, gold: str, accent: str, low: float) -> None:
    """Draw crossed lapels with golden borders."""
    c = cut.collar
    for s in (1, -1):
        pen.path(f"M{n(s * c)} -.03L{n(s * (c + 0.17))} .05L{n(-s * 0.12)} {n(low)}H{n(-s * 0.36)}Z", gold)
        d = f"M{n(s * (c + 0.03))} .02L{n(s * (c + 0.1))} .05L{n(-s * 0.2)} {n(low)}H{n(-s * 0.29)}Z"
        pen.path(d, accent, ink=False)


def _embroidery(pen: Pen, cut: Cut, gold: str, chance: Chance) -> str:
    """Draw golden ornaments on the robe."""
    kind = chance.pick(("medallions", "scrolls", "dots", "none"), "embroidery")
    low = cut.depth + 0.1
    if kind == "medallions":
        at = [(x, y) for x, y in ((-0.66, 0.5), (0.66, 0.5), (-0.5, 0.9), (0.5, 0.9)) if y < low]
        pen.dots(at, 0.13, gold)
        pen.dots(at, 0.075, shade(gold, 0.72))
        pen.dots(at, 0.04, gold)
    elif kind == "scrolls":
        d = "".join(
            f"M{n(x - 0.1)} {n(y)}a.08 .08 0 1 1 .12 .06M{n(x + 0.02)} {n(y + 0.06)}q.1 .1 .2 -.02"
            for x, y in ((-0.72, 0.42), (0.6, 0.42), (-0.5, 0.66), (0.36, 0.68), (-0.86, 0.82), (0.76, 0.84))
            if y < low
        )
        pen.line(d, gold, 0.035)
    elif kind == "dots":
        rows = [(y, 0.1 * (i % 2)) for i, y in enumerate((0.36, 0.52, 0.68, 0.84)) if y < low]
        pen.dots([(x + dx, y) for y, dx in rows for x in (-0.85, -0.6, -0.38, 0.28, 0.5, 0.72)], 0.03, gold)
    return kind


def body(pen: Pen, cut: Cut, chance: Chance, worn: dict[str, str]) -> dict[str, str]:
    """Draw the robe in the body frame, with the crown's gold."""
    gold, gems = worn["gold"], worn["gems"].split()
    golden = chance.maybe(0.28, "golden")
    robe = chance.tint(chance.pick(GOLDEN_ROBES if golden else ROBES, "robe"))
    collar = chance.pick(
        COLLARS if cut.collar < 0.6 else COLLARS[:3], "collar"
    )  # lapels would be mere straps on a creature
    accent = chance.pick(("#9b1b30", "#1f3f8f", "#6a2c91", "#135e4b"), "accent")
    draw_robe(pen, cut, robe)
    pattern = _embroidery(pen, cut, shade(gold, 0.75) if golden else gold, chance)
    low = cut.bottom
    if chance.maybe(0.5) and collar != "lapels":
        half = chance.between(0.05, 0.09)
        pen.path(f"M{n(-half)} {n(cut.sag)}h{n(2 * half)}L{n(half)} {n(low)}h{n(-2 * half)}Z", gold)
    if collar == "ermine":
        _ermine(pen, cut, chance)
        y = cut.sag + 0.34
        pen.dots([(0, y)], 0.085, gold, ink=True)
        pen.dots([(0, y)], 0.045, gems[0])
    elif collar == "lobes":
        _lobes(pen, cut, gold, accent)
    else:
        _lapels(pen, cut, gold, accent, low)
    return {"robe": robe, "collar": collar, "embroidery": pattern}
