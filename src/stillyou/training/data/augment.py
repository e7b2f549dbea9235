"""Random changes of whole pairs: source and target get the same, so that styles generalise and edits stay exact.

The cartoon studio already moves characters; here the picture as a whole is turned, scaled, recoloured and blurred a
little, and never mirrored: hair and props have sides, and the studio decides on them. The people studio frames
everybody alike, so its pictures are changed more, and half of them are mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from stillyou.effects.domains import Domain

PARAMETERS = 18
"""Numbers that describe one augmentation: scale, angle, shift x and y, 3x3 colour matrix, grey, gain, offset, blur, and
-1 for a mirrored picture."""
VERSION = 2
"""Raised when the same numbers would give other pixels; part of the cache's key."""


@dataclass(frozen=True)
class Reach:
    """How far augmentation goes: least scale (of 1.25), deviations of angle, shift and colour, gains, blur, mirroring.

    Shifts are fractions of half the picture's side; the values for people are those with which a model carried over
    from renders to photographs.
    """

    least_scale: float
    angle: float
    shift: float
    colour: float
    grey: float
    gain: tuple[float, float]
    offset: float
    blur: float
    mirrored: float


CARTOON = Reach(0.8, 0.08, 0.05, 0.05, 0.10, (0.75, 1.25), 0.06, 0.6, 0.0)
PEOPLE = Reach(0.72, 0.12, 0.09, 0.06, 0.12, (0.65, 1.3), 0.10, 0.8, 0.5)


def reach(domain: Domain | None) -> Reach:
    """Return how far the pictures of a pair may be changed: little where nobody has said what they show."""
    return PEOPLE if domain == "people" else CARTOON


def draw_augmentation(generator: np.random.Generator, reach: Reach = CARTOON) -> npt.NDArray[np.float32]:
    """Draw the numbers of one augmentation, (`PARAMETERS`,)."""
    uniform = generator.random(6)
    normal = generator.standard_normal(13)
    scale = reach.least_scale + (1.25 - reach.least_scale) * uniform[0]
    geometry = [scale, reach.angle * normal[0], reach.shift * normal[1], reach.shift * normal[2]]
    matrix = (np.eye(3) + reach.colour * normal[3:12].reshape(3, 3)).ravel()
    grey = uniform[2] if uniform[1] < reach.grey else 0.0
    gain = reach.gain[0] + (reach.gain[1] - reach.gain[0]) * uniform[3]
    side = -1.0 if uniform[5] < reach.mirrored else 1.0
    light = [grey, gain, reach.offset * normal[12], reach.blur * uniform[4], side]
    return np.asarray([*geometry, *matrix, *light], dtype=np.float32)


def no_augmentation() -> npt.NDArray[np.float32]:
    """Return the numbers that change nothing."""
    return np.asarray([1, 0, 0, 0, *np.eye(3).ravel(), 0, 1, 0, 0, 1], dtype=np.float32)


def augment(pixels: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
    """Change groups of pictures, each group in one way.

    Args:
        pixels: (B, G, 3, H, W) in [-1, 1]; the G pictures of a row get the same change.
        parameters: (B, `PARAMETERS`), see `draw_augmentation`.

    Returns:
        (B, G, 3, H, W) in [-1, 1].
    """
    batch, group, _, height, width = pixels.shape
    scale, angle, shift_x, shift_y = parameters[:, :4].unbind(1)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    side = parameters[:, 17]
    theta = torch.stack([torch.stack([cos * side, -sin, shift_x], 1), torch.stack([sin * side, cos, shift_y], 1)], 1)
    size = [batch, group * 3, height, width]
    grid = functional.affine_grid(theta, size, align_corners=False)
    moved = functional.grid_sample(pixels.reshape(size), grid, padding_mode="reflection", align_corners=False)
    grey, gain, offset, blur = (value.view(-1, 1, 1, 1, 1) for value in parameters[:, 13:17].unbind(1))
    matrix = parameters[:, 4:13].view(-1, 3, 3)
    matrix = matrix * (1 - grey[..., 0, 0]) + grey[..., 0, 0] / 3
    coloured = torch.einsum("bij,bgjhw->bgihw", matrix, moved.view_as(pixels)) * gain + offset
    low = functional.avg_pool2d(coloured.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(coloured)
    return (coloured + (low - coloured) * blur).clamp(-1, 1)
