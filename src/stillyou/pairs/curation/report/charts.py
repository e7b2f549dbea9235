"""Charts of the report as SVG: histograms with thresholds, and the survival curve."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

_WIDTH, _HEIGHT, _BINS = 320, 120, 32
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 8, 20


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _frame(title: str, parts: Sequence[str], low: float, high: float) -> str:
    base = _HEIGHT - _BOTTOM
    ends = (
        f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{low:.4g}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">{high:.4g}</text>'
    )
    axis = f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{base}" y2="{base}"/>'
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{body}{axis}{ends}</svg>'


def _reach(values: Sequence[float], bounds: Sequence[float]) -> tuple[float, float]:
    """Return what the axis shows: nearly all values, and every bound; never a single point."""
    low, high = (float(np.quantile(values, share)) for share in (0.005, 0.995))
    low, high = min(low, *bounds, min(values)) if bounds else low, max(high, *bounds) if bounds else high
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def histogram(title: str, kept: Sequence[float], refused: Sequence[float], bounds: Sequence[float]) -> str:
    """Draw how a score is spread: kept pairs, refused ones on top of them, and the bounds as lines.

    Args:
        title: Told to those who cannot see it.
        kept: Scores of accepted pairs.
        refused: Scores of rejected pairs.
        bounds: Ends of bands.
    """
    low, high = _reach([*kept, *refused], bounds)
    edges = np.linspace(low, high, _BINS + 1)
    counts = [np.histogram(np.clip(values, low, high), edges)[0] for values in (kept, refused)]
    most = float(np.sqrt(max(1, (counts[0] + counts[1]).max())))
    base, tall = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    width = (_WIDTH - _LEFT - _RIGHT) / _BINS
    parts = []
    for place, (below, above) in enumerate(zip(*counts, strict=True)):
        whole = float(np.sqrt(below + above)) / most * tall  # roots, so that a few refused ones are seen
        lower = whole * below / max(1, below + above)
        x = _LEFT + place * width
        parts.append(
            f'<rect class="kept" x="{x:.1f}" y="{base - lower:.1f}" width="{width - 1:.1f}" height="{lower:.1f}"/>'
        )
        parts.append(
            f'<rect class="refused" x="{x:.1f}" y="{base - whole:.1f}" width="{width - 1:.1f}" '
            f'height="{whole - lower:.1f}"/>'
        )
    for bound in bounds:
        x = _x(bound, low, high)
        parts.append(f'<line class="bound" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{base}"/>')
    return _frame(title, parts, low, high)


def survival(values: Sequence[float], thresholds: Sequence[float]) -> str:
    """Draw the share of pairs whose overall score is at least t, over t, with the thresholds as lines."""
    ranked = np.sort(values)
    shares = 1 - np.arange(len(ranked)) / len(ranked)
    base, tall = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    steps = np.unique(np.linspace(0, len(ranked) - 1, 200).round().astype(int))
    points = " ".join(f"{_x(ranked[step], 0, 1):.1f},{base - shares[step] * tall:.1f}" for step in steps)
    parts = [f'<polyline class="curve" points="{_LEFT},{_TOP} {points}"/>']
    for least in thresholds:
        x = _x(least, 0, 1)
        parts.append(f'<line class="bound" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{base}"/>')
    return _frame("share of pairs whose overall score is at least this", parts, 0, 1)
