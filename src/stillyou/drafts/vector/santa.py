"""Santa: a soft hat with fur brim and pom, a coat with fur collar, trim, buttons and sometimes a belt."""

from __future__ import annotations

import math

from stillyou.drafts.vector.pen import Chance, Pen, Point, n, shade
from stillyou.drafts.vector.robe import Cut, draw_robe

CLOTH = ("#c8202c", "#b5121f", "#d8323a", "#c01a2b", "#e0303a", "#a81422", "#8e1b2e", "#7c1a2c", "#d94f70", "#1f7a45")
FUR = ("#ffffff", "#fffaf0", "#f4f1ea", "#f3f6fb")
BUTTONS = ("#2a2a2a", "#3a2a1e", "#e8b923", "#ffffff")
HATS = ("long", "floppy", "short", "upright")

# Left edge is always (-1.06, .03); each hat names its apex curve, tip (where the pom hangs) and the way back
# to the right edge (1.06, .03), in head units with the tip on the right.
_HATS: dict[str, tuple[str, Point, str]] = {
    "long": ("C-1.12 -.8 -.55 -1.42 .2 -1.4C.95 -1.36 1.45 -.8 {a}", (1.48, -0.05), "L{b}C1.22 -.5 1.12 -.62 1 -.7"),
    "floppy": ("C-1.12 -.85 -.5 -1.46 .2 -1.4C.8 -1.36 1.22 -1.1 {a}", (1.34, -0.58), "L{b}C1.1 -.8 1 -.75 .98 -.62"),
    "short": ("C-1.1 -.7 -.6 -1.1 .1 -1.14C.6 -1.16 1.0 -.98 {a}", (1.16, -0.62), "L{b}C1.04 -.6 1.06 -.5 1.05 -.4"),
    "upright": ("C-1.1 -.62 -.55 -1.0 {a}", (0.5, -1.34), "L{b}C.86 -.98 1.1 -.5 1.08 -.2"),
}


def _hat(pen: Pen, hat: str, side: int, stretch: float, colour: str) -> Point:
    """Draw the cloth of the hat and return where its tip ends."""
    apex, (tx, ty), back = _HATS[hat]
    tip = f"{n(tx + 0.03)} {n(ty)}", f"{n(tx - 0.12)} {n(ty + 0.02)}"
    d = "M-1.06 .03" + apex.format(a=tip[0]) + back.format(b=tip[1]) + "L1.06 .03Z"
    seam = {"long": "M.98 -.72C.8 -.86 .62 -.92 .4 -.92", "floppy": "M.98 -.64C.84 -.8 .66 -.9 .42 -.92"}.get(hat, "")
    inner = Pen(pen.ink, pen.width)
    inner.path(d, colour)
    inner.path("M-1.02 .03C-1.04 -.2 -.98 -.4 -.88 -.52C-.86 -.3 -.84 -.1 -.8 .03Z", shade(colour, 0.86), ink=False)
    if seam:
        inner.line(seam, pen.ink or shade(colour, 0.75), max(pen.width, 0.028))
    pen.group(inner, f"scale({side} {n(stretch)})")
    return side * tx, ty * stretch


def head(pen: Pen, chance: Chance) -> dict[str, str]:
    """Draw the hat in the head frame; returns its colours and cut."""
    colour, fur = chance.tint(chance.pick(CLOTH, "cloth")), chance.pick(FUR, "fur")
    hat, side, stretch = chance.pick(HATS, "hat"), chance.pick((-1, 1), "side"), chance.between(0.9, 1.06)
    tip = _hat(pen, hat, side, stretch, colour)
    pom = chance.between(0.17, 0.25)
    if chance.maybe(0.5):
        ring = [(tip[0] + pom * 0.5 * math.cos(t), tip[1] + pom * 0.5 * math.sin(t)) for t in (0.3, 1.6, 2.8, 4.1, 5.3)]
        pen.fluff([*ring, tip], pom * 0.62, fur)
    else:
        pen.dots([tip], pom, fur, ink=True)
    thick, bow = chance.between(0.13, 0.175), chance.between(-0.05, 0.03)
    if chance.maybe(0.6):
        count = chance.whole(9, 12)
        across = [2.16 * i / (count - 1) - 1.08 for i in range(count)]
        pen.fluff([(x, bow * (1 - x * x)) for x in across], thick, fur)
    else:
        t, y = n(thick), n(2 * thick)
        pen.path(
            f"M-1.08 {n(-thick)}Q0 {n(2 * bow - thick)} 1.08 {n(-thick)}a{t} {t} 0 0 1 0 {y}"
            f"Q0 {n(2 * bow + thick)} -1.08 {n(thick)}a{t} {t} 0 0 1 0 -{y}Z",
            fur,
        )
    return {"cloth": colour, "fur": fur, "hat": f"{hat} {'right' if side > 0 else 'left'}"}


def body(pen: Pen, cut: Cut, chance: Chance, worn: dict[str, str]) -> dict[str, str]:
    """Draw the coat in the body frame, in the colours of the hat."""
    colour, fur = worn["cloth"], worn["fur"]
    draw_robe(pen, cut, colour)
    trim, button = chance.maybe(0.6, "trim"), chance.pick(BUTTONS, "button")
    low = cut.bottom
    half = chance.between(0.08, 0.13)
    if trim:
        top = cut.sag * 0.6
        pen.path(f"M{n(-half)} {n(top)}H{n(half)}V{n(low)}H{n(-half)}Z", fur)
    if not trim or button != "#ffffff":
        first, size = cut.sag + 0.26, chance.between(0.035, 0.055)
        pen.dots([(0, first + 0.19 * i) for i in range(5) if first + 0.19 * i < low], size, button)
    belt = cut.depth > 0.62 and chance.maybe(0.45, "belt")
    if belt:
        y, h = cut.depth - 0.26, 0.085
        pen.path(f"M-1.05 {n(y - h)}H1.05V{n(y + h)}H-1.05Z", "#2b2320")
        pen.path(f"M-.16 {n(y - h - 0.03)}h.32v{n(2 * h + 0.06)}h-.32Z", "#e8b923")
        pen.path(f"M-.09 {n(y - h + 0.025)}h.18v{n(2 * h - 0.05)}h-.18Z", "#2b2320", ink=False)
    count, size = chance.whole(8, 10), chance.between(0.085, 0.115)
    pen.fluff(cut.neckline(count, wide=1.18, low=0.05), size, fur)
    return {"trim": "fur" if trim else "plain", "belt": "yes" if belt else "no"}
