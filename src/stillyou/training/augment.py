"""Random changes of whole pairs: source and target get the same, so that styles generalise and edits stay exact.

The studio already moves characters; here the picture as a whole is turned, scaled, recoloured and blurred a little.
Nothing is flipped: hair and props have sides, and the studio decides on them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

PARAMETERS = 17
"""Numbers that describe one augmentation: scale, angle, shift x and y, 3x3 colour matrix, grey, gain, offset, blur."""
VERSION = 1
"""Raised when the same numbers would give other pixels; part of the cache's key."""


def draw_augmentation(generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw the numbers of one augmentation, (`PARAMETERS`,)."""
    uniform = generator.random(5)
    normal = generator.standard_normal(13)
    geometry = [0.8 + 0.45 * uniform[0], 0.08 * normal[0], 0.05 * normal[1], 0.05 * normal[2]]
    matrix = (np.eye(3) + 0.05 * normal[3:12].reshape(3, 3)).ravel()
    grey = uniform[2] if uniform[1] < 0.1 else 0.0
    light = [grey, 0.75 + 0.5 * uniform[3], 0.06 * normal[12], 0.6 * uniform[4]]
    return np.asarray([*geometry, *matrix, *light], dtype=np.float32)


def no_augmentation() -> npt.NDArray[np.float32]:
    """Return the numbers that change nothing."""
    return np.asarray([1, 0, 0, 0, *np.eye(3).ravel(), 0, 1, 0, 0], dtype=np.float32)


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
    theta = torch.stack([torch.stack([cos, -sin, shift_x], 1), torch.stack([sin, cos, shift_y], 1)], 1)
    size = [batch, group * 3, height, width]
    grid = functional.affine_grid(theta, size, align_corners=False)
    moved = functional.grid_sample(pixels.reshape(size), grid, padding_mode="reflection", align_corners=False)
    grey, gain, offset, blur = (value.view(-1, 1, 1, 1, 1) for value in parameters[:, 13:].unbind(1))
    matrix = parameters[:, 4:13].view(-1, 3, 3)
    matrix = matrix * (1 - grey[..., 0, 0]) + grey[..., 0, 0] / 3
    coloured = torch.einsum("bij,bgjhw->bgihw", matrix, moved.view_as(pixels)) * gain + offset
    low = functional.avg_pool2d(coloured.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(coloured)
    return (coloured + (low - coloured) * blur).clamp(-1, 1)
