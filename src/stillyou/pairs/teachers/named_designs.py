"""Pairs of named designs: which one a costume pair shows; `effects.designs.with_design` says it in its prompt."""

from __future__ import annotations

from stillyou.draws import generator
from stillyou.effects.designs import Design, designs


def drawn_design(teacher: str, effect: str, seed: int) -> Design | None:
    """Return the design of a pair: it follows from the seed and nothing else; None for effects without designs."""
    known = designs(effect)
    if not known:
        return None
    return known[int(generator("design of a pair", teacher, effect, seed).integers(len(known)))]
