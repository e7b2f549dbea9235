"""Readers of an edit's options: each takes what a person may write and returns the option's own type.

They import nothing heavy, so that wrong options are refused before a model's libraries are loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.drafts.draw import WEARS, Wear
from stillyou.drafts.nudge import Nudges, read_nudge
from stillyou.errors import UsageError, nearest

MOST_STEPS = 1000
LARGEST_SEED = 2**63 - 1
STEP, MOST_RESOLUTION = 64, 2048
DraftLike = str | Path | Image.Image
"""``auto``, ``none``, a file, or a Pillow image."""
STRATEGIES: tuple[str, ...] = get_args(MaskSettings.model_fields["strategy"].annotation)


def strength(value: Any) -> float:
    """Return a strength; raises UsageError for what is not a number from 0 to 1."""
    if not isinstance(value, (int, float, np.floating)) or not math.isfinite(value) or not 0 <= value <= 1:
        raise UsageError(f"strength {value} is not between 0 and 1", "Give a number such as 0.7.")
    return float(value)


def seed(value: Any) -> int:
    """Return a seed; raises UsageError outside 0 to 2**63 - 1."""
    return _whole("seed", value, 0, LARGEST_SEED)


def steps(value: Any) -> int:
    """Return a number of steps; raises UsageError outside 1 to 1000."""
    return _whole("steps", value, 1, MOST_STEPS)


def resolution(value: Any) -> int:
    """Return a side that the networks can work at.

    Stable Diffusion's autoencoder shrinks by 8 and its UNet by 8 more, so that sides are multiples of 64.

    Raises:
        UsageError: No multiple of 64 from 64 to 2048.
    """
    side = _whole("resolution", value, STEP, MOST_RESOLUTION)
    if side % STEP:
        near = max(STEP, STEP * round(side / STEP))
        raise UsageError(f"resolution {side} is not a multiple of {STEP}", f"The nearest is {near}.")
    return side


def mask_strategy(value: Any) -> str:
    """Return the name of a mask strategy; raises UsageError for others."""
    if value not in STRATEGIES:
        raise UsageError(f"unknown mask strategy '{value}'", nearest(str(value), STRATEGIES))
    return str(value)


def guidance(value: GuidanceScales | Sequence[float] | str) -> GuidanceScales:
    """Accept guidance scales, three numbers, or ``IMAGE,SOURCE,TEXT``.

    Raises:
        UsageError: Not three numbers from 0 to 30.
    """
    if isinstance(value, GuidanceScales):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = ",".join(map(str, value))
    return GuidanceScales.parse(str(value))


def refine(value: Any) -> float:
    """Return how far a draft is refined; raises UsageError for what is not a number from 0 to 1."""
    if not isinstance(value, (int, float, np.floating)) or not math.isfinite(value) or not 0 <= value <= 1:
        raise UsageError(f"refine {value} is not between 0 and 1", "0 is the draft as it is, 1 starts from noise.")
    return float(value)


def close_up(value: Any) -> bool:
    """Return whether small edits are drawn close up; raises UsageError for anything but yes and no."""
    if not isinstance(value, (bool, np.bool_)):
        raise UsageError(f"close_up {value!r} is neither True nor False", "Leave it out for the effect's own way.")
    return bool(value)


def retry(value: Any) -> bool:
    """Return whether an edit out of band is tried again; raises UsageError for anything but yes and no."""
    if not isinstance(value, (bool, np.bool_)):
        raise UsageError(f"retry {value!r} is neither True nor False", "Leave it out for a single try.")
    return bool(value)


def draft(value: Any) -> DraftLike:
    """Return what a draft may be given as; raises UsageError for what is neither a word, a file nor an image."""
    if not isinstance(value, (str, Path, Image.Image)):
        raise UsageError(f"a draft cannot be a {type(value).__name__}", "Give auto, none, a file or a Pillow image.")
    return value


def wear(value: Any) -> Wear:
    """Return what of a costume is worn; raises UsageError for others than hat, coat and both."""
    for name in WEARS:
        if value == name:
            return name
    raise UsageError(f"'{value}' cannot be worn alone", nearest(str(value), WEARS))


def nudge(value: Any) -> Nudges:
    """Return how hat and coat are moved; raises UsageError for what is no nudge."""
    return read_nudge(value)


def design(value: Any) -> str:
    """Return the name of a design; whether the effect has it is known when the effect is."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"design {value!r} is no name", "stillyou effects NAME lists an effect's designs.")
    return value.strip().lower()


def variables(value: Any) -> Mapping[str, str]:
    """Return values for placeholders by name; raises UsageError for anything but words."""
    if not isinstance(value, Mapping) or not all(isinstance(word, str) for pair in value.items() for word in pair):
        raise UsageError(f"variables {value!r:.80} are no words by name", 'For example {"subject": "woman"}.')
    return dict(value)


def _whole(name: str, value: Any, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not lowest <= value <= highest:
        raise UsageError(f"{name} {value} is not a whole number from {lowest} to {highest}", f"Change the {name}.")
    return int(value)
