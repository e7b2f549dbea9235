"""Chooses what people wear on their shoulders."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.groups import Group
from stillyou.pairs.teachers.people.palette import cloth_colour
from stillyou.pairs.teachers.people.traits import ClothesTraits, Colour

KINDS = ("tshirt", "vneck", "shirt", "suit", "jacket", "sweater", "turtleneck", "hoodie", "dress")
PATTERNS = ("plain", "stripes", "checks", "pinstripe", "dots", "floral")
_SHARES = {
    # tshirt vneck shirt suit jacket sweater turtleneck hoodie dress
    ("male", False): (0.24, 0.06, 0.24, 0.14, 0.11, 0.10, 0.04, 0.07, 0.0),
    ("female", False): (0.18, 0.12, 0.16, 0.08, 0.12, 0.10, 0.07, 0.05, 0.12),
    ("male", True): (0.40, 0.04, 0.16, 0.02, 0.08, 0.16, 0.0, 0.14, 0.0),
    ("female", True): (0.34, 0.06, 0.10, 0.0, 0.10, 0.16, 0.04, 0.10, 0.10),
}
_PATTERN_SHARES = {
    "shirt": (0.55, 0.12, 0.22, 0.08, 0.03, 0.0),
    "suit": (0.7, 0.0, 0.06, 0.24, 0.0, 0.0),
    "dress": (0.45, 0.10, 0.05, 0.0, 0.15, 0.25),
    "tshirt": (0.72, 0.16, 0.0, 0.0, 0.06, 0.06),
}
_DEFAULT_PATTERNS = (0.78, 0.12, 0.05, 0.0, 0.03, 0.02)


def draw_clothes(rng: np.random.Generator, group: Group) -> ClothesTraits:
    """Draw the clothes of somebody of a group."""
    kind = str(rng.choice(KINDS, p=_SHARES[group.gender, group.age < 15]))
    pattern = str(rng.choice(PATTERNS, p=_PATTERN_SHARES.get(kind, _DEFAULT_PATTERNS)))
    main, second, third = cloth_colour(rng), cloth_colour(rng), cloth_colour(rng)
    if kind == "shirt" and rng.random() < 0.6:
        main = _light(rng)
    if kind in ("suit", "jacket"):
        main = _dark(rng) if kind == "suit" or rng.random() < 0.5 else main
        second = _light(rng)
    if pattern != "plain":
        third = _contrast(rng, main)
    weave, folds = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.6, 1.3))
    return ClothesTraits(kind, pattern, main, second, third, weave, folds, _neckwear(rng, kind, group))


def _neckwear(rng: np.random.Generator, kind: str, group: Group) -> str:
    chance = rng.random()
    if kind in ("jacket", "sweater", "tshirt", "suit") and chance < 0.08:
        return "scarf"
    bare = kind in ("vneck", "dress")
    return "necklace" if bare and group.gender == "female" and group.age > 10 and chance > 0.6 else "none"


def _light(rng: np.random.Generator) -> Colour:
    red, green, blue = np.clip(rng.uniform(0.45, 0.7) + rng.uniform(-0.1, 0.06, 3), 0.1, 0.75)
    return float(red), float(green), float(blue)


def _dark(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.uniform(0.008, 0.06) * (1 + rng.uniform(-0.25, 0.35, 3))
    return float(red), float(green), float(blue)


def _contrast(rng: np.random.Generator, colour: Colour) -> Colour:
    lightness = float(np.mean(colour))
    factor = rng.uniform(0.15, 0.5) if lightness > 0.2 else rng.uniform(2.5, 6)
    red, green, blue = np.clip(np.asarray(colour) * factor + rng.uniform(0, 0.05, 3), 0.01, 0.7)
    return float(red), float(green), float(blue)
