"""The chains of steps, and what going through one does to a pair.

A render is cleaner than any photograph, and a model that learns from renders alone meets noise, blur and compression
for the first time in a user's file. What moves the picture as a whole (scale, turn, shift, mirror, colour mixing) is
not done here but once for every encoded copy (`training.data.augment`), where it costs nothing to have more of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillyou.images.morphology import dilate
from stillyou.pairs.degrade.file import jpeg
from stillyou.pairs.degrade.lens import blur, vignette
from stillyou.pairs.degrade.light import colour, grey
from stillyou.pairs.degrade.scene import Chain, degrade
from stillyou.pairs.degrade.sensor import low_resolution, noise, resample, sensor_noise
from stillyou.pairs.pair import Pair
from stillyou.pairs.truth import change_mask, exact_outside

DRAWING: Chain = (
    (0.35, colour),
    (0.08, grey),
    (0.12, blur),
    (0.15, resample),
    (0.15, noise),
    (0.2, jpeg),
)
"""What a drawing meets on its way through the web."""

PHOTOGRAPH: Chain = (
    (0.65, colour),
    (0.05, grey),
    (0.35, vignette),
    (0.15, blur),
    (0.25, low_resolution),
    (0.45, sensor_noise),
    (0.45, jpeg),
)
"""What a phone, a cheap lens and a messenger do to a picture."""

PORTRAIT: Chain = (
    (0.45, colour),
    (0.04, grey),
    (0.15, vignette),
    (0.1, blur),
    (0.15, low_resolution),
    (0.2, sensor_noise),
    (0.3, jpeg),
)
"""What is left to meet for a real photograph, which has been through some of it already."""

_UNTOUCHED = 0.15
"""Share of pairs that stay as they are."""
_CARRIED = 0.015
"""How far compression and blur may carry an edit over the mask's border, as a share of the side; beyond it the source
stays."""


def degrade_pair(pair: Pair, rng: np.random.Generator, chain: Chain = PHOTOGRAPH) -> Pair:
    """Degrade both pictures of a pair, most of the time.

    Args:
        pair: A clean pair.
        rng: Where the draws come from; one that depends on the seed alone degrades all effects of a person alike.
        chain: What the pictures go through.

    Returns:
        The pair with both pictures degraded. The mask has grown by what compression and blur carried over its border.
    """
    if rng.random() < _UNTOUCHED:
        return pair
    source, target = degrade((pair.source, pair.target), rng, chain)
    grown = dilate(pair.mask > 0, round(_CARRIED * len(pair.mask))) & (change_mask((source, target)) > 0)
    mask = np.maximum(pair.mask, grown.astype(np.uint8) * np.uint8(255))
    return replace(pair, source=source, target=exact_outside(source, target, mask), mask=mask)
