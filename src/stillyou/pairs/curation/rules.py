"""Which candidates become pairs: measurements of the true mask, bounds by effect group, and a summary.

The bounds come from the shares measured on the cartoon studio (docs/reference/pairs.md, What is kept): expressions
change some 0.5 to 5% of the picture and costumes 19 to 44%; augmentation scales characters, so the bounds are wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillyou.effects.groups import Group
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.dataset.shards import Status
from stillyou.pairs.pair import Mask, Pair

SHOWN = "the source shows the effect already"
NOTHING = "nothing changed"
HIDDEN = "the change is hidden or too small"
TOO_LARGE = "the change is too large"
FAINT = "the change is too faint"
SPECKLED = "the mask is speckled"


@dataclass(frozen=True)
class Bounds:
    """What an acceptable candidate of one effect group measures.

    Attributes:
        least_share: Least share of the picture under the mask; less means that the effect is hidden.
        greatest_share: Greatest share; more means that little of the portrait is kept.
        least_change: Least mean difference under the mask, in levels of 255.
        greatest_speckle: Greatest share of the mask in specks.
    """

    least_share: float
    greatest_share: float
    least_change: float = 8.0
    greatest_speckle: float = 0.25


BOUNDS: Mapping[Group, Bounds] = {
    "expression": Bounds(0.003, 0.20, least_change=5.0),  # dark and badly lit faces change by fewer levels
    "costume": Bounds(0.05, 0.75),
    "other": Bounds(0.001, 1.0, least_change=4.0),
}


def measure(pair: Pair) -> dict[str, float]:
    """Measure a candidate.

    Returns:
        ``mask_share``: share of the picture under the mask, 0 to 1. ``change_inside``: mean absolute difference of
        source and target under the mask, 0 to 255. ``speckle``: share of the mask in specks, 0 to 1.
    """
    inside = pair.mask > 0
    count = int(inside.sum())
    # source and target are equal outside the mask, so the sum over the picture is the sum under the mask
    change = int((np.maximum(pair.source, pair.target) - np.minimum(pair.source, pair.target)).sum())
    return {
        "mask_share": round(count / inside.size, 6),
        "change_inside": round(change / (3 * count), 4) if count else 0.0,
        "speckle": round(_speckle(pair.mask), 6),
    }


def _speckle(mask: Mask) -> float:
    """Return the share of mask pixels with at most 2 others in the 3x3 window around them, 0 for an empty mask."""
    inside = (mask > 0).astype(np.uint8)
    count = int(inside.sum())
    if count == 0:
        return 0.0
    rows = np.pad(inside, 1)
    rows = rows[:-2] + rows[1:-1] + rows[2:]
    window = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return int(((window <= 3) & (inside > 0)).sum()) / count


def judge_candidate(pair: Pair, effect: EffectSpec, scores: Mapping[str, float]) -> tuple[Status, str]:
    """Accept or reject a candidate by rule.

    Args:
        pair: The candidate.
        effect: What it should show.
        scores: Of `measure`.

    Returns:
        The status, and the reason of a rejection, always one of a few short phrases.
    """
    bounds = BOUNDS[effect.group]
    faults = (
        (shown_already(effect, pair.attributes), SHOWN),
        (scores["mask_share"] == 0, NOTHING),
        (scores["mask_share"] < bounds.least_share, HIDDEN),
        (scores["mask_share"] > bounds.greatest_share, TOO_LARGE),
        (scores["change_inside"] < bounds.least_change, FAINT),
        (scores["speckle"] > bounds.greatest_speckle, SPECKLED),
    )
    reason = next((phrase for fault, phrase in faults if fault), "")
    return ("rejected", reason) if reason else ("accepted", "")


def shown_already(effect: EffectSpec, attributes: Mapping[str, object]) -> bool:
    """Tell whether a teacher says that the source shows the effect."""
    return attributes.get("source_costume" if effect.group == "costume" else "source_expression") == effect.id


@dataclass(frozen=True)
class Summary:
    """What curation came to, by effect id.

    Attributes:
        accepted: Accepted rows of each effect.
        rejected: Rejected rows of each effect, by reason.
    """

    accepted: Mapping[str, int]
    rejected: Mapping[str, Mapping[str, int]]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return rows by effect and status, as ``dataset.json`` has them."""
        return {
            name: {"accepted": self.accepted[name], "rejected": sum(self.rejected[name].values())}
            for name in self.accepted
        }


def summarise(rows: Iterable[Mapping[str, Any]], effects: Iterable[EffectSpec]) -> Summary:
    """Count rows (their ``effect``, ``status`` and ``reason``) by effect, in the order of the effects."""
    accepted = {effect.id: 0 for effect in effects}
    rejected: dict[str, dict[str, int]] = {name: {} for name in accepted}
    for row in rows:
        if row["status"] == "accepted":
            accepted[row["effect"]] += 1
        else:
            reasons = rejected[row["effect"]]
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    return Summary(accepted, {name: dict(sorted(reasons.items())) for name, reasons in rejected.items()})
