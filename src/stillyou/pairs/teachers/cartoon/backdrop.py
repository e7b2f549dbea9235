"""What stands behind a character: plain colours, gradients, two-tone scenes and simple patterns (unit square)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stillyou.pairs.teachers.cartoon.palette import distinct, pick

_ID = "stillyou-backdrop"


@dataclass(frozen=True)
class Backdrop:
    """SVG for the unit square and the definitions it uses."""

    body: str
    defs: str = ""


def _rect(fill: str) -> str:
    return f'<rect x="-0.01" y="-0.01" width="1.02" height="1.02" fill="{fill}"/>'


def _gradient(base: str, rng: np.random.Generator) -> Backdrop:
    stops = f'<stop stop-color="{base}"/><stop offset="1" stop-color="{pick(rng, "backdrop")}"/>'
    if rng.random() < 0.35:
        where = f'cx="{rng.uniform(0.3, 0.7):.3f}" cy="{rng.uniform(0.2, 0.7):.3f}" r="{rng.uniform(0.5, 0.9):.3f}"'
        return Backdrop(_rect(f"url(#{_ID})"), f'<radialGradient id="{_ID}" {where}>{stops}</radialGradient>')
    turn = f'gradientTransform="rotate({rng.uniform(0, 360):.1f} .5 .5)"'
    return Backdrop(_rect(f"url(#{_ID})"), f'<linearGradient id="{_ID}" {turn}>{stops}</linearGradient>')


def _horizon(base: str, rng: np.random.Generator) -> Backdrop:
    y, tilt, hill = rng.uniform(0.45, 0.85), rng.uniform(-0.15, 0.15), rng.uniform(-0.25, 0.25)
    ground = f"M-.1 {y - tilt:.3f}Q.5 {y + hill:.3f} 1.1 {y + tilt:.3f}V1.1H-.1Z"
    return Backdrop(_rect(base) + f'<path d="{ground}" fill="{pick(rng, "backdrop")}"/>')


def _halo(base: str, rng: np.random.Generator) -> Backdrop:
    x, y, r = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65), rng.uniform(0.28, 0.5)
    return Backdrop(_rect(base) + f'<circle cx="{x:.3f}" cy="{y:.3f}" r="{r:.3f}" fill="{pick(rng, "backdrop")}"/>')


def _pattern(base: str, rng: np.random.Generator) -> Backdrop:
    colour, step = pick(rng, "backdrop"), rng.uniform(0.06, 0.2)
    half = step / 2
    tile = (
        f'<circle cx="{half:.4f}" cy="{half:.4f}" r="{step * rng.uniform(0.15, 0.4):.4f}" fill="{colour}"/>',
        f'<rect width="{step:.4f}" height="{step * rng.uniform(0.3, 0.6):.4f}" fill="{colour}"/>',
        f'<path d="M0 0H{half:.4f}V{step:.4f}H{step:.4f}V{half:.4f}H0Z" fill="{colour}"/>',
    )[int(rng.integers(3))]
    turn = f'patternTransform="rotate({rng.uniform(0, 180):.1f})"'
    units = f'patternUnits="userSpaceOnUse" width="{step:.4f}" height="{step:.4f}"'
    return Backdrop(_rect(base) + _rect(f"url(#{_ID})"), f'<pattern id="{_ID}" {units} {turn}>{tile}</pattern>')


def _shapes(base: str, rng: np.random.Generator) -> Backdrop:
    body = _rect(base)
    for _ in range(int(rng.integers(3, 9))):
        x, y, w, h = rng.uniform(-0.1, 1.1), rng.uniform(-0.1, 1.1), rng.uniform(0.05, 0.4), rng.uniform(0.05, 0.4)
        colour = pick(rng, "backdrop")
        if rng.random() < 0.5:
            body += f'<ellipse cx="{x:.3f}" cy="{y:.3f}" rx="{w / 2:.3f}" ry="{h / 2:.3f}" fill="{colour}"/>'
        else:
            body += f'<rect x="{x:.3f}" y="{y:.3f}" width="{w:.3f}" height="{h:.3f}" fill="{colour}"/>'
    return Backdrop(body)


_KINDS: tuple[tuple[float, Callable[[str, np.random.Generator], Backdrop]], ...] = (
    (0.42, lambda base, rng: Backdrop(_rect(base))),
    (0.22, _gradient),
    (0.12, _horizon),
    (0.08, _halo),
    (0.08, _pattern),
    (0.08, _shapes),
)


def draw_backdrop(rng: np.random.Generator, avoid: list[str], *, varied: bool = True) -> Backdrop:
    """Draw a backdrop.

    Args:
        rng: Random source.
        avoid: Colours of the character that the base colour should stand out from.
        varied: False gives a plain colour.
    """
    base = distinct(rng, "backdrop", avoid)
    weights = np.array([weight for weight, _ in _KINDS]) if varied else np.eye(len(_KINDS))[0]
    return _KINDS[int(rng.choice(len(_KINDS), p=weights))][1](base, rng)
