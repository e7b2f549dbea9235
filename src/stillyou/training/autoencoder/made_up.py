"""Pictures of no studio, so that an autoencoder learns pictures and not two studios: shapes, text, gradients, texture.

A picture follows from (seed, index, side) alone.
"""

from __future__ import annotations

import string
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import zoom

from stillyou.draws import generator

_FINER = 2
"""Shapes and text are drawn so many times larger, for smooth edges."""

Levels = NDArray[np.float32]
"""(side, side, 3), 0 to 255."""


def made_up_pictures(seed: int, count: int, side: int) -> torch.Tensor:
    """Draw pictures, (count, 3, side, side) uint8."""
    drawn = np.empty((count, 3, side, side), np.uint8)
    for index in range(count):
        drawn[index] = made_up_picture(seed, index, side).transpose(2, 0, 1)
    return torch.from_numpy(drawn)


def made_up_picture(seed: int, index: int, side: int) -> NDArray[np.uint8]:
    """Draw one picture, (side, side, 3): a ground, and shapes or text over most of them."""
    rng = generator(seed, "made-up picture", index)
    grounds: tuple[Callable[[np.random.Generator, int], Levels], ...] = (_gradient, _texture, _stripes)
    ground = grounds[int(rng.integers(len(grounds)))](rng, side)
    picture = Image.fromarray(ground.clip(0, 255).astype(np.uint8)).resize((_FINER * side,) * 2)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 25))):
        _shape(rng, draw, _FINER * side)
    for _ in range(int(rng.integers(0, 4))):
        _text(rng, draw, _FINER * side)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw a colour; one in four is grey, one in ten black or white."""
    kind, levels = rng.random(), rng.integers(0, 256, 3)
    if kind < 0.1:
        levels[:] = 255 * (levels[0] > 127)
    elif kind < 0.35:
        levels[:] = levels[0]
    return int(levels[0]), int(levels[1]), int(levels[2])


def _gradient(rng: np.random.Generator, side: int) -> Levels:
    """Colours of a few points, in between smooth."""
    points = int(rng.integers(2, 5))
    corners = np.array([[_colour(rng) for _ in range(points)] for _ in range(points)], np.float32)
    return _enlarged(corners, side, order=1)


def _texture(rng: np.random.Generator, side: int) -> Levels:
    """Noise of several finenesses over a colour, as of cloth, stone and leaves."""
    levels = np.broadcast_to(np.array(_colour(rng), np.float32), (side, side, 3)).copy()
    for grid in (4, 8, 16, 32, 64, 128):
        strength, grey = 30 * rng.random() ** 2, rng.random() < 0.6
        noise = rng.standard_normal((grid, grid, 1 if grey else 3)).astype(np.float32)
        levels += strength * _enlarged(noise, side, order=1)
    return levels


def _stripes(rng: np.random.Generator, side: int) -> Levels:
    """Waves or bars of two colours, in any direction."""
    y, x = np.mgrid[0:side, 0:side]
    angle, period = rng.random() * np.pi, 4 * 16 ** rng.random()
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    sharpness = 1 if rng.random() < 0.4 else 6
    share = (np.clip(sharpness * wave, -1, 1)[..., None] + 1) / 2
    first, second = (np.array(_colour(rng), np.float32) for _ in range(2))
    return np.asarray(first + share * (second - first), np.float32)


def _enlarged(small: NDArray[np.float32], side: int, order: int) -> Levels:
    factor = (side / small.shape[0], side / small.shape[1], 1)
    return np.asarray(zoom(small, factor, order=order, mode="nearest", grid_mode=True), np.float32)


def _shape(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    """Draw an ellipse, box, polygon or line, filled or not."""
    size = side * 0.02 * 25 ** rng.random()
    x, y = rng.random(2) * side
    fill = _colour(rng) if rng.random() < 0.75 else None
    outline, width = _colour(rng), int(rng.integers(1, 8))
    box = (x - size, y - size * (0.4 + rng.random()), x + size, y + size * (0.4 + rng.random()))
    kind = int(rng.integers(4))
    if kind == 0:
        draw.ellipse(box, fill=fill, outline=outline, width=width)
    elif kind == 1:
        draw.rectangle(box, fill=fill, outline=outline, width=width)
    elif kind == 2:
        corners = [
            (x + size * float(a), y + size * float(b)) for a, b in rng.uniform(-1, 1, (int(rng.integers(3, 8)), 2))
        ]
        draw.polygon(corners, fill=fill, outline=outline, width=width)
    else:
        draw.line(box, fill=outline, width=width)


def _text(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    """Write a few letters in the font that Pillow carries."""
    letters = [string.printable[int(k)] for k in rng.integers(0, 94, int(rng.integers(2, 12)))]
    font = ImageFont.load_default(int(side * rng.uniform(0.03, 0.14)))
    x, y = rng.uniform(-0.1, 0.9, 2) * side
    draw.text((x, y), "".join(letters), fill=_colour(rng), font=font)
