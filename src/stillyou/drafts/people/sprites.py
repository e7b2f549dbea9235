"""Sprites: costume art for photographs, rendered ahead for a grid of turns by tools/make_sprites.py.

A design has two atlases, ``hat`` (turns of the head) and ``coat`` (turns of the body), and a JSON with the box of each
sprite and the points of the wearer's fit in the sprite's pixels. Turns to the picture's left are mirror images.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from stillyou.drafts.fit import MIRRORED, POINTS
from stillyou.effects.designs import DESIGNS, find_design

Part = Literal["hat", "coat"]
_FOLD, _DEEPER = 8.0, 0.6
"""Pixels that a fold is wide, and how much deeper it gets: 0 leaves the art as rendered."""
_COARSE = 4
"""Pixels of the art to one of the field in which its light is evened."""
_CHEST, _EVENED, _BRIGHTEST = (0.34, 0.42), 0.8, 0.75
"""Heights of a coat between which it is lit as it should be; how much of the difference is made up below, and log
luminance at most."""
_BROAD, _TALL = 7.5, 1.75
"""Reach of that field to the sides and down, in its own pixels."""
ART = resources.files("stillyou") / "art" / "people"


@dataclass(frozen=True, eq=False)
class Sprite:
    """One part of a costume at one turn.

    Attributes:
        pixels: (H, W, 4) uint8 sRGB with alpha, colours not multiplied by it.
        points: (K, 2) the wearer's points in the sprite's pixels, in the order of `drafts.fit.POINTS`.
        yaw: Degrees to the picture's right.
        pitch: Degrees that the chin is lowered.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    yaw: float
    pitch: float

    def at(self, *names: str) -> NDArray[np.float32]:
        """Return some points (N, 2) by name."""
        return self.points[[POINTS.index(name) for name in names]]

    def mirrored(self) -> Sprite:
        """Return the sprite mirrored left to right."""
        points = self.points[list(MIRRORED)] * np.array([-1, 1], np.float32)
        points = points + np.array([self.pixels.shape[1], 0], np.float32)
        return Sprite(np.ascontiguousarray(self.pixels[:, ::-1]), points, -self.yaw, self.pitch)


@lru_cache(maxsize=16)
def _described(effect: str, design: str) -> dict[str, list[dict[str, Any]]]:
    text = (ART / effect / f"{design}.json").read_text("utf-8")
    described: dict[str, list[dict[str, Any]]] = json.loads(text)
    return described


def deepened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return art (H, W, 4) whose folds and locks are deeper: neutral light leaves them flat."""
    alpha = pixels[..., 3].astype(np.float32) / 255
    luma = pixels[..., :3].astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32) + 1
    around = ndimage.gaussian_filter(luma * alpha, _FOLD) / np.maximum(ndimage.gaussian_filter(alpha, _FOLD), 1e-3)
    factor = np.clip(luma / np.maximum(around, 1), 0.4, 1.6) ** np.float32(_DEEPER)
    deeper = np.clip(pixels[..., :3] * factor[..., None], 0, 255)
    return np.concatenate([np.rint(deeper).astype(np.uint8), pixels[..., 3:]], -1)


def evened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a coat (H, W, 4) without the shadow of its chest, which ends in a line that no photograph shows."""
    height, width = pixels.shape[:2]
    small = pixels[::_COARSE, ::_COARSE].astype(np.float32)
    alpha, rows = small[..., 3] / 255, (np.arange(height)[::_COARSE, None] + 0.5) / height
    luma = np.log(small[..., :3] @ np.array([0.3, 0.59, 0.11], np.float32) + 4)
    reach = (_TALL, _BROAD)
    weight = ndimage.gaussian_filter(alpha, reach)
    light = ndimage.gaussian_filter(luma * alpha, reach) / np.maximum(weight, 1e-3)
    chest = ((rows > _CHEST[0]) & (rows < _CHEST[1])) * weight
    usual = (light * chest).sum(0) / np.maximum(chest.sum(0), 1e-3)
    usual = ndimage.gaussian_filter1d(usual, _BROAD, mode="nearest")
    below = np.clip((rows - _CHEST[0]) / (_CHEST[1] - _CHEST[0]), 0, 1)
    factor = np.exp(_EVENED * below * np.clip(usual - light, 0, _BRIGHTEST)).astype(np.float32)
    large = np.asarray(Image.fromarray(factor).resize((width, height), Image.Resampling.BILINEAR))
    lighter = np.clip(pixels[..., :3] * large[..., None], 0, 255)
    return np.concatenate([np.rint(lighter).astype(np.uint8), pixels[..., 3:]], -1)


@lru_cache(maxsize=32)
def sprites(effect: str, design: str, part: Part) -> tuple[Sprite, ...]:
    """Return all sprites of a part of a design, mirror images included; they are kept (190 MB for all there are).

    Raises:
        UsageError: There is no such design.
    """
    find_design(effect, design)
    with (ART / effect / f"{design}-{part}.webp").open("rb") as file, Image.open(file) as opened:
        atlas = deepened(np.asarray(opened.convert("RGBA")))
    found = []
    for entry in _described(effect, design)[part]:
        left, top, right, bottom = entry["box"]
        points = np.array([entry["points"][name] for name in POINTS], np.float32)
        art = atlas[top:bottom, left:right]
        sprite = Sprite(evened(art) if part == "coat" else art, points, entry["yaw"], entry["pitch"])
        found += [sprite, sprite.mirrored()]
    return tuple(found)


def nearest(effect: str, design: str, part: Part, yaw: float, pitch: float = 0.0, lean: int = 1) -> Sprite:
    """Return the sprite nearest to a turn.

    Args:
        effect: The costume.
        design: Its look.
        part: ``hat`` or ``coat``.
        yaw: Degrees to the picture's right.
        pitch: Degrees that the chin is lowered.
        lean: 1 or -1: of two mirror images that are as near, the first or the other.
    """
    choices = sprites(effect, design, part)[:: 1 if lean > 0 else -1]
    return min(choices, key=lambda sprite: round(np.hypot(sprite.yaw - yaw, sprite.pitch - pitch), 3))


def all_art() -> list[tuple[str, str]]:
    """Return every effect and design with art for photographs."""
    return [(effect, design.name) for effect, designs in DESIGNS.items() for design in designs]
