"""From drawings to pixels: the SVG document and librsvg through pyvips (2.4 ms at 256 px)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyvips

from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.cartoon.character import Drawing

# One thread a process: workers are processes, and results must not depend on threads.
pyvips.concurrency_set(1)
pyvips.cache_set_max(0)


@dataclass(frozen=True)
class Pose:
    """Where the character stands: an affine map of the unit square, x' = a·x + c·y + e, y' = b·x + d·y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0


def document(drawing: Drawing, *, pose: Pose | None = None, backdrop: str = "", backdrop_defs: str = "") -> str:
    """Put an SVG together.

    Args:
        drawing: The character in canvas units.
        pose: Where it stands; None fills the picture with the canvas.
        backdrop: SVG behind the character, in the unit square.
        backdrop_defs: Gradients that the backdrop uses.
    """
    side, p = drawing.side, pose or Pose()
    matrix = f"{p.a:.5f} {p.b:.5f} {p.c:.5f} {p.d:.5f} {p.e * side:.4f} {p.f * side:.4f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side:g} {side:g}" fill="none">'
        f"<defs>{backdrop_defs}{drawing.defs}</defs>"
        f'<g transform="scale({side:g})">{backdrop}</g><g transform="matrix({matrix})">{drawing.body}</g></svg>'
    )


def rasterise(svg: str, side: float, size: int) -> Pixels:
    """Draw an SVG whose canvas is `side` units wide, and whose backdrop is opaque, at `size` pixels.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    image = pyvips.Image.svgload_buffer(svg.encode(), scale=size / side)
    pixels: Pixels = image.numpy()[:size, :size, :3]
    if pixels.shape != (size, size, 3):
        raise AssertionError(f"the drawing came out as {pixels.shape}")
    return np.ascontiguousarray(pixels)
