"""Sketched faces: simple features drawn from random proportions, in place of a style's own.

Their features and the coordinates of a sketch are those of `drafts.vector.features`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from stillyou.drafts.vector.features import (
    BROWS,
    EYES,
    Traits,
    arc_mouth,
    brow,
    closed_eye,
    ellipse,
    gritted,
    open_eye,
    open_mouth,
    squint,
    wavy,
)
from stillyou.pairs.teachers.cartoon.faces import FaceDrawing, affine_between, group, hidden_features
from stillyou.pairs.teachers.cartoon.overlays import tears
from stillyou.pairs.teachers.cartoon.palette import pick, pick_for
from stillyou.pairs.teachers.cartoon.spec import EXPRESSIONS, FaceGeometry, StyleSpec


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


def _calm(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    eyes = "".join(open_eye(t, side, 1, look) for side in (-1, 1))
    brows = "".join(brow(t, side, 0, 0, 0.25) for side in (-1, 1)) if t.brows != "none" else ""
    return eyes + brows + arc_mouth(t, y, rng.uniform(-0.02, 0.25))


def _angry(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    steep = rng.uniform(0.22, 0.4)
    eyes = "".join(open_eye(t, side, 0.8, look) for side in (-1, 1))
    brows = "".join(brow(t, side, steep, -steep * 0.5, 0.05) for side in (-1, 1))
    mouth = (lambda: arc_mouth(t, y, -rng.uniform(0.25, 0.4)), lambda: gritted(t, y), lambda: wavy(t, y))
    return eyes + brows + mouth[int(rng.choice(3, p=[0.55, 0.3, 0.15]))]()


def _shocked(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    eyes = "".join(open_eye(t, side, rng.uniform(1.25, 1.5), look) for side in (-1, 1))
    brows = "".join(brow(t, side, -0.05, 0.05, 0.5) for side in (-1, 1)) if t.brows != "none" else ""
    rx = t.mouth * rng.uniform(0.32, 0.5)
    ry = rx * rng.uniform(1.0, 1.6)
    tongue = ellipse(0, y + ry * 0.5, rx * 0.55, ry * 0.32, t.tongue) if t.tongue else ""
    return eyes + brows + ellipse(0, y, rx, ry, t.inside) + tongue


def _laughing(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    pressed = rng.random() < 0.25
    eyes = "".join(squint(t, side) if pressed else closed_eye(t, side, rng.uniform(0.9, 1.2)) for side in (-1, 1))
    brows = "".join(brow(t, side, -0.05, 0, 0.35) for side in (-1, 1)) if t.brows != "none" else ""
    return eyes + brows + open_mouth(t, y, rng.uniform(0.55, 0.85), 1, rng.random() < 0.5)


def _crying(t: Traits, y: float, look: float, rng: np.random.Generator) -> str:
    shut = rng.random() < 0.6
    eyes = "".join(closed_eye(t, side, -0.9) if shut else open_eye(t, side, 0.9, look) for side in (-1, 1))
    slope = rng.uniform(0.15, 0.3)
    brows = "".join(brow(t, side, -slope, slope * 0.6, 0.25) for side in (-1, 1)) if t.brows != "none" else ""
    kind = int(rng.choice(3, p=[0.5, 0.3, 0.2]))
    if kind == 0:
        return eyes + brows + arc_mouth(t, y, -rng.uniform(0.25, 0.4))
    return eyes + brows + (open_mouth(t, y, rng.uniform(0.45, 0.7), -1, False) if kind == 1 else wavy(t, y))


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
