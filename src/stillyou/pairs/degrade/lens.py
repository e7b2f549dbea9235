"""The lens: bending, vignetting, blur."""

from __future__ import annotations

import numpy as np
import pyvips

from stillyou.pairs.degrade.scene import Scene, coded, stacked, unstacked


def warp(scene: Scene, rng: np.random.Generator) -> Scene:
    """Bend both pictures by one smooth random displacement field (up to about 5% of the side)."""
    size = scene[0].shape[0]
    cells, reach = int(rng.integers(3, 6)), rng.uniform(0.01, 0.05) * size
    coarse = rng.uniform(-reach, reach, (cells, cells, 2)).astype(np.float32)
    field = pyvips.Image.new_from_array(coarse).resize(size / cells, kernel="cubic").numpy()[:size, :size]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    index = np.clip(np.stack([x, y], axis=2) + field, 0, size - 1.001).astype(np.float32)
    bilinear = pyvips.Interpolate.new("bilinear")
    return unstacked(stacked(scene).mapim(pyvips.Image.new_from_array(index), interpolate=bilinear))


def vignette(scene: Scene, rng: np.random.Generator) -> Scene:
    """Darken the corners by 10 to 50%, round a centre that lies near the middle."""
    size = scene[0].shape[0]
    x, y = np.linspace(-1, 1, size), np.linspace(-1, 1, size)[:, None]
    centre = rng.uniform(-0.2, 0.2, 2)
    radius = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 2
    gain = (1 - rng.uniform(0.1, 0.5) * np.minimum(radius, 1.0)).astype(np.float32)[:, :, None]
    return coded(scene[0] * gain), coded(scene[1] * gain)


def blur(scene: Scene, rng: np.random.Generator) -> Scene:
    """Blur by a Gaussian (sigma up to 0.5% of the side)."""
    sigma = rng.uniform(0.0012, 0.005) * scene[0].shape[0]
    return unstacked(stacked(scene).gaussblur(sigma, precision="integer"))
