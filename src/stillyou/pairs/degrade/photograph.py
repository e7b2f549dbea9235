"""The camera of the people studio: what a phone, a cheap lens and a messenger do to a picture.

A render is cleaner than any photograph, and a model that learns from renders alone meets noise, blur and compression
for the first time in a user's file. So stored pairs of people have been photographed:

    light         exposure, contrast, gamma, white balance; now and then no colour
    lens          vignetting, blur
    sensor        noise that grows with the light, of one pixel or a few; few pixels (scaled down and up again)
    file          JPEG

Source and target go through every step with the same random numbers, and `mask.exact_outside` then restores exactness:
wherever the mask is 0 both are one. What moves the picture as a whole (scale, turn, shift, mirror, colour mixing) is
not done here but once for every encoded copy (`training.data.augment`), where it costs nothing to have more of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from stillyou.pairs.degrade.degrade import Scene, Step, blur, colour, degrade, grey, jpeg
from stillyou.pairs.pair import Pair
from stillyou.pairs.truth import change_mask, dilate, exact_outside

_UNTOUCHED = 0.15
"""Share of people whose picture stays as rendered."""
_CARRIED = 0.015
"""How far compression and blur may carry an edit over the mask's border, as a share of the side; beyond it the source
stays."""


def photograph(pair: Pair, rng: np.random.Generator) -> Pair:
    """Take a photograph of both pictures of a pair.

    Args:
        pair: A clean pair.
        rng: Where the draws come from; one that depends on the seed alone photographs all effects of a person alike.

    Returns:
        The pair with both pictures degraded. The mask has grown by what compression and blur carried over its border.
    """
    if rng.random() < _UNTOUCHED:
        return pair
    source, target = degrade((pair.source, pair.target), rng, STEPS)
    grown = dilate(pair.mask > 0, round(_CARRIED * len(pair.mask))) & (change_mask((source, target)) > 0)
    mask = np.maximum(pair.mask, grown.astype(np.uint8) * np.uint8(255))
    return replace(pair, source=source, target=exact_outside(source, target, mask), mask=mask)


def vignette(scene: Scene, rng: np.random.Generator) -> Scene:
    """Darken the corners by 10 to 50%, round a centre that lies near the middle."""
    size = scene[0].shape[0]
    x, y = np.linspace(-1, 1, size), np.linspace(-1, 1, size)[:, None]
    centre = rng.uniform(-0.2, 0.2, 2)
    radius = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 2
    gain = (1 - rng.uniform(0.1, 0.5) * np.minimum(radius, 1.0)).astype(np.float32)[:, :, None]
    return _coded(scene[0] * gain), _coded(scene[1] * gain)


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
        _coded(picture + field * np.sqrt(np.float32(read**2) + np.float32(shot) * picture)) for picture in scene
    )
    return source, target


def low_resolution(scene: Scene, rng: np.random.Generator) -> Scene:
    """Scale down to 22 to 80% of the side and up again: a small face of a larger picture."""
    import pyvips

    size = scene[0].shape[0]
    both = pyvips.Image.new_from_array(np.concatenate(scene, axis=2))
    small = both.resize(float(np.exp(rng.uniform(np.log(0.22), np.log(0.8)))))
    kernel = str(rng.choice(["linear", "cubic", "lanczos3"]))
    large = small.resize(size / small.width, vscale=size / small.height, kernel=kernel).crop(0, 0, size, size).numpy()
    return np.ascontiguousarray(large[:, :, :3]), np.ascontiguousarray(large[:, :, 3:])


def _grains(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Average neighbours (1 2 1 in both directions) and restore the deviation."""
    for _ in range(2):
        padded = np.pad(field, ((1, 1), (0, 0), (0, 0)), mode="edge")
        field = (padded[:-2] + 2 * padded[1:-1] + padded[2:]).swapaxes(0, 1)
    soft: npt.NDArray[np.float32] = field / np.float32(6.0)  # 1 2 1 has the norm sqrt(6), and there are two
    return soft


def _coded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


STEPS: tuple[tuple[float, Step], ...] = (
    (0.65, colour),
    (0.05, grey),
    (0.35, vignette),
    (0.15, blur),
    (0.25, low_resolution),
    (0.45, sensor_noise),
    (0.45, jpeg),
)
"""The steps in the order in which a picture meets them, and the share of pictures that each one touches."""
