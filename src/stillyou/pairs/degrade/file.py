"""The file: lossy compression."""

from __future__ import annotations

import numpy as np
import pyvips

from stillyou.pairs.degrade.scene import Scene
from stillyou.pairs.pair import Pixels


def jpeg(scene: Scene, rng: np.random.Generator) -> Scene:
    """Compress both pictures with one quality and chroma subsampling."""
    quality, subsample = int(rng.integers(35, 95)), str(rng.choice(["on", "off"]))

    def through(picture: Pixels) -> Pixels:
        data = pyvips.Image.new_from_array(picture).jpegsave_buffer(Q=quality, subsample_mode=subsample)
        decoded: Pixels = np.asarray(pyvips.Image.jpegload_buffer(data).numpy())
        return decoded

    return through(scene[0]), through(scene[1])
