"""Pairs of weaker expressions: how strong the target's is, which the pair's attribute ``strength`` says."""

from __future__ import annotations

from stillyou.draws import generator

_WHOLE = 0.35
"""Share of whole expressions."""
_WEAKEST = 0.15
"""Strength below which a change can hardly be seen."""


def drawn_strength(teacher: str, effect: str, seed: int) -> float:
    """Return the strength of a pair's expression, 0.15 to 1: it follows from the seed and nothing else."""
    rng = generator("strength of a pair", teacher, effect, seed)
    return 1.0 if rng.random() < _WHOLE else round(float(rng.uniform(_WEAKEST, 1)), 2)
