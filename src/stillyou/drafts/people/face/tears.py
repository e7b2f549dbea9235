"""Tears on a photograph: runs of water from the lower lids down the cheeks, each with a drop at its end."""

from __future__ import annotations

import numpy as np

from stillyou.drafts.draft import Draft, Plane
from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.bend import Box, box_around, centres
from stillyou.drafts.people.face.pulls import Array, Head

_RUNS = ((2, 1.0, 0.1), (4, 0.62, 0.085))
"""Runs of an eye: the point of its lower lid, counted from the outer corner, length and width in units."""
_DROP = 1.7
"""How much wider the drop is at a run's end."""


def draw_tears(rgb: Plane, moved: Array, head: Head, light: Plane, strength: float) -> list[tuple[Draft, Box]]:
    """Draw the tears of both eyes.

    Args:
        rgb: The square (N, N, 3) in 0..255, after the face moved.
        moved: (468, 2) the face's points.
        head: The head.
        light: (3,) what white is in its light.
        strength: In (0, 1]: how far they have run.

    Returns:
        Layers, and the box of the square that each covers.
    """
    down, out = head.axes[1, :2], head.axes[0, :2]
    layers = []
    for lids, side in zip(of.LOWER_LIDS, (-1.0, 1.0), strict=True):
        for number, long, wide in _RUNS if strength > 0.5 else _RUNS[:1]:
            t = np.linspace(0, 1, 24)[:, None]
            length = long * (0.4 + 0.6 * strength)
            path = moved[lids[number]] + t * length * down + side * 0.1 * np.sin(1.4 * t) * t * out
            layers.append(_run(rgb, path, wide * head.unit, light))
    return layers


def _run(rgb: Plane, path: Array, wide: float, light: Plane) -> tuple[Draft, Box]:
    """Draw one run of water along a path (n, 2): skin seen through it, shade on one side and light on the other."""
    wide = max(wide, 1.1)
    box = box_around(path, round(_DROP * wide * 1.5) + 3, len(rgb))
    left, top, right, bottom = box
    off = centres(box)[..., None, :] - path
    far = np.hypot(off[..., 0], off[..., 1])
    nearest = far.argmin(-1)
    t = nearest / (len(path) - 1)
    across = np.take_along_axis(off[..., 0], nearest[..., None], -1)[..., 0]
    half = wide / 2 * (0.55 + 0.45 * t + (_DROP - 1) * np.clip((t - 0.8) / 0.2, 0, 1) ** 2)
    inner = far.min(-1) / half
    cover = np.clip((1 - inner) * half + 0.5, 0, 1)
    drop = np.clip((t - 0.72) / 0.2, 0, 1)
    shine = np.exp(-(((across / half + 0.3) / 0.3) ** 2)) * np.clip(1.3 - inner, 0, 1) * (0.45 + 0.5 * drop)
    shade = np.exp(-(((across / half - 0.6) / 0.35) ** 2)) * (0.07 + 0.13 * drop)
    below = rgb[top:bottom, left:right]
    seen = (below + 0.14 * (light - below)) * (1 - shade[..., None])
    seen = seen + shine[..., None] * (np.maximum(1.1 * light, below) - seen)
    begins = np.clip(t / 0.15, 0.25, 1)
    return Draft(np.clip(seen, 0, 255).astype(np.float32), (cover * begins * 0.9).astype(np.float32)), box
