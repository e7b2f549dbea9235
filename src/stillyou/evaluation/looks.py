"""Looks: how well answers are drawn, against the true targets, beside what bounds them.

With a pair's source s, target t and true mask M, an answer a, and Y the luminance (Rec. 601) of a picture:

    error ratio       sum over M of |a - t| / sum over M of |s - t|                1 = no better than doing nothing
    high-pass ratio   sum over M of H(a)^2 / sum over M of H(t)^2                  below 1: soft; above 1: harsh
    H(x)              Y(x) - Gaussian(Y(x)), with a deviation of 1/256 of the picture's side
    kernel distance   of whole answers from whole targets (`features`)

Sums run over all pairs: small edits weigh little. Beside an edit stand `lazy` (the source), `autoencoder` (the target
as the model's autoencoder copies it, put into the picture as edits are: the most that a model on this autoencoder
could draw), `draft` (the effect's art as it is laid, no sampling; costumes alone) and `oracle` (the target).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou import metrics
from stillyou.evaluation.features import Features, Rows, kernel_distance
from stillyou.metrics import Picture, Region
from stillyou.pairs.pair import Pair

ANSWERS = ("edit", "lazy", "autoencoder", "draft", "oracle")
FIGURES = ("error_ratio", "high_pass_ratio", "kernel_distance", "kernel_distance_error")
DEVIATION = 1 / 256
"""Of the Gaussian that a high pass takes away, in shares of the picture's side."""
_LUMA = np.array([0.299, 0.587, 0.114])


def high_pass_energy(picture: Picture, region: Region) -> float:
    """Return the sum of squares of a picture's high pass over a region.

    Args:
        picture: (N, N, 3) uint8.
        region: (N, N) bool.
    """
    return float(np.square(high_pass(picture)[region]).sum())


def high_pass(picture: Picture) -> NDArray[np.float64]:
    """Return H of a picture (N, N, 3) uint8, (N, N)."""
    luminance: NDArray[np.float64] = picture @ _LUMA
    passed: NDArray[np.float64] = luminance - ndimage.gaussian_filter(luminance, DEVIATION * len(picture))
    return passed


def error_sum(picture: Picture, target: Picture, region: Region) -> float:
    """Return the sum of absolute differences over a region's pixels and all channels, in 8-bit levels."""
    mean = metrics.mean_absolute_error(picture, target, region)
    return 0.0 if mean is None else mean * int(region.sum()) * 3


@dataclass(frozen=True)
class _Seen:
    """One answer to one pair: the sums, and what the figures are in relation to."""

    effect: str
    group: str
    error: float
    lazy_error: float
    energy: float
    target_energy: float
    features: tuple[Rows, Rows] | None


@dataclass
class Looks:
    """Collects answers, batch after batch, and tells their figures.

    Attributes:
        features: Describes pictures; without it there is no kernel distance.
    """

    features: Features | None = None
    _seen: dict[str, list[_Seen]] = field(default_factory=dict)

    def add(self, pairs: Sequence[Pair], answers: Mapping[str, Sequence[Picture]], group: str) -> None:
        """Add a batch of answers to pairs, by name (`ANSWERS`), all of effects of one group."""
        described = self._described([pair.target for pair in pairs])
        for name, pictures in answers.items():
            rows = self._described(pictures)
            for i, (pair, picture) in enumerate(zip(pairs, pictures, strict=True)):
                both = None if rows is None or described is None else (rows[i], described[i])
                self._seen.setdefault(name, []).append(_measured(pair, picture, group, both))

    def document(self) -> dict[str, Any]:
        """Return for each kind of answer the number of `edits`, `FIGURES`, and both by `groups` and `effects`."""
        return {
            name: {**_figures(seen), "groups": _by(seen, lambda s: s.group), "effects": _by(seen, lambda s: s.effect)}
            for name, seen in self._seen.items()
        }

    def _described(self, pictures: Sequence[Picture]) -> Rows | None:
        return None if self.features is None else self.features(pictures)


def _measured(pair: Pair, picture: Picture, group: str, features: tuple[Rows, Rows] | None) -> _Seen:
    inside = metrics.marked(pair.mask)
    return _Seen(
        effect=pair.effect,
        group=group,
        error=error_sum(picture, pair.target, inside),
        lazy_error=error_sum(pair.source, pair.target, inside),
        energy=high_pass_energy(picture, inside),
        target_energy=high_pass_energy(pair.target, inside),
        features=features,
    )


def _figures(seen: Sequence[_Seen]) -> dict[str, float | int | None]:
    rows = [each.features for each in seen if each.features is not None]
    answers, targets = (np.stack([row[k] for row in rows]) if rows else np.empty((0, 1)) for k in (0, 1))
    distance = kernel_distance(answers, targets)
    return {
        "edits": len(seen),
        "error_ratio": _ratio(sum(s.error for s in seen), sum(s.lazy_error for s in seen)),
        "high_pass_ratio": _ratio(sum(s.energy for s in seen), sum(s.target_energy for s in seen)),
        "kernel_distance": None if distance is None else distance.value,
        "kernel_distance_error": None if distance is None else distance.error,
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _by(seen: Sequence[_Seen], key: Callable[[_Seen], str]) -> dict[str, dict[str, float | int | None]]:
    return {name: _figures([s for s in seen if key(s) == name]) for name in dict.fromkeys(map(key, seen))}
