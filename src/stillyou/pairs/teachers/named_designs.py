"""Pairs of named designs: which one a costume pair shows, and how its target prompt says so."""

from __future__ import annotations

from stillyou.draws import generator
from stillyou.effects.designs import Design, designs


def drawn_design(teacher: str, effect: str, seed: int) -> Design | None:
    """Return the design of a pair: it follows from the seed and nothing else; None for effects without designs."""
    known = designs(effect)
    if not known:
        return None
    return known[int(generator("design of a pair", teacher, effect, seed).integers(len(known)))]


def with_design(prompt: str, design: Design | None) -> str:
    """Return a target prompt that names a design."""
    return prompt if design is None else f"{prompt}, {design.name} design"
