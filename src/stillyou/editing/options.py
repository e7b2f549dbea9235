"""Checks of an edit's options, without loading anything heavy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.errors import StillYouError, UsageError
from stillyou.images import grey_mask, picture_from_image, read_mask
from stillyou.images.picture import Pixels

MOST_STEPS = 1000
LARGEST_SEED = 2**63 - 1
STEP, MOST_RESOLUTION = 64, 2048
OFFICIAL_SEED = 3407
"""What the released demo seeds its global generators with."""
_OFFICIAL_STRATEGIES = (None, "none", "latent")

MaskLike = str | Path | Image.Image | NDArray[np.uint8] | NDArray[np.bool_] | NDArray[np.floating]


def check_options(strength: float, seed: int, steps: int) -> None:
    """Refuse values that make no sense.

    Raises:
        UsageError: Strength outside 0 to 1 or NaN, a seed outside 0 to 2**63 - 1, steps outside 1 to 1000.
    """
    if not isinstance(strength, (int, float, np.floating)) or not math.isfinite(strength) or not 0 <= strength <= 1:
        raise UsageError(f"strength {strength} is not between 0 and 1", "Give a number such as 0.7.")
    _check_whole("seed", seed, 0, LARGEST_SEED)
    _check_whole("steps", steps, 1, MOST_STEPS)


def check_resolution(resolution: int | None) -> int | None:
    """Refuse a side that the networks cannot work at; None (the model's own) passes.

    Stable Diffusion's autoencoder shrinks by 8 and its UNet by 8 more, so that sides are multiples of 64.

    Raises:
        UsageError: No multiple of 64 from 64 to 2048.
    """
    if resolution is None:
        return None
    _check_whole("resolution", resolution, STEP, MOST_RESOLUTION)
    if resolution % STEP:
        near = max(STEP, STEP * round(resolution / STEP))
        raise UsageError(f"resolution {resolution} is not a multiple of {STEP}", f"The nearest is {near}.")
    return int(resolution)


def check_official(strength: float, mask_strategy: str | None, **given: object) -> None:
    """Refuse options that the released demo has no counterpart of.

    Args:
        strength: The user's.
        mask_strategy: The user's.
        **given: Further options by name, None where they were not given.

    Raises:
        UsageError: One of them cannot be had in official mode.
    """
    if strength != 1:
        raise UsageError(
            "official mode has no strength (the release's is a noise level, with pure noise as its start)",
            "Leave --strength out.",
        )
    if mask_strategy not in _OFFICIAL_STRATEGIES:
        raise UsageError(
            f"the release has no mask strategy '{mask_strategy}'", "Use --mask-strategy latent, or none without a mask."
        )
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"official mode does as the released demo, which has no {name}", f"Leave --{name} out.")


def _check_whole(name: str, value: int, lowest: int, highest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not lowest <= value <= highest:
        raise UsageError(f"{name} {value} is not a whole number from {lowest} to {highest}", f"Change the {name}.")


def as_guidance(guidance: GuidanceScales | Sequence[float] | str) -> GuidanceScales:
    """Accept guidance scales, three numbers, or ``IMAGE,SOURCE,TEXT``.

    Raises:
        UsageError: Not three numbers from 0 to 30.
    """
    if isinstance(guidance, GuidanceScales):
        return guidance
    if isinstance(guidance, Iterable) and not isinstance(guidance, str):
        guidance = ",".join(map(str, guidance))
    return GuidanceScales.parse(str(guidance))


def as_mask(mask: MaskLike, size: tuple[int, int]) -> Pixels:
    """Turn whatever stands for a mask into 8-bit grey.

    Args:
        mask: A file, a Pillow image, or an array (H, W): uint8, bool, or floats in [0, 1].
        size: Width and height of the upright picture.

    Returns:
        uint8 (H, W), 255 = edit.

    Raises:
        UsageError: An array of another kind, or with values outside [0, 1].
        StillYouError: A file that cannot be read, or another size.
    """
    if isinstance(mask, (str, Path)):
        return read_mask(mask, size)
    if isinstance(mask, Image.Image):
        return grey_mask(picture_from_image(mask), size)
    values = _eight_bits(np.asarray(mask))
    if values.shape != (size[1], size[0]):
        raise StillYouError(
            f"the mask has shape {values.shape}, the picture has {size[1]} rows and {size[0]} columns",
            "Give an array (rows, columns).",
        )
    return values


def _eight_bits(values: NDArray[np.generic]) -> Pixels:
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype == np.bool_:
        return np.where(values, 255, 0).astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise UsageError(f"a mask of {values.dtype} has no clear scale", "Use uint8, bool, or floats from 0 to 1.")
    floats = values.astype(np.float64)
    if not (np.isfinite(floats).all() and floats.min(initial=0) >= 0 and floats.max(initial=0) <= 1):
        raise UsageError("the mask has values outside 0 to 1", "Use uint8, bool, or floats from 0 to 1.")
    return np.rint(255 * floats).astype(np.uint8)
