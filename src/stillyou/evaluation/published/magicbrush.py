"""MagicBrush's L1 and L2 (Zhang et al. 2023, arXiv 2306.10012; its evaluation code).

With an answer a and the true target t in [0, 1], over whole pictures:

    l1 = mean over pixels and channels of |a - t|
    l2 = mean over pixels and channels of (a - t)^2

An answer of another size is first resampled to the target's, bicubic. The benchmark's figure is the mean over pictures.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from stillyou.evaluation.figures import Figures
from stillyou.metrics import Picture

NAMES = ("magicbrush_l1", "magicbrush_l2")


def distances(answer: Picture, target: Picture) -> Figures:
    """Return `NAMES` of an answer uint8 (H, W, 3) to its true target uint8 (h, w, 3)."""
    if answer.shape != target.shape:
        size = target.shape[1], target.shape[0]
        answer = np.asarray(Image.fromarray(answer).resize(size, Image.Resampling.BICUBIC))
    difference = (answer.astype(np.float64) - target) / 255
    return dict(zip(NAMES, (float(np.abs(difference).mean()), float(np.square(difference).mean())), strict=True))
