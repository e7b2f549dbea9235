"""Where hair is combed to, before it falls."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.geometry import Floats, floats
from stillyou.pairs.teachers.people.hair.styles import Style
from stillyou.pairs.teachers.people.traits import HairTraits


def combed(style: Style, traits: HairTraits, root: Floats) -> Floats:
    """Return the direction (N, 3) in which hair from the template roots (N, 3) is combed."""
    x, _, z = root.T
    one = np.ones(len(root))
    side = np.where(x < traits.part, -1.0, 1.0)
    if style.comb == "none":
        return np.zeros_like(root)
    if style.comb == "back":
        return floats(np.stack([0.1 * x, -0.15 * one, -1.2 * one], 1))
    if style.comb == "middle":
        front = np.stack([side, -0.15 * one, -0.25 - 0.35 * (z > 0.8)], 1)
        back = np.stack([np.clip(1.2 * x, -0.7, 0.7), -one, -0.5 * one], 1)
        share = np.clip((0.25 - z) / 0.5, 0, 1)[:, None]
        return floats(front * (1 - share) + back * share)
    return _short(style, traits, root, side)


def _short(style: Style, traits: HairTraits, root: Floats, side: np.ndarray) -> Floats:
    """Short hair: the top is combed, back and sides lie down."""
    x, y, z = root.T
    one = np.ones(len(root))
    if style.comb == "forward":
        top = np.stack([0.6 * x, -0.2 * one, 0.8 * one], 1)
    elif style.comb == "up":
        top = np.stack([0.4 * x, 0.15 * one, -0.9 * one], 1)
    else:
        swept = side == -np.sign(traits.part)
        top = np.stack([np.where(swept, 1.0, 0.8) * side, -0.2 * one, np.where(swept, 0.25, -0.2)], 1)
    back = np.clip((0.1 - z) / 0.4, 0, 1)[:, None]
    low = np.clip((7.95 - y) / 0.35, 0, 1)[:, None]
    top = top * (1 - back) + np.array([0, -1.0, -0.3]) * back
    return floats(top * (1 - low) + np.array([0, -1.0, -0.35]) * low)
