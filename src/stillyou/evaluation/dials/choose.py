"""Which setting of a dial is taken.

With the success S_i and the preservation P_i of each setting i on the same pictures:

    target q   the greatest P_i among S_i >= q; where none reaches q, the greatest S_i
    knee       on the frontier (no other setting is as good in both and better in one), both axes scaled to [0, 1], the
               setting farthest from the chord between the frontier's ends, that is the greatest s_i + p_i
               (Satopaa et al. 2011); a frontier of one or two has no knee: the greatest S_i of it

Ties go to fewer evaluations, then to the setting that was named first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """One setting and what it gave.

    Attributes:
        value: Of the dial.
        success: S.
        preservation: P.
        evaluations: Of the UNet an edit.
    """

    value: float
    success: float
    preservation: float
    evaluations: float = 0.0


def at_target(points: Sequence[Point], target: float) -> Point:
    """Return the setting that preserves best at a success of at least `target`."""
    able = [point for point in points if point.success >= target]
    if able:
        return max(able, key=lambda point: (point.preservation, -point.evaluations))
    return max(points, key=lambda point: (point.success, point.preservation, -point.evaluations))


def knee(points: Sequence[Point]) -> Point:
    """Return the setting at the knee of the frontier."""
    best = frontier(points)
    if len(best) < 3:
        return max(best, key=lambda point: (point.success, point.preservation))
    s_low, s_high = best[0].success, best[-1].success
    p_low, p_high = best[-1].preservation, best[0].preservation

    def bulge(point: Point) -> float:
        return (point.success - s_low) / (s_high - s_low) + (point.preservation - p_low) / (p_high - p_low)

    return max(best, key=lambda point: (round(bulge(point), 9), -point.evaluations))


def frontier(points: Sequence[Point]) -> list[Point]:
    """Return the settings that no other one beats, by rising success; of equal ones the cheapest, then the first."""
    cheap = sorted(points, key=lambda point: (-point.success, -point.preservation, point.evaluations))
    found: list[Point] = []
    for point in cheap:
        if not found or point.preservation > found[-1].preservation:
            found.append(point)
    return found[::-1]
