"""Pixel-level augmentation, the same for source and target: elastic warp, colour, blur, noise, JPEG.

Both pictures of a pair go through every step with the same random numbers; `mask.exact_outside` restores
exactness afterwards, because JPEG and resampling let changes leak.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyvips

from stillyou.pairs.pair import Pixels

Scene = tuple[Pixels, Pixels]
"""Source and target, (H, W, 3) uint8 each."""


Step = Callable[[Scene, np.random.Generator], Scene]
"""One degradation: the same change of both pictures."""


def _image(scene: Scene) -> pyvips.Image:
    """Stack both pictures into one image of six bands."""
    return pyvips.Image.new_from_array(np.concatenate(scene, axis=2))


def _scene(image: pyvips.Image) -> Scene:
    both = np.asarray(image.numpy())
    return np.ascontiguousarray(both[:, :, :3]), np.ascontiguousarray(both[:, :, 3:])


def warp(scene: Scene, rng: np.random.Generator) -> Scene:
    """Bend both pictures by one smooth random displacement field (up to about 5% of the side)."""
    size = scene[0].shape[0]
    cells, reach = int(rng.integers(3, 6)), rng.uniform(0.01, 0.05) * size
    coarse = rng.uniform(-reach, reach, (cells, cells, 2)).astype(np.float32)
    field = pyvips.Image.new_from_array(coarse).resize(size / cells, kernel="cubic").numpy()[:size, :size]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    index = np.clip(np.stack([x, y], axis=2) + field, 0, size - 1.001).astype(np.float32)
    return _scene(
        _image(scene).mapim(pyvips.Image.new_from_array(index), interpolate=pyvips.Interpolate.new("bilinear"))
    )


def _through_table(scene: Scene, tables: np.ndarray) -> Scene:
    """Map each channel through its (256,) table; `tables` is (3, 256)."""
    codes = np.clip(np.rint(tables), 0, 255).astype(np.uint8)
    source, target = (np.stack([codes[band][picture[:, :, band]] for band in range(3)], axis=2) for picture in scene)
    return source, target


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
    source, target = (np.clip(np.rint(picture @ matrix), 0, 255).astype(np.uint8) for picture in scene)
    return source, target


def blur(scene: Scene, rng: np.random.Generator) -> Scene:
    """Blur by a Gaussian (sigma up to 0.5% of the side)."""
    return _scene(_image(scene).gaussblur(rng.uniform(0.0012, 0.005) * scene[0].shape[0], precision="integer"))


def resample(scene: Scene, rng: np.random.Generator) -> Scene:
    """Scale down and up again, as pictures that were small once."""
    size, image = scene[0].shape[0], _image(scene)
    small = image.resize(rng.uniform(0.4, 0.85))
    kernel = str(rng.choice(["linear", "cubic"]))
    return _scene(small.resize(size / small.width, vscale=size / small.height, kernel=kernel).crop(0, 0, size, size))


def noise(scene: Scene, rng: np.random.Generator) -> Scene:
    """Add one field of Gaussian noise to both pictures."""
    field = rng.standard_normal(scene[0].shape, dtype=np.float32) * np.float32(rng.uniform(1.5, 9))
    if rng.random() < 0.4:
        field = field[:, :, :1]
    source, target = (np.clip(np.rint(picture + field), 0, 255).astype(np.uint8) for picture in scene)
    return source, target


def jpeg(scene: Scene, rng: np.random.Generator) -> Scene:
    """Compress both pictures with one quality and chroma subsampling."""
    quality, subsample = int(rng.integers(35, 95)), str(rng.choice(["on", "off"]))

    def through(picture: Pixels) -> Pixels:
        data = pyvips.Image.new_from_array(picture).jpegsave_buffer(Q=quality, subsample_mode=subsample)
        decoded: Pixels = np.asarray(pyvips.Image.jpegload_buffer(data).numpy())
        return decoded

    return through(scene[0]), through(scene[1])


STEPS: tuple[tuple[float, Step], ...] = (
    (0.35, colour),
    (0.08, grey),
    (0.12, blur),
    (0.15, resample),
    (0.15, noise),
    (0.2, jpeg),
)


def degrade(scene: Scene, rng: np.random.Generator, steps: Sequence[tuple[float, Step]] = STEPS) -> Scene:
    """Apply each degradation in its share of the scenes, in the order in which pictures get them."""
    for share, step in steps:
        if rng.random() < share:
            scene = step(scene, rng)
    return scene
