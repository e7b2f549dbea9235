"""A face's mesh on a square: 468 points in its pixels, from a few looks of the network, each framed by the last."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from stillyou.drafts.fit import Fit
from stillyou.drafts.people.face import network

Points = NDArray[np.float64]
_LOOKS = 3
_FIRST, _NEXT = 4.4, 1.5
"""Side of what the network sees: of the first look in distances of the eyes, of the next ones in sides of the face."""
_LOWER = 0.2
"""How far below the eyes the middle of the first look lies, in distances of the eyes."""
_PROBABLE = 0.5
"""Probability of a face below which there is none."""
_EYE_ENDS = (33, 263)
"""The outer corners of the eyes: their line is level in what the network sees."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face on a square.

    Attributes:
        points: (468, 2) x and y in pixels of the square; "left" is the picture's.
        depth: (468,) towards the back of the head, in pixels too.
        tilt: Of the line through the eyes, in radians, clockwise.
        probable: Of its being a face, as the network says.
    """

    points: Points
    depth: Points
    tilt: float
    probable: float


@dataclass(frozen=True)
class _View:
    """A square of a picture that the network sees, in the picture's pixels; turned clockwise by `tilt` radians."""

    x: float
    y: float
    side: float
    tilt: float

    def see(self, image: Image.Image) -> torch.Tensor:
        """Return it as (1, 3, 192, 192) in [0, 1]."""
        reduced = max(1.0, self.side / network.SIDE / 1.5)
        if reduced > 1:
            size = max(1, round(image.width / reduced)), max(1, round(image.height / reduced))
            image = image.resize(size, Image.Resampling.BOX)
        step = self.side / network.SIDE / reduced
        a, b = step * math.cos(self.tilt), step * math.sin(self.tilt)
        half = network.SIDE / 2
        c = self.x / reduced - half * a + half * b
        f = self.y / reduced - half * b - half * a
        seen = image.transform(
            (network.SIDE,) * 2, Image.Transform.AFFINE, (a, -b, c, b, a, f), Image.Resampling.BILINEAR
        )
        return torch.from_numpy(np.asarray(seen, np.float32) / 255).permute(2, 0, 1)[None]

    def back(self, points: Points) -> Points:
        """Return (n, 2) places of what was seen in the picture's pixels."""
        u, v = ((points - network.SIDE / 2) * (self.side / network.SIDE)).T
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        return np.stack([self.x + cos * u - sin * v, self.y + sin * u + cos * v], axis=1)


def find_mesh(pixels: NDArray[np.uint8], fit: Fit) -> Mesh | None:
    """Find the face that a fit is about; None where the network sees none.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB, of any size.
        fit: Where things sit on it.
    """
    side = len(pixels)
    left, right = (side * fit[f"eye_{end}"].astype(float) for end in ("left", "right"))
    mouth = side * fit["mouth"].astype(float)
    across = right - left
    apart = max(float(np.hypot(*across)), 0.8 * float(np.hypot(*(mouth - (left + right) / 2))), 2.0)
    tilt = math.atan2(across[1], across[0])
    middle = (left + right) / 2 + 0.35 * (mouth - (left + right) / 2)
    view = _View(float(middle[0]), float(middle[1]), _FIRST * apart, tilt)
    image, mesh = Image.fromarray(pixels), None
    for _ in range(_LOOKS):
        found, flag = network.see(view.see(image))
        seen = found[0].double().numpy()
        points = view.back(seen[:, :2])
        ends = points[list(_EYE_ENDS)]
        tilt = math.atan2(*(ends[1] - ends[0])[::-1])
        mesh = Mesh(points, seen[:, 2] * view.side / network.SIDE, tilt, float(flag))
        low, high = points.min(0), points.max(0)
        x, y = (low + high) / 2
        view = _View(float(x), float(y), _NEXT * float((high - low).max()), tilt)
    return mesh if mesh is not None and mesh.probable >= _PROBABLE else None
