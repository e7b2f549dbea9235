"""Features of drawn faces, as SVG: the studio's sketched faces and the drafts of expressions have the same ones.

Coordinates: origin between the eyes, the eyes at (-1, 0) and (1, 0), y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def line(traits: Traits, d: str, width: float = 1.0) -> str:
    """Return a stroke along path data; `width` scales the face's own."""
    stroke = f'stroke="{traits.ink}" stroke-width="{traits.line * width:.3f}" stroke-linecap="{traits.cap}"'
    return f'<path d="{d}" fill="none" {stroke} stroke-linejoin="round"/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, extra: str = "") -> str:
    """Return a filled ellipse."""
    return f'<ellipse cx="{x:.3f}" cy="{y:.3f}" rx="{rx:.3f}" ry="{ry:.3f}" fill="{fill}"{extra}/>'


def open_eye(t: Traits, x: float, wide: float, look: float) -> str:
    """An open eye; `wide` scales its height (1 = calm, more = startled)."""
    r = t.eye
    if t.eyes == "ball":
        edge = f' stroke="{t.ink}" stroke-width="{t.line * 0.5:.3f}"'
        pupil = r * (0.5 if wide <= 1 else 0.34)
        return ellipse(x, 0, r, r * wide, "#ffffff", edge) + ellipse(x + look * r, 0, pupil, pupil, t.iris)
    if t.eyes == "bar":
        return line(t, f"M{x:.3f} {-r * 1.3 * wide:.3f}V{r * 1.3 * wide:.3f}", 1.2)
    if t.eyes == "square":
        height = 2 * r * wide
        return f'<rect x="{x - r:.3f}" y="{-height / 2:.3f}" width="{2 * r:.3f}" height="{height:.3f}" fill="{t.ink}"/>'
    return ellipse(x, 0, r, r * wide * (1.5 if t.eyes == "oval" else 1), t.ink)


def closed_eye(t: Traits, x: float, bow: float) -> str:
    """A shut eye as an arc; a positive `bow` arches up (joy), a negative one hangs down (grief)."""
    half = max(t.eye, 0.28)
    return line(
        t, f"M{x - half:.3f} {bow * half * 0.4:.3f}Q{x:.3f} {-bow * half:.3f} {x + half:.3f} {bow * half * 0.4:.3f}"
    )


def squint(t: Traits, side: int) -> str:
    """An eye pressed shut: > on the left, < on the right."""
    half = max(t.eye, 0.28)
    outer, inner = side * (1 + half), side * (1 - half)
    return line(t, f"M{outer:.3f} {-half * 0.7:.3f}L{inner:.3f} 0L{outer:.3f} {half * 0.7:.3f}")


def brow(t: Traits, side: int, inner: float, outer: float, lift: float) -> str:
    """A brow; `inner` and `outer` move its ends up (negative) or down, `lift` is its height over the eye."""
    y = -t.eye * (1.4 if t.eyes == "oval" else 1.1) - lift
    x0, x1 = side * 0.52, side * 1.42
    arch = -0.16 if t.brows == "arc" else -0.02
    return line(
        t, f"M{x0:.3f} {y + inner:.3f}Q{side:.3f} {y + arch + (inner + outer) / 2:.3f} {x1:.3f} {y + outer:.3f}", 1.25
    )


def arc_mouth(t: Traits, y: float, bend: float) -> str:
    """A closed mouth; a positive `bend` smiles."""
    m = t.mouth
    return line(t, f"M{-m:.3f} {y - bend * 0.3:.3f}Q0 {y + bend:.3f} {m:.3f} {y - bend * 0.3:.3f}")


def open_mouth(t: Traits, y: float, depth: float, turn: int, teeth: bool) -> str:
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
        out += ellipse(0, top + turn * depth * 0.66, m * 0.42, depth * 0.2, t.tongue)
    return out


def gritted(t: Traits, y: float) -> str:
    """Bared teeth."""
    m, h = t.mouth * 0.85, 0.17
    edge = f'stroke="{t.ink}" stroke-width="{t.line * 0.7:.3f}"'
    box = (
        f'<rect x="{-m:.3f}" y="{y - h:.3f}" width="{2 * m:.3f}" height="{2 * h:.3f}" rx="0.06" fill="#ffffff" {edge}/>'
    )
    gaps = "".join(f"M{x * m:.3f} {y - h:.3f}V{y + h:.3f}" for x in (-0.5, 0, 0.5))
    return box + line(t, gaps + f"M{-m:.3f} {y:.3f}H{m:.3f}", 0.5)


def wavy(t: Traits, y: float) -> str:
    """Return a closed mouth that trembles."""
    m, a = t.mouth, 0.16
    return line(t, f"M{-m:.3f} {y:.3f}q{m / 4:.3f} {-2 * a} {m / 2:.3f} 0t{m / 2:.3f} 0t{m / 2:.3f} 0t{m / 2:.3f} 0")
