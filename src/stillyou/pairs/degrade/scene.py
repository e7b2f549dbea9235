"""A pair of pictures on its way through a chain of degradations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyvips

from stillyou.pairs.pair import Pixels

Scene = tuple[Pixels, Pixels]
"""Source and target, (S, S, 3) uint8 each."""
Step = Callable[[Scene, np.random.Generator], Scene]
"""One degradation: the same change of both pictures."""
Chain = Sequence[tuple[float, Step]]
"""Steps in the order in which a picture meets them, each after the share of pictures that it touches."""


def degrade(scene: Scene, rng: np.random.Generator, chain: Chain) -> Scene:
    """Apply each step of a chain in its share of the scenes."""
    for share, step in chain:
        if rng.random() < share:
            scene = step(scene, rng)
    return scene


def stacked(scene: Scene) -> pyvips.Image:
    """Return both pictures as one image of six bands."""
    return pyvips.Image.new_from_array(np.concatenate(scene, axis=2))


def unstacked(image: pyvips.Image) -> Scene:
    """Return the two pictures of an image of six bands."""
    both = np.asarray(image.numpy())
    return np.ascontiguousarray(both[:, :, :3]), np.ascontiguousarray(both[:, :, 3:])


def coded(values: np.ndarray) -> Pixels:
    """Round and clip numbers to uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
