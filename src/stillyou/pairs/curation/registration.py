"""Do source and target lie over each other: votes of edge directions for a shift.

Every textured pixel x of the source votes for all shifts d at which the target's edge at x + d has the same of eight
directions. What an effect changes votes at random; what it keeps votes for one shift:

    votes(d) = sum over directions k of sum over x of S_k(x) T_k(x + d)       (correlations, by Fourier transforms)
    shift    = the d with most votes, in pixels of a picture of 256
    agreement = votes(shift) / textured pixels of the source

Pairs of other pictures agree on nothing. Where edges agree, their strengths are compared: a blurred target has weaker
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from stillyou.images.morphology import Flags
from stillyou.pairs.curation.candidate import Candidate, Plane, grey
from stillyou.pairs.curation.protocol import PairScorer, Scores

_DIRECTIONS = 8
_REACH = 1 / 8
"""Longest shift that is looked for, as a share of the side."""
_CALM = 1.0
"""Width of the blur that noise is taken out with before edges vote, in pixels of the coarse picture."""
_EDGE, _STRONG_EDGE = 3.0, 8.0
"""Levels a pixel from which on a gradient is an edge, for votes and for sharpness."""
_MOST_RATIO = 3.0
"""Single edges count as at most this many times as strong."""
_FEWEST = 100
"""Edge pixels that it takes to say anything."""
_UNMOVED = 0.8
"""Share of the best shift's votes with which no shift at all is believed."""
_EXPLAINED = 0.85
"""A shift is one if what should be kept differs by at most this share after moving the target back."""
_COARSE = 128
"""Side at which shifts are looked for, in pixels."""
_UNIT = 256
"""Side of the picture whose pixels shifts are told in."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Gradients of a picture: (H, W) each."""

    down: Plane
    across: Plane

    @classmethod
    def of(cls, luma: Plane) -> Edges:
        """Differentiate."""
        down, across = np.gradient(luma)
        return cls(np.asarray(down), np.asarray(across))

    @cached_property
    def strength(self) -> Plane:
        """Levels a pixel."""
        return np.hypot(self.down, self.across)

    @cached_property
    def direction(self) -> NDArray[np.int64]:
        """Number of the direction, 0 to 7."""
        turns = np.arctan2(self.down, self.across) / (2 * np.pi)
        return np.asarray(np.floor(turns * _DIRECTIONS + 0.5).astype(np.int64) % _DIRECTIONS)


def find_shift(source: Edges, target: Edges) -> tuple[tuple[int, int], float] | None:
    """Find how the target lies against the source.

    Returns:
        The shift (down, across) in pixels and the share of the source's edge pixels that agree with it; None where
        the source has too few edges.
    """
    edges = source.strength > _EDGE
    if edges.sum() < _FEWEST:
        return None
    side = len(edges)
    reach = max(1, round(side * _REACH))
    votes = _votes(source, target)
    window = np.roll(votes, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    down, across = np.unravel_index(int(window.argmax()), window.shape)
    shift, most = (int(down) - reach, int(across) - reach), float(window.max())
    if votes[0, 0] >= _UNMOVED * most:
        shift, most = (0, 0), float(votes[0, 0])
    return shift, most / float(edges.sum())


def _votes(source: Edges, target: Edges) -> NDArray[np.float32]:
    """Return the votes for every shift, (H, W), those of negative ones at the end."""
    total = None
    for direction in range(_DIRECTIONS):
        one, other = (((e.strength > _EDGE) & (e.direction == direction)).astype(np.float32) for e in (source, target))
        product = np.conj(fft.rfft2(one)) * fft.rfft2(other)
        total = product if total is None else total + product
    return np.asarray(fft.irfft2(total, s=source.strength.shape), np.float32)


def halved(luma: Plane, side: int) -> Plane:
    """Average blocks until the picture's side is at most `side`; (H, W)."""
    block = max(1, round(len(luma) / side))
    fitting = len(luma) // block * block
    return luma[:fitting, :fitting].reshape(fitting // block, block, fitting // block, block).mean((1, 3))


def _outlines(luma: Plane) -> Edges:
    """Return the edges of a picture without its noise."""
    return Edges.of(np.asarray(ndimage.gaussian_filter(halved(luma, _COARSE), _CALM)))


class Registration(PairScorer):
    """Looks for a shift between source and target, and compares the sharpness and light of what they share."""

    name = "registration"
    measures = {
        "shift": "how far the target lies from the source, pixels of a picture of 256",
        "agreement": "share of the source's edges that the target has at that shift, 0 to 1",
        "sharpness": "strength of the target's edges over the source's where both agree (1 is equal)",
        "exposure": "how much brighter the target is where the effect should change nothing, levels of 255",
    }
    cost = "20 ms"

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        source, target = grey(candidate.pair.source), grey(candidate.pair.target)
        found = find_shift(*(_outlines(luma) for luma in (source, target)))
        if found is None:
            return {}
        shift, agreement = found
        coarse = candidate.side / len(halved(source, _COARSE))
        down, across = (round(step * coarse) for step in shift)
        moved = np.roll(target, (-down, -across), (0, 1))
        known = candidate.kept.sum() >= _FEWEST
        region = candidate.kept if known else np.ones_like(candidate.kept)
        if _apart(source, moved, region) > _EXPLAINED * _apart(source, target, region):
            down, across, moved = 0, 0, target  # another picture, not a moved one
        scores = {
            "shift": round(float(np.hypot(down, across)) * _UNIT / candidate.side, 2),
            "agreement": round(min(1.0, agreement), 4),
        }
        if known:
            scores["exposure"] = round(float(np.median((moved - source)[region])), 2)
        return scores | _sharpness(source, moved, region)


def _apart(one: Plane, other: Plane, region: Flags) -> float:
    return float(np.abs(one - other)[region].mean())


def _sharpness(source: Plane, target: Plane, region: Flags) -> Scores:
    """Compare edges that lie over each other: those of the region, or of the picture if it has too few."""
    one, other = Edges.of(source), Edges.of(target)
    shared = (one.strength > _STRONG_EDGE) & (other.strength > 1) & (one.direction == other.direction)
    shared = shared & region if (shared & region).sum() >= _FEWEST else shared
    if shared.sum() < _FEWEST:
        return {}
    ratios = np.minimum(other.strength[shared] / one.strength[shared], _MOST_RATIO)
    return {"sharpness": round(float(ratios.mean()), 4)}
