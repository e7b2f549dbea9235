"""From scores to a verdict: the first fault, the overall score, and the share that is kept.

overall   the geometric mean of qualities q, one for each measured score that has an ideal:
          q = 1 at the ideal, 1/2 at the end of the band, and on along the same line down to 0.01
survival  S(t) = share of an effect's candidates whose overall score is at least t; to keep the best share, the
          threshold is the greatest t with S(t) >= share
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stillyou.effects.bands import Band
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.curation.criteria import CRITERIA, Bands, Criterion
from stillyou.pairs.curation.rules import NOTHING, SHOWN, shown_already

OVERALL = "overall"
"""Name of the overall score among a row's scores."""
BELOW = "not among the best"
"""Why a pair is refused whose overall score is below the threshold."""
_LEAST_QUALITY = 0.01


def first_fault(scores: Mapping[str, float], effect: EffectSpec, bands: Bands, attributes: Mapping[str, object]) -> str:
    """Return why a candidate is refused, or an empty string.

    Args:
        scores: Those that could be told; what could not is no fault.
        effect: What the candidate should show.
        bands: Of the effect.
        attributes: What its teacher drew.
    """
    if shown_already(effect, attributes):
        return SHOWN
    if scores.get("mask_share") == 0:
        return NOTHING
    return next((fault for criterion in CRITERIA if (fault := _fault(criterion, scores, bands))), "")


def _fault(criterion: Criterion, scores: Mapping[str, float], bands: Bands) -> str:
    value, band = scores.get(criterion.score), bands[criterion.score]
    if value is None or band.holds(value):
        return ""
    return criterion.low if band.least is not None and value < band.least else criterion.high


def overall(scores: Mapping[str, float], bands: Bands) -> float:
    """Return the geometric mean of the qualities, in 0.01 to 1; 1 where nothing with an ideal was measured."""
    qualities = [
        quality(scores[criterion.score], criterion.ideal, bands[criterion.score])
        for criterion in CRITERIA
        if criterion.ideal is not None and criterion.score in scores
    ]
    return math.exp(sum(map(math.log, qualities)) / len(qualities)) if qualities else 1.0


def quality(value: float, ideal: float, band: Band) -> float:
    """Return how good a score is, in 0.01 to 1: 1 at the ideal and on a side without a bound, 1/2 at the bound."""
    bound = band.most if value > ideal else band.least
    if value == ideal or bound is None:
        return 1.0
    reach = abs(bound - ideal)
    if reach == 0 or (bound > ideal) != (value > ideal):  # the ideal lies outside the band
        return _LEAST_QUALITY if not band.holds(value) else 1.0
    return max(_LEAST_QUALITY, 1 - 0.5 * abs(value - ideal) / reach)


def threshold(values: Sequence[float], keep: float) -> float:
    """Return the greatest t that at least the share `keep` of the values reach; 0 for no values."""
    if not values:
        return 0.0
    ranked = sorted(values, reverse=True)
    return ranked[max(1, math.ceil(keep * len(ranked) - 1e-9)) - 1]
