"""The sensor: noise, and few pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillyou.pairs.degrade.scene import Scene, coded, stacked, unstacked


def noise(scene: Scene, rng: np.random.Generator) -> Scene:
    """Add one field of Gaussian noise to both pictures: a deviation of 1.5 to 9 levels of 255, sometimes grey."""
    field = rng.standard_normal(scene[0].shape, dtype=np.float32) * np.float32(rng.uniform(1.5, 9))
    if rng.random() < 0.4:
        field = field[:, :, :1]
    return coded(scene[0] + field), coded(scene[1] + field)


def sensor_noise(scene: Scene, rng: np.random.Generator) -> Scene:
    """Add noise with the variance read² + shot · level, one field for both pictures; half of the time in soft grains.

    Levels are those of 255; at most about 12 of them in the lights.
    """
    read, shot = rng.uniform(0.3, 4.0), rng.uniform(0.0, 0.5)
    grey_share = rng.uniform(0.2, 0.9)
    shape = scene[0].shape
    luminance = rng.standard_normal((*shape[:2], 1), dtype=np.float32)
    field = grey_share**0.5 * luminance + (1 - grey_share) ** 0.5 * rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.5:
        field = _grains(field.astype(np.float32))
    source, target = (
        coded(picture + field * np.sqrt(np.float32(read**2) + np.float32(shot) * picture)) for picture in scene
    )
    return source, target


def resample(scene: Scene, rng: np.random.Generator) -> Scene:
    """Scale down to 40 to 85% of the side and up again, as pictures that were small once."""
    scale = rng.uniform(0.4, 0.85)
    return _down_and_up(scene, scale, str(rng.choice(["linear", "cubic"])))


def low_resolution(scene: Scene, rng: np.random.Generator) -> Scene:
    """Scale down to 22 to 80% of the side and up again: a small face of a larger picture."""
    scale = float(np.exp(rng.uniform(np.log(0.22), np.log(0.8))))
    return _down_and_up(scene, scale, str(rng.choice(["linear", "cubic", "lanczos3"])))


def _down_and_up(scene: Scene, scale: float, kernel: str) -> Scene:
    size, small = scene[0].shape[0], stacked(scene).resize(scale)
    return unstacked(small.resize(size / small.width, vscale=size / small.height, kernel=kernel).crop(0, 0, size, size))


def _grains(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Average neighbours (1 2 1 in both directions) and restore the deviation."""
    for _ in range(2):
        padded = np.pad(field, ((1, 1), (0, 0), (0, 0)), mode="edge")
        field = (padded[:-2] + 2 * padded[1:-1] + padded[2:]).swapaxes(0, 1)
    soft: npt.NDArray[np.float32] = field / np.float32(6.0)  # 1 2 1 has the norm sqrt(6), and there are two
    return soft
