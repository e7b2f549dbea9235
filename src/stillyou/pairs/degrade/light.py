"""Light: exposure, contrast, gamma and white balance; now and then no colour."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.degrade.scene import Scene, coded


def colour(scene: Scene, rng: np.random.Generator) -> Scene:
    """Shift brightness, contrast, gamma and white balance."""
    level = np.arange(256) / 255.0
    curve = level ** np.exp(rng.uniform(-0.25, 0.25))
    curve = (curve - 0.5) * np.exp(rng.uniform(-0.25, 0.2)) + 0.5 + rng.uniform(-0.08, 0.08)
    balance = np.exp(rng.uniform(-0.12, 0.12, (3, 1)))
    return _through_table(scene, 255 * curve * balance)


def grey(scene: Scene, rng: np.random.Generator) -> Scene:
    """Take colour away, partly or fully, perhaps towards sepia."""
    keep = 0.0 if rng.random() < 0.6 else rng.uniform(0.1, 0.6)
    tint = np.array([1.0, 0.93, 0.8]) if rng.random() < 0.3 else np.ones(3)
    matrix = keep * np.eye(3) + (1 - keep) * np.outer([0.299, 0.587, 0.114], tint)
    return coded(scene[0] @ matrix), coded(scene[1] @ matrix)


def _through_table(scene: Scene, tables: np.ndarray) -> Scene:
    """Map each channel through its (256,) table; `tables` is (3, 256)."""
    codes = coded(tables)
    source, target = (np.stack([codes[band][picture[:, :, band]] for band in range(3)], axis=2) for picture in scene)
    return source, target
