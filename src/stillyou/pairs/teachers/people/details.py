"""Face details: weights of the body's local targets, one signed draw for each pair of opposite targets."""

from __future__ import annotations

import numpy as np

from stillyou.draws import generator

_OPPOSITES = {
    "incr": "decr",
    "up": "down",
    "in": "out",
    "forward": "backward",
    "convex": "concave",
    "compress": "uncompress",
}
_ALL = (  # stem, names of the positive end, spread (deviation of the weight)
    ("head-scale-depth", "incr", 0.15),
    ("head-scale-horiz", "incr", 0.16),
    ("head-scale-vert", "incr", 0.14),
    ("head-angle", "in", 0.12),
    ("head-back-scale-depth", "incr", 0.15),
    ("forehead-nubian", "incr", 0.15),
    ("forehead-scale-vert", "incr", 0.12),
    ("forehead-temple", "incr", 0.2),
    ("forehead-trans", "forward", 0.12),
    ("eyebrows-angle", "up", 0.2),
    ("eyebrows-trans", "up", 0.18),
    ("eyebrows-trans", "forward", 0.18),
    ("nose-base", "up", 0.22),
    ("nose-compression", "compress", 0.12),
    ("nose-curve", "convex", 0.25),
    ("nose-flaring", "incr", 0.2),
    ("nose-greek", "incr", 0.15),
    ("nose-hump", "incr", 0.22),
    ("nose-nostrils-angle", "up", 0.15),
    ("nose-nostrils-width", "incr", 0.2),
    ("nose-point", "up", 0.22),
    ("nose-point-width", "incr", 0.25),
    ("nose-scale-depth", "incr", 0.15),
    ("nose-scale-horiz", "incr", 0.18),
    ("nose-scale-vert", "incr", 0.14),
    ("nose-volume", "incr", 0.18),
    ("nose-width1", "incr", 0.2),
    ("nose-width2", "incr", 0.22),
    ("nose-width3", "incr", 0.22),
    ("nose-trans", "up", 0.10),
    ("mouth-cupidsbow", "incr", 0.2),
    ("mouth-cupidsbow-width", "incr", 0.2),
    ("mouth-dimples", "in", 0.1),
    ("mouth-laugh-lines", "in", 0.15),
    ("mouth-lowerlip-height", "incr", 0.16),
    ("mouth-lowerlip-volume", "incr", 0.18),
    ("mouth-lowerlip-width", "incr", 0.15),
    ("mouth-philtrum-volume", "incr", 0.15),
    ("mouth-scale-horiz", "incr", 0.18),
    ("mouth-scale-vert", "incr", 0.12),
    ("mouth-trans", "up", 0.1),
    ("mouth-upperlip-height", "incr", 0.15),
    ("mouth-upperlip-volume", "incr", 0.18),
    ("chin-bones", "incr", 0.2),
    ("chin-cleft", "incr", 0.12),
    ("chin-height", "incr", 0.16),
    ("chin-jaw-drop", "incr", 0.14),
    ("chin-prognathism", "incr", 0.08),
    ("chin-prominent", "incr", 0.16),
    ("chin-width", "incr", 0.2),
    ("measure-neck-circ", "incr", 0.12),
    ("neck-scale-vert", "incr", 0.10),
    ("measure-shoulder-dist", "incr", 0.15),
    ("torso-scale-depth", "incr", 0.12),
)
_BOTH_SIDES = (  # the left and the right target get the same weight
    ("eye-bag", "incr", 0.18),
    ("eye-bag-height", "incr", 0.15),
    ("eye-corner1", "up", 0.2),
    ("eye-corner2", "up", 0.2),
    ("eye-eyefold-angle", "up", 0.2),
    ("eye-eyefold", "up", 0.2),
    ("eye-height1", "incr", 0.14),
    ("eye-height2", "incr", 0.14),
    ("eye-height3", "incr", 0.14),
    ("eye-push1", "in", 0.12),
    ("eye-push2", "in", 0.12),
    ("eye-scale", "incr", 0.12),
    ("eye-trans", "in", 0.15),
    ("eye-trans", "up", 0.10),
    ("ear-flap", "incr", 0.2),
    ("ear-lobe", "incr", 0.25),
    ("ear-scale", "incr", 0.15),
    ("ear-wing", "incr", 0.22),
    ("cheek-bones", "incr", 0.2),
    ("cheek-inner", "incr", 0.16),
    ("cheek-trans", "up", 0.16),
    ("cheek-volume", "incr", 0.18),
)
_ASYMMETRIC = (
    "brown-1",
    "brown-2",
    "cheek-1",
    "ear-1",
    "eye-1",
    "eye-4",
    "jaw-1",
    "jaw-2",
    "mouth-1",
    "nose-1",
    "nose-4",
)
_OUTLINES = ("oval", "round", "rectangular", "square", "diamond", "invertedtriangular")
_LIMIT = 0.6


def draw_details(seed: int, *, strength: float = 1.0, weight: float = 0.5, age: float = 30.0) -> dict[str, float]:
    """Draw the weights of the local targets of one person.

    Args:
        seed: The person.
        strength: Factor on every deviation; children's faces vary less.
        weight: Body weight, 0 to 1: heavy people get fuller faces.
        age: Years; bags under the eyes and folds come with it.

    Returns:
        Weight in (0, 0.6] by target name.
    """
    rng = generator("people", seed, "details")
    weights: dict[str, float] = {}
    for stem, positive, spread in _ALL:
        _signed(weights, ("",), stem, positive, _draw(rng, spread * strength))
    for stem, positive, spread in _BOTH_SIDES:
        _signed(weights, ("l-", "r-"), stem, positive, _draw(rng, spread * strength))
    for name in _ASYMMETRIC:
        weights[f"asym-{name}-{rng.choice(['l', 'r'])}"] = abs(_draw(rng, 0.12 * strength))
    _signed(weights, ("",), "mouth-angles", "up", 0.12 + _draw(rng, 0.12))  # the template looks sullen
    weights[f"head-{rng.choice(_OUTLINES)}"] = float(rng.uniform(0, 0.35)) * strength
    _signed(weights, ("",), "head-fat", "incr", float((weight - 0.5) * 0.7 + _draw(rng, 0.12)))
    _ages(weights, rng, age)
    return weights


def _ages(weights: dict[str, float], rng: np.random.Generator, age: float) -> None:
    """Set the lids, and let the skin about eyes and chin loosen with the years."""
    late = float(np.clip((age - 40) / 40, 0, 1)) * float(rng.uniform(0.3, 1))
    lids = float(rng.uniform(0, 0.11)) + 0.05 * late
    weights["fu-eyeBlinkLeft"] = weights["fu-eyeBlinkRight"] = lids  # how wide somebody's eyes are by nature
    if late > 0:
        weights["l-eye-bag-out"] = weights["r-eye-bag-out"] = 0.4 * late
        weights["neck-double-incr"] = 0.3 * late


def _draw(rng: np.random.Generator, spread: float) -> float:
    return float(np.clip(rng.normal(0, spread), -_LIMIT, _LIMIT))


def _signed(weights: dict[str, float], sides: tuple[str, ...], stem: str, positive: str, value: float) -> None:
    end = positive if value > 0 else _OPPOSITES[positive]
    for side in sides:
        weights[f"{side}{stem}-{end}"] = min(abs(value), _LIMIT)
