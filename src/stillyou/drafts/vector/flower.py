"""Flower: a wreath of flowers and leaves, a dress with a collar of petals or a garland."""

from __future__ import annotations

import math

from stillyou.drafts.vector.pen import Chance, Pen, Point, n, rings
from stillyou.drafts.vector.robe import Cut, draw_robe

PETALS = (
    ("#f48fb1", "#f06292", "#ffffff"), ("#ffd166", "#ff8a65", "#ffffff"), ("#b39ddb", "#90caf9", "#f8bbd0"),
    ("#f06292", "#ffd166", "#b39ddb"), ("#ff8a65", "#f48fb1", "#ffe082"), ("#ffffff", "#ffe082", "#f8bbd0"),
    ("#e53935", "#f48fb1", "#ffffff"), ("#7986cb", "#b39ddb", "#ffffff"), ("#ba68c8", "#f06292", "#ffd166"),
    ("#4fc3f7", "#ffffff", "#ffd166"), ("#ff7043", "#ffca28", "#ef5350"), ("#f8bbd0", "#c5e1a5", "#ffffff"),
)  # fmt: skip
MIDDLES = ("#f7c948", "#ffe082", "#8d5a2b", "#ffb300", "#fff3c4")
LEAVES = ("#4f9a51", "#6aa84f", "#2f7d4f", "#8bc34a", "#5b8c5a")
DRESSES = ("#7cb66f", "#8bc48a", "#f3b6cc", "#f7c6d9", "#fff2c9", "#cdb4e8", "#a8d8c8", "#f9d5a7", "#5f9e63", "#fbe9ef")
KINDS = ("round", "daisy", "pointed", "rose")
COLLARS = ("petals", "pointed petals", "garland")


def _flower(pen: Pen, kind: str, at: Point, r: float, turn: float, colour: str, middle: str) -> None:
    """Draw one flower of radius ``r``."""
    x, y = at
    if kind == "rose":
        pen.dots([at], r * 0.95, colour, ink=True)
        spiral = f"M{n(x - r * 0.5)} {n(y)}a{n(r * 0.5)} {n(r * 0.5)} 0 1 1 {n(r * 0.5)} {n(r * 0.5)}"
        inner = f"M{n(x - r * 0.2)} {n(y + r * 0.1)}a{n(r * 0.25)} {n(r * 0.25)} 0 1 1 {n(r * 0.3)} {n(r * 0.05)}"
        pen.line(spiral + inner, pen.ink or middle, max(pen.width * 0.7, r * 0.13))
        return
    if kind == "round":
        angles = [turn + math.tau * k / 5 for k in range(5)]
        pen.path(rings(((x + r * 0.58 * math.cos(t), y + r * 0.58 * math.sin(t)) for t in angles), r * 0.45), colour)
    else:
        count, width = (9, 0.26) if kind == "daisy" else (6, 0.42)
        pen.path("".join(_petal(at, r * 1.05, turn + math.tau * k / count, r * width) for k in range(count)), colour)
    pen.dots([at], r * 0.34, middle)


def _petal(at: Point, length: float, angle: float, width: float, start: float = 0.0) -> str:
    """Return path data of a leaf-shaped petal that leaves ``at`` at ``angle`` (radians)."""
    c, s = math.cos(angle), math.sin(angle)
    x, y = at[0] + start * c, at[1] + start * s
    px, py = -s * width, c * width
    ex, ey = x + length * c, y + length * s
    return (
        f"M{n(x)} {n(y)}C{n(x + 0.3 * length * c + px)} {n(y + 0.3 * length * s + py)} "
        f"{n(x + 0.8 * length * c + px)} {n(y + 0.8 * length * s + py)} {n(ex)} {n(ey)}"
        f"C{n(x + 0.8 * length * c - px)} {n(y + 0.8 * length * s - py)} "
        f"{n(x + 0.3 * length * c - px)} {n(y + 0.3 * length * s - py)} {n(x)} {n(y)}Z"
    )


def head(pen: Pen, chance: Chance) -> dict[str, str]:
    """Draw the wreath in the head frame; returns its colours and cut."""
    fine = pen.finer()
    palette = [chance.tint(c) for c in chance.pick(PETALS, "petals")]
    middle, leaf = chance.pick(MIDDLES, "middle"), chance.tint(chance.pick(LEAVES, "leaf"))
    kinds = chance.sample(KINDS, 2, "kinds")
    count, arch, lift = chance.whole(6, 10), chance.between(0.26, 0.40), chance.between(0.06, 0.12)
    reach = 1.08

    def on(x: float) -> Point:
        return x, -lift - arch * (1 - (x / 1.15) ** 2)

    end = on(reach)[1]
    fine.line(f"M{n(-reach)} {n(end)}Q0 {n(end - 2 * arch)} {n(reach)} {n(end)}", pen.ink or leaf, 0.07)
    leaves = chance.whole(9, 13)
    slim = chance.between(0.09, 0.14)
    d = []
    for k in range(leaves):
        x = 2 * reach * k / (leaves - 1) - reach
        up = -1 if k % 2 else 1
        d.append(_petal(on(x), chance.between(0.28, 0.4), math.pi / 2 * up + 0.9 * (1 if x > 0 else -1) * -up, slim))
    fine.path("".join(d), leaf)
    size = 1.5 * reach / count
    big = chance.maybe(0.4)
    for k in range(count):
        x = 2 * (reach - 0.06) * k / (count - 1) - (reach - 0.06)
        r = size * chance.between(0.85, 1.12) * ((1.25 - 0.4 * abs(x)) if big else 1.0)
        r = min(max(r, 0.17), 0.30)
        _flower(fine, kinds[k % 2], on(x), r, chance.between(0, 6.28), palette[k % 3], middle)
    pen.group(fine)
    worn = {"petals": " ".join(palette), "leaf": leaf, "middle": middle}
    return {**worn, "kinds": " ".join(kinds), "flowers": str(count)}


def _petal_collar(pen: Pen, cut: Cut, palette: list[str], pointed: bool, chance: Chance) -> None:
    """Draw two rows of petals around the neckline, the outer one below."""
    count = chance.whole(8, 11)
    long = chance.between(0.9, 1.15)
    for row, length in ((1, 0.40 * long), (0, 0.28 * long)):
        d = []
        for k in range(count + row):
            u = 2 * k / (count + row - 1) - 1
            x, y = cut.collar * 0.98 * u, cut.sag * (1 - u * u)
            angle = math.pi / 2 - u * 1.2
            d.append(_petal((x, y), length, angle, length * (0.22 if pointed else 0.36), -0.03))
        pen.path("".join(d), palette[row])


def body(pen: Pen, cut: Cut, chance: Chance, worn: dict[str, str]) -> dict[str, str]:
    """Draw the dress and its collar in the body frame, in the colours of the wreath."""
    palette, dress = worn["petals"].split(), chance.tint(chance.pick(DRESSES, "dress"))
    kinds, fine = worn["kinds"].split(), pen.finer()
    draw_robe(pen, cut, dress)
    if chance.maybe(0.4):
        for x, y in ((-0.62, 0.4), (0.66, 0.46), (-0.3, 0.66), (0.32, 0.72), (-0.84, 0.72), (0.86, 0.8), (0.0, 0.92)):
            if y < cut.depth + 0.1:
                _flower(fine, kinds[0], (x, y), 0.085, x * 9, palette[2], worn["middle"])
    collar = chance.pick(COLLARS, "collar")
    if collar == "garland":
        points = cut.neckline(chance.whole(7, 9), wide=1.25, low=0.12)
        turns = [math.pi / 2 - x * 1.5 + (0.7 if i % 2 else -0.7) for i, (x, _) in enumerate(points)]
        fine.path("".join(_petal(p, 0.22, t, 0.07) for p, t in zip(points, turns, strict=True)), worn["leaf"])
        for i, point in enumerate(points):
            r = chance.between(0.105, 0.135)
            _flower(fine, kinds[i % 2], point, r, i * 1.3, palette[i % 3], worn["middle"])
    else:
        _petal_collar(fine, cut, palette, collar != "petals", chance)
    pen.group(fine)
    return {"dress": dress, "collar": collar}
