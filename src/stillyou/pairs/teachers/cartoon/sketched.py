"""Sketched faces: simple features drawn from random proportions, in place of a style's own.

The coordinates of a sketch: origin between the eyes, the eyes at (-1, 0) and (1, 0), y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from stillyou.pairs.teachers.cartoon.faces import FaceDrawing, affine_between, group, hidden_features
from stillyou.pairs.teachers.cartoon.overlays import tears
from stillyou.pairs.teachers.cartoon.palette import pick, pick_for
from stillyou.pairs.teachers.cartoon.spec import EXPRESSIONS, FaceGeometry, StyleSpec

EYES = ("dot", "oval", "ball", "bar", "square")
BROWS = ("stroke", "arc", "none")


@dataclass(frozen=True)
class Traits:
    """What stays the same in all expressions of one sketched face.

    Attributes:
        ink: Colour of lines and pupils.
        iris: Colour of pupils in eyeballs.
        line: Width of lines.
        cap: Shape of line ends, ``round`` or ``butt``.
        eyes: One of `EYES`.
        eye: Radius of the eyes.
        brows: One of `BROWS`.
        mouth: Half the width of the mouth.
        inside: Colour of the open mouth.
        tongue: Colour of the tongue; empty where none shows.
    """

    ink: str
    iris: str
    line: float
    cap: str
    eyes: str
    eye: float
    brows: str
    mouth: float
    inside: str
    tongue: str


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a face's proportions."""
    kind = str(rng.choice(EYES, p=[0.22, 0.2, 0.34, 0.1, 0.14]))
    ink = pick(rng, "ink", 4)
    return Traits(
        ink=ink,
        iris=pick_for(rng, "iris", True) if rng.random() < 0.5 else ink,
        line=rng.uniform(0.08, 0.2),
        cap="round" if rng.random() < 0.7 else "butt",
        eyes=kind,
        eye=rng.uniform(0.3, 0.6) if kind == "ball" else rng.uniform(0.14, 0.3),
        brows=str(rng.choice(BROWS, p=[0.45, 0.3, 0.25])),
        mouth=rng.uniform(0.4, 0.9),
        inside=str(rng.choice(["#3a1418", "#6b1f2a", "#1c1410", "#8f2e45"])) if rng.random() < 0.7 else ink,
        tongue=str(rng.choice(["#d9606b", "#ea869e", "#c94f5f"])) if rng.random() < 0.6 else "",
    )


def _line(traits: Traits, d: str, width: float = 1.0) -> str:
    stroke = f'stroke="{traits.ink}" stroke-width="{traits.line * width:.3f}" stroke-linecap="{traits.cap}"'
    return f'<path d="{d}" fill="none" {stroke} stroke-linejoin="round"/>'


def _ellipse(x: float, y: float, rx: float, ry: float, fill: str, extra: str = "") -> str:
    return f'<ellipse cx="{x:.3f}" cy="{y:.3f}" rx="{rx:.3f}" ry="{ry:.3f}" fill="{fill}"{extra}/>'


def _open_eye(t: Traits, x: float, wide: float, look: float) -> str:
    """An open eye; `wide` scales its height (1 = calm, more = startled)."""
    r = t.eye
    if t.eyes == "ball":
        edge = f' stroke="{t.ink}" stroke-width="{t.line * 0.5:.3f}"'
        pupil = r * (0.5 if wide <= 1 else 0.34)
        return _ellipse(x, 0, r, r * wide, "#ffffff", edge) + _ellipse(x + look * r, 0, pupil, pupil, t.iris)
    if t.eyes == "bar":
        return _line(t, f"M{x:.3f} {-r * 1.3 * wide:.3f}V{r * 1.3 * wide:.3f}", 1.2)
    if t.eyes == "square":
        height = 2 * r * wide
        return f'<rect x="{x - r:.3f}" y="{-height / 2:.3f}" width="{2 * r:.3f}" height="{height:.3f}" fill="{t.ink}"/>'
    return _ellipse(x, 0, r, r * wide * (1.5 if t.eyes == "oval" else 1), t.ink)


def _closed_eye(t: Traits, x: float, bow: float) -> str:
    """A shut eye as an arc; a positive `bow` arches up (joy), a negative one hangs down (grief)."""
    half = max(t.eye, 0.28)
    return _line(
        t, f"M{x - half:.3f} {bow * half * 0.4:.3f}Q{x:.3f} {-bow * half:.3f} {x + half:.3f} {bow * half * 0.4:.3f}"
    )


def _squint(t: Traits, side: int) -> str:
    """An eye pressed shut: > on the left, < on the right."""
    half = max(t.eye, 0.28)
    outer, inner = side * (1 + half), side * (1 - half)
    return _line(t, f"M{outer:.3f} {-half * 0.7:.3f}L{inner:.3f} 0L{outer:.3f} {half * 0.7:.3f}")


def _brow(t: Traits, side: int, inner: float, outer: float, lift: float) -> str:
    """A brow; `inner` and `outer` move its ends up (negative) or down, `lift` is its height over the eye."""
    y = -t.eye * (1.4 if t.eyes == "oval" else 1.1) - lift
    x0, x1 = side * 0.52, side * 1.42
    arch = -0.16 if t.brows == "arc" else -0.02
    return _line(
        t, f"M{x0:.3f} {y + inner:.3f}Q{side:.3f} {y + arch + (inner + outer) / 2:.3f} {x1:.3f} {y + outer:.3f}", 1.25
    )


def _arc_mouth(t: Traits, y: float, bend: float) -> str:
    """A closed mouth; a positive `bend` smiles."""
    m = t.mouth
    return _line(t, f"M{-m:.3f} {y - bend * 0.3:.3f}Q0 {y + bend:.3f} {m:.3f} {y - bend * 0.3:.3f}")


def _open_mouth(t: Traits, y: float, depth: float, turn: int, teeth: bool) -> str:
    """A half-moon mouth, flat side up (turn 1: laughing) or down (turn -1: wailing)."""
    m, top = t.mouth, y - turn * depth * 0.4
    tip = top + turn * depth * 1.3
    shape = f"M{-m:.3f} {top:.3f}H{m:.3f}C{m:.3f} {tip:.3f} {-m:.3f} {tip:.3f} {-m:.3f} {top:.3f}Z"
    edge = f' stroke="{t.ink}" stroke-width="{t.line * 0.5:.3f}" stroke-linejoin="round"'
    out = f'<path d="{shape}" fill="{t.inside}"{edge}/>'
    if teeth and turn > 0:
        row = f'width="{m * 1.56:.3f}" height="{depth * 0.26:.3f}" fill="#ffffff"'
        out += f'<rect x="{-m * 0.78:.3f}" y="{top:.3f}" {row}/>'
    if t.tongue:
        out += _ellipse(0, top + turn * depth * 0.66, m * 0.42, depth * 0.2, t.tongue)
    return out


def _gritted(t: Traits, y: float) -> str:
    """Bared teeth."""
    m, h = t.mouth * 0.85, 0.17
    edge = f'stroke="{t.ink}" stroke-width="{t.line * 0.7:.3f}"'
    box = (
        f'<rect x="{-m:.3f}" y="{y - h:.3f}" width="{2 * m:.3f}" height="{2 * h:.3f}" rx="0.06" fill="#ffffff" {edge}/>'
    )
    gaps = "".join(f"M{x * m:.3f} {y - h:.3f}V{y + h:.3f}" for x in (-0.5, 0, 0.5))
    return box + _line(t, gaps + f"M{-m:.3f} {y:.3f}H{m:.3f}", 0.5)


def _wavy(t: Traits, y: float) -> str:
    m, a = t.mouth, 0.16
    return _line(t, f"M{-m:.3f} {y:.3f}q{m / 4:.3f} {-2 * a} {m / 2:.3f} 0t{m / 2:.3f} 0t{m / 2:.3f} 0t{m / 2:.3f} 0")


def _calm(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    eyes = "".join(_open_eye(t, side, 1, look) for side in (-1, 1))
    brows = "".join(_brow(t, side, 0, 0, 0.25) for side in (-1, 1)) if t.brows != "none" else ""
    return eyes + brows + _arc_mouth(t, y, rng.uniform(-0.02, 0.25))


def _angry(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    steep = rng.uniform(0.22, 0.4)
    eyes = "".join(_open_eye(t, side, 0.8, look) for side in (-1, 1))
    brows = "".join(_brow(t, side, steep, -steep * 0.5, 0.05) for side in (-1, 1))
    mouth = (lambda: _arc_mouth(t, y, -rng.uniform(0.25, 0.4)), lambda: _gritted(t, y), lambda: _wavy(t, y))
    return eyes + brows + mouth[int(rng.choice(3, p=[0.55, 0.3, 0.15]))]()


def _shocked(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    eyes = "".join(_open_eye(t, side, rng.uniform(1.25, 1.5), look) for side in (-1, 1))
    brows = "".join(_brow(t, side, -0.05, 0.05, 0.5) for side in (-1, 1)) if t.brows != "none" else ""
    rx = t.mouth * rng.uniform(0.32, 0.5)
    ry = rx * rng.uniform(1.0, 1.6)
    tongue = _ellipse(0, y + ry * 0.5, rx * 0.55, ry * 0.32, t.tongue) if t.tongue else ""
    return eyes + brows + _ellipse(0, y, rx, ry, t.inside) + tongue


def _laughing(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    squint = rng.random() < 0.25
    eyes = "".join(_squint(t, side) if squint else _closed_eye(t, side, rng.uniform(0.9, 1.2)) for side in (-1, 1))
    brows = "".join(_brow(t, side, -0.05, 0, 0.35) for side in (-1, 1)) if t.brows != "none" else ""
    return eyes + brows + _open_mouth(t, y, rng.uniform(0.55, 0.85), 1, rng.random() < 0.5)


def _crying(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    shut = rng.random() < 0.6
    eyes = "".join(_closed_eye(t, side, -0.9) if shut else _open_eye(t, side, 0.9, look) for side in (-1, 1))
    slope = rng.uniform(0.15, 0.3)
    brows = "".join(_brow(t, side, -slope, slope * 0.6, 0.25) for side in (-1, 1)) if t.brows != "none" else ""
    kind = int(rng.choice(3, p=[0.5, 0.3, 0.2]))
    if kind == 0:
        return eyes + brows + _arc_mouth(t, y, -rng.uniform(0.25, 0.4))
    return eyes + brows + (_open_mouth(t, y, rng.uniform(0.45, 0.7), -1, False) if kind == 1 else _wavy(t, y))


_DRAW = {"neutral": _calm, "angry": _angry, "shocked": _shocked, "laughing": _laughing, "crying": _crying}


@dataclass(frozen=True)
class SketchedFace:
    """A sketched face on the head of a style."""

    host: StyleSpec
    traits: Traits
    name: str = "sketched"

    def can_show(self, expression: str) -> bool:
        """Whether the sketch has the expression: it has all."""
        return expression in EXPRESSIONS

    def draw(self, expression: str, rng: np.random.Generator) -> FaceDrawing:
        """Draw the features over the host's head, unstretched, with the mouth as far down as the host has it."""
        face = self.host.face
        (lx, ly), (rx, ry), (mx, my) = face.left_eye, face.right_eye, face.mouth
        unit = hypot(rx - lx, ry - ly) / 2
        down = hypot(mx - (lx + rx) / 2, my - (ly + ry) / 2) / unit
        own = FaceGeometry(face.anchor, (-1, 0), (1, 0), max(self.traits.eye, 0.25), (0, down), self.traits.mouth)
        svg = _DRAW[expression](self.traits, down, rng.uniform(-0.25, 0.25), rng)
        svg += tears(own, rng) if expression == "crying" else ""
        return FaceDrawing(hidden_features(self.host), group(affine_between(own, face), svg))
