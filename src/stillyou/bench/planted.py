"""Defects that are planted into good pairs, to see whether curation finds them, and for which reason.

    swapped      another person's head in the target, laid over the own one by the fits of both
    unchanged    the target is the source again, as a careless JPEG
    unrelated    the target of another pair
    blurred      the target out of focus, sigma 0.6% of the side
    duplicated   an earlier pair once more, with noise of 1 level
    shifted      the target moved by 3% of the side (8 pixels of 256)

The mask of a planted pair is made anew from its pictures, as that of a pair from a diffusion model is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image
from scipy import ndimage

from stillyou.drafts.fit import Fit
from stillyou.drafts.network import predict
from stillyou.draws import generator
from stillyou.pairs.curation.rules import FAINT, HIDDEN, NOTHING
from stillyou.pairs.pair import Pair, Pixels
from stillyou.pairs.truth import change_mask, exact_outside

REASONS: Final[Mapping[str, frozenset[str]]] = {
    "swapped": frozenset({"the head is another's", "another person", "it changes what it should keep"}),
    "unchanged": frozenset({NOTHING, HIDDEN, FAINT, "the effect does not show"}),
    "unrelated": frozenset({"source and target do not belong together"}),
    "blurred": frozenset({"the target is blurred"}),
    "duplicated": frozenset({"a near duplicate of an earlier pair"}),
    "shifted": frozenset({"the target is shifted"}),
}
"""Right reasons for each defect."""
DEFECTS: Final = tuple(REASONS)
_BLUR, _SHIFT = 0.006, 1 / 32
_LANDMARKS = ("eye_left", "eye_right", "mouth", "face_bottom")
_HEAD = {"cartoon": 1.0, "people": 0.75}
"""Size of the head that is swapped, as a share of the hood's ellipse: of people the face with its hairline."""


def planted(defect: str, pair: Pair, other: Pair) -> Pair:
    """Return a pair with a defect.

    Args:
        defect: One of `DEFECTS`.
        pair: A good pair.
        other: A good pair of the same effect with another person: an earlier one.
    """
    if defect == "duplicated":
        return _again(other)
    if defect == "swapped":
        target = swapped(pair, other)
    elif defect == "unchanged":
        target = _jpeg(pair.source)
    elif defect == "unrelated":
        target = other.target
    else:
        target = _blurred(pair.target) if defect == "blurred" else _shifted(pair.target)
    return remasked(pair, pair.source, target)


def remasked(pair: Pair, source: Pixels, target: Pixels) -> Pair:
    """Return a pair with other pictures, and the mask that follows from them."""
    mask = change_mask((source, target))
    return replace(pair, source=source, target=exact_outside(source, target, mask), mask=mask)


def _again(pair: Pair) -> Pair:
    noise = generator(pair.seed, "planted").integers(-1, 2, pair.source.shape)
    source, target = (np.clip(picture + noise, 0, 255).astype(np.uint8) for picture in (pair.source, pair.target))
    return replace(pair, source=source, target=exact_outside(source, target, pair.mask))


def _jpeg(picture: Pixels) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return np.array(Image.open(file))


def _blurred(picture: Pixels) -> Pixels:
    sigma = _BLUR * len(picture)
    return np.asarray(ndimage.gaussian_filter(picture, (sigma, sigma, 0)), np.uint8)


def _shifted(picture: Pixels) -> Pixels:
    across = round(len(picture) * _SHIFT)
    return np.pad(picture, ((0, 0), (across, 0), (0, 0)), mode="edge")[:, :-across]


def swapped(pair: Pair, other: Pair) -> Pixels:
    """Return a pair's target with the head of another pair's target in place of its own."""
    own, theirs = predict(np.stack([pair.target, other.target]))
    side = len(pair.target)
    move = _affine(own, theirs, side)
    head = Image.fromarray(other.target).transform((side, side), Image.Transform.AFFINE, move, Image.Resampling.BICUBIC)
    cover = _cover(own, side, _HEAD[pair.domain or "cartoon"])[..., None]
    return np.rint(np.asarray(head) * cover + pair.target * (1 - cover)).astype(np.uint8)


def _affine(own: Fit, theirs: Fit, side: int) -> tuple[float, ...]:
    """Return Pillow's six numbers that carry pixels of the own picture to the other's: least squares over landmarks."""
    here, there = (np.stack([fit[name] for name in _LANDMARKS]) * side for fit in (own, theirs))
    found, *_ = np.linalg.lstsq(np.c_[here, np.ones(len(here))], there, rcond=None)
    return tuple(float(value) for value in found.T.ravel())


def _cover(fit: Fit, side: int, scale: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the soft ellipse of the head, (side, side) in 0 to 1."""
    left, right, top, bottom = (fit[f"hood_{end}"] * side for end in ("left", "right", "top", "bottom"))
    middle = (left + right + top + bottom) / 4
    radii = np.maximum(1, [abs(right[0] - left[0]) * scale / 2, abs(bottom[1] - top[1]) * scale / 2])
    y, x = np.mgrid[:side, :side] + 0.5
    reach = np.hypot((x - middle[0]) / radii[0], (y - middle[1]) / radii[1])
    return np.asarray(np.clip((1 - reach) * 12, 0, 1))
