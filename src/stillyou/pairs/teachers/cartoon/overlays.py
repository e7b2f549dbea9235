"""Tears, brows and mouths drawn over a face, where a style lacks them (coordinates of the face's anchor)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillyou.pairs.teachers.cartoon.palette import pick
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, Overlay

_TEARS = (("#6fc3f5", "#2f86c9"), ("#9ad7fb", "#3f93cf"), ("#cfeeff", "#5aa9d6"), ("#4fb0ee", "#1f6fb0"))


def _path(d: str, **attributes: str | float) -> str:
    extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<path d="{d}"{extra}/>'


def _stream(x: float, y: float, radius: float, length: float, width: float) -> str:
    """A stream from the eye (x, y) that ends in a drop."""
    a, b = radius * 0.30 * width, radius * 0.5 * width
    return (
        f"M{x - a:.3f} {y + radius * 0.6:.3f}L{x - b:.3f} {y + length:.3f}"
        f"a{b:.3f} {b:.3f} 0 1 0 {2 * b:.3f} 0L{x + a:.3f} {y + radius * 0.6:.3f}Z"
    )


def _drop(x: float, y: float, b: float) -> str:
    """A drop with its tip at (x, y)."""
    return f"M{x:.3f} {y:.3f}L{x - b:.3f} {y + 1.7 * b:.3f}a{b:.3f} {b:.3f} 0 1 0 {2 * b:.3f} 0Z"


def tears(face: FaceGeometry, rng: np.random.Generator) -> str:
    """Streams or drops of varied colour, size and place; under one eye or both."""
    fill, line = _TEARS[int(rng.integers(len(_TEARS)))]
    r = face.eye_radius
    line_width = round(r * rng.uniform(0.06, 0.18), 3)
    kind = rng.choice(["stream", "drops", "drop"], p=[0.45, 0.3, 0.25])
    width, length = rng.uniform(0.8, 1.3), r * rng.uniform(2.0, 3.2)
    only = int(rng.integers(2)) if rng.random() < 0.25 else None
    shapes = []
    for side, (x, y) in enumerate((face.left_eye, face.right_eye)):
        x += rng.uniform(-0.25, 0.25) * r
        if only == side:
            continue
        if kind == "stream":
            shapes.append(_stream(x, y, r, length, width))
        elif kind == "drop":
            shapes.append(_drop(x, y + r * 0.8, r * 0.45 * width))
        else:
            size = r * 0.36 * width
            shapes.append(_drop(x, y + r * 0.7, size) + _drop(x + rng.uniform(-0.5, 0.5) * r, y + r * 1.8, size * 0.8))
    return _path("".join(shapes), fill=fill, stroke=line, stroke_width=line_width, stroke_linejoin="round")


def angry_brows(face: FaceGeometry, rng: np.random.Generator) -> str:
    """Two thick strokes that fall towards the nose."""
    (lx, ly), (rx, ry) = face.left_eye, face.right_eye
    r, gap = face.eye_radius, rx - lx
    steep, lift = rng.uniform(0.7, 1.2), rng.uniform(1.0, 1.4)
    inner, outer = 0.24 * gap, 0.22 * gap
    bend = rng.uniform(-0.3, 0.3) * r
    strokes = ""
    for x, y, towards in ((lx, ly, 1), (rx, ry, -1)):
        x0, y0 = x - towards * outer, y - r * lift - 0.085 * gap * steep - 0.5 * r
        x1, y1 = x + towards * inner, y - r * lift + 0.05 * gap * steep
        strokes += f"M{x0:.3f} {y0:.3f}Q{(x0 + x1) / 2:.3f} {(y0 + y1) / 2 + bend:.3f} {x1:.3f} {y1:.3f}"
    width = round(r * rng.uniform(0.32, 0.55), 3)
    return _path(strokes, stroke=pick(rng, "ink", 4), stroke_width=width, stroke_linecap="round", fill="none")


def raised_brows(face: FaceGeometry, rng: np.random.Generator) -> str:
    """Two arcs high above the eyes."""
    r, gap = face.eye_radius, face.right_eye[0] - face.left_eye[0]
    half, arch, lift = gap * rng.uniform(0.14, 0.2), gap * rng.uniform(0.06, 0.12), r * 1.5 + gap * 0.08
    strokes = "".join(
        f"M{x - half:.3f} {y - lift:.3f}Q{x:.3f} {y - lift - 2 * arch:.3f} {x + half:.3f} {y - lift:.3f}"
        for x, y in (face.left_eye, face.right_eye)
    )
    width = round(r * rng.uniform(0.28, 0.45), 3)
    return _path(strokes, stroke=pick(rng, "ink", 4), stroke_width=width, stroke_linecap="round", fill="none")


def open_mouth(face: FaceGeometry, rng: np.random.Generator) -> str:
    """A round open mouth, as of somebody startled."""
    x, y = face.mouth
    rx = face.mouth_width * rng.uniform(0.38, 0.55)
    ry = rx * rng.uniform(1.05, 1.5)
    mouth = f'<ellipse cx="{x}" cy="{y}" rx="{rx:.3f}" ry="{ry:.3f}" fill="#3a1418"/>'
    tongue = f'<ellipse cx="{x}" cy="{y + ry * 0.5:.3f}" rx="{rx * 0.6:.3f}" ry="{ry * 0.35:.3f}" fill="#d9606b"/>'
    return mouth + (tongue if rng.random() < 0.6 else "")


_DRAW = {"tears": tears, "brows": angry_brows, "raised-brows": raised_brows, "open-mouth": open_mouth}


def draw_overlays(face: FaceGeometry, overlays: Sequence[Overlay], rng: np.random.Generator) -> str:
    """Draw the overlays of a look in the coordinates of the face's anchor."""
    return "".join(_DRAW[name](face, rng) for name in overlays)
