"""The groups that people are balanced over: age band, gender, ancestry and length of hair.

Each axis is drawn on its own and evenly, so every combination that exists gets its share; only the length of hair
depends on another axis (gender), because evenly drawn lengths would give every second man long hair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator

AGE_BANDS: dict[str, tuple[float, float]] = {
    "child": (6, 12),
    "teen": (12, 18),
    "young": (18, 35),
    "middle": (35, 58),
    "old": (58, 85),
}
"""Years, lower end included."""
GENDERS = ("female", "male")
ANCESTRIES = ("african", "asian", "european", "mixed")
HAIR_LENGTHS = ("short", "medium", "long")
_HAIR_SHARES = {"female": (0.22, 0.36, 0.42), "male": (0.70, 0.16, 0.14)}


@dataclass(frozen=True)
class Group:
    """One cell of the balance, and the exact values drawn inside it."""

    age_band: str
    age: float
    """Years."""
    gender: str
    ancestry: str
    mix: tuple[float, float, float]
    """Shares of African, Asian and European shape; they sum to 1."""
    hair_length: str


def draw_group(seed: int) -> Group:
    """Draw the group that a seed belongs to."""
    rng = generator("people", seed, "group")
    band = str(rng.choice(list(AGE_BANDS)))
    gender = str(rng.choice(GENDERS))
    ancestry = str(rng.choice(ANCESTRIES))
    length = str(rng.choice(HAIR_LENGTHS, p=_HAIR_SHARES[gender]))
    return Group(band, float(rng.uniform(*AGE_BANDS[band])), gender, ancestry, _mix(rng, ancestry), length)


def _mix(rng: np.random.Generator, ancestry: str) -> tuple[float, float, float]:
    if ancestry == "mixed":
        shares = rng.dirichlet([2.5, 2.5, 2.5])
    else:
        shares = rng.dirichlet([0.5, 0.5, 0.5]) * 0.25
        shares[ANCESTRIES.index(ancestry)] += 0.75
    return float(shares[0]), float(shares[1]), float(shares[2])
