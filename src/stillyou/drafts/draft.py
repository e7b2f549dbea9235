"""A draft: what an effect's art puts over one square of a picture, with alpha.

Art, the shadow that it casts and the background that stands in for hair under a hat are all one kind of thing: colour
with alpha over the picture. Layers are put together from the back to the front,

    a = a_top + a_below (1 - a_top)          c = (c_top a_top + c_below a_below (1 - a_top)) / a
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Plane = NDArray[np.float32]
Pixels = NDArray[np.uint8]
_BORDER, _VISIBLE = 0.016, 0.02
"""Width of the border around art that refinement may change, in shares of the side; alpha from which on it is art."""


@dataclass(frozen=True, eq=False)
class Draft:
    """Art over a square of any size.

    Attributes:
        rgb: Colours (H, W, 3) in 0..255, not multiplied by alpha.
        alpha: (H, W) in [0, 1]; exactly 0 where the picture stays as it is.
    """

    rgb: Plane
    alpha: Plane

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.alpha.shape[1], self.alpha.shape[0]

    def over(self, pixels: Pixels) -> Pixels:
        """Return a picture uint8 (H, W, 3) with the draft laid over it; untouched where alpha is 0."""
        below = pixels.astype(np.float32)
        mixed = below + self.alpha[..., None] * (self.rgb - below)
        return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)

    def cut(self, keep: Plane) -> Draft:
        """Return the draft with its alpha multiplied by (H, W) in [0, 1]."""
        return Draft(self.rgb, self.alpha * keep)


def reach(alpha: Plane) -> Plane:
    """Return how far refinement may change a square (side, side): the art and a soft border around it."""
    radius = max(1, round(_BORDER * len(alpha)))
    grown = ndimage.maximum_filter((alpha > _VISIBLE).astype(np.float32), 2 * radius + 1)
    soft: Plane = ndimage.uniform_filter(grown, 2 * radius - 1)
    return soft


def nothing(width: int, height: int) -> Draft:
    """Return an empty draft."""
    return Draft(np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32))


def stack(layers: Iterable[Draft]) -> Draft:
    """Put layers of one size together, from the back to the front."""
    first, *rest = layers
    rgb, alpha = first.rgb, first.alpha
    for top in rest:
        below = alpha * (1 - top.alpha)
        total = top.alpha + below
        weight = np.divide(top.alpha, total, out=np.zeros_like(total), where=total > 0)
        rgb = rgb + weight[..., None] * (top.rgb - rgb)
        alpha = total
    return Draft(rgb, alpha)
