"""Near duplicates: pairs of one effect whose pictures are nearly those of an earlier pair.

Each pair has a hash of 128 bits: signs of low cosine frequencies of source and target. Pairs that share one of its
eight words of 16 bits are compared by thumbnails, so that a pair is compared with few others, however many there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from stillyou.pairs.pair import Pair, Pixels

MOST_NOVEL = 16.0
"""Differences are told up to this many levels: more is another pair altogether."""
_THUMB, _FREQUENCIES = 16, 8
_MOST_COMPARED = 256
"""Earlier pairs of one word that are compared, the latest ones."""

Signature = tuple[NDArray[np.uint16], NDArray[np.uint8]]
"""Words (8,) of the hash, and thumbnails of source and target (2, 16, 16, 3)."""


def signature(pair: Pair) -> Signature:
    """Return what a pair is found again by."""
    thumbs = np.stack([_thumb(pair.source), _thumb(pair.target)])
    bits = [_signs(thumb) for thumb in thumbs]
    return np.packbits(np.concatenate(bits)).view(np.uint16), thumbs


def _thumb(picture: Pixels) -> Pixels:
    image = Image.fromarray(picture).resize((_THUMB, _THUMB), Image.Resampling.BOX)
    return np.asarray(image)


def _signs(thumb: Pixels) -> NDArray[np.bool_]:
    """Return which of the 64 lowest frequencies of a thumbnail are above their median."""
    waves = fft.dctn(thumb.mean(axis=2), norm="ortho")[:_FREQUENCIES, :_FREQUENCIES].ravel()
    signs: NDArray[np.bool_] = waves > np.median(waves[1:])
    return signs


def novelties(signatures: Iterable[tuple[str, Signature]]) -> list[float]:
    """Compare each pair with the earlier ones of its effect.

    Args:
        signatures: Effect and signature of each pair, in the order of the dataset.

    Returns:
        Mean difference of the thumbnails to the most similar earlier pair that was found, in levels of 255; at most
        `MOST_NOVEL`, which is also that of pairs that are like no other.
    """
    places: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    thumbs: list[NDArray[np.uint8]] = []
    found = []
    for number, (effect, (words, pictures)) in enumerate(signatures):
        keys = [(effect, place, int(word)) for place, word in enumerate(words)]
        earlier = sorted({other for key in keys for other in places[key][-_MOST_COMPARED:]})
        found.append(min((_apart(pictures, thumbs[other]) for other in earlier), default=MOST_NOVEL))
        thumbs.append(pictures)
        for key in keys:
            places[key].append(number)
    return [round(min(value, MOST_NOVEL), 4) for value in found]


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())
