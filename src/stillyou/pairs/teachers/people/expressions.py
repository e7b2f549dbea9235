"""Expressions: weights of the body's face units, varied from person to person.

Each expression has a few ways of being shown (a laugh with the head full of teeth or a broad grin). A way is a table
of face units at full strength; the units are those of the body's ``fu-`` targets, given without side: left and right
differ a little, as they do in people. Source: the facial action coding of the basic emotions (Ekman & Friesen 1978:
anger 4+5+7+23, surprise 1+2+5+26, happiness 6+12, sadness 1+4+15), worked out on this body by eye.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stillyou.draws import generator

Units = Mapping[str, float]
_SIDED = (
    "browDown",
    "browOuterUp",
    "cheekSquint",
    "eyeBlink",
    "eyeSquint",
    "eyeWide",
    "mouthDimple",
    "mouthFrown",
    "mouthLowerDown",
    "mouthPress",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
)
_WAYS: Mapping[str, tuple[Units, ...]] = MappingProxyType(
    {
        "neutral": ({},),
        "smile": (
            {"mouthSmile": 0.75, "cheekSquint": 0.5, "eyeSquint": 0.25, "mouthDimple": 0.2},
            {
                "mouthSmile": 0.8,
                "cheekSquint": 0.6,
                "eyeSquint": 0.3,
                "mouthUpperUp": 0.5,
                "mouthLowerDown": 0.25,
                "jawOpen": 0.06,
            },
        ),
        "laughing": (
            {
                "mouthSmile": 1.0,
                "cheekSquint": 1.0,
                "eyeSquint": 0.75,
                "eyeBlink": 0.1,
                "mouthUpperUp": 0.85,
                "jawOpen": 0.45,
                "mouthLowerDown": 0.35,
                "browOuterUp": 0.25,
                "browInnerUp": 0.2,
                "noseSneer": 0.2,
            },
            {
                "mouthSmile": 1.0,
                "cheekSquint": 1.0,
                "eyeSquint": 0.8,
                "eyeBlink": 0.2,
                "mouthUpperUp": 0.9,
                "jawOpen": 0.26,
                "mouthLowerDown": 0.5,
                "mouthStretch": 0.15,
                "browOuterUp": 0.15,
                "noseSneer": 0.3,
            },
        ),
        "angry": (
            {
                "browDown": 1.2,
                "browOuterUp": 0.35,
                "noseSneer": 0.9,
                "eyeSquint": 0.35,
                "eyeWide": 0.45,
                "mouthFrown": 0.75,
                "mouthPress": 0.7,
                "mouthShrugLower": 0.45,
                "cheekSquint": 0.2,
            },
            {
                "browDown": 1.2,
                "browOuterUp": 0.35,
                "noseSneer": 1.0,
                "eyeSquint": 0.3,
                "eyeWide": 0.5,
                "mouthFrown": 0.35,
                "mouthUpperUp": 1.25,
                "mouthLowerDown": 0.75,
                "mouthStretch": 0.5,
                "jawOpen": 0.02,
            },
        ),
        "shocked": (
            {"eyeWide": 1.1, "browInnerUp": 1.1, "browOuterUp": 1.1, "jawOpen": 0.7, "mouthFunnel": 0.45},
            {"eyeWide": 1.1, "browInnerUp": 1.1, "browOuterUp": 1.1, "jawOpen": 0.95, "mouthFunnel": 0.15},
        ),
        "crying": (
            {
                "browInnerUp": 1.1,
                "browDown": 0.35,
                "eyeSquint": 0.75,
                "eyeBlink": 0.2,
                "mouthFrown": 1.0,
                "mouthStretch": 0.6,
                "mouthLowerDown": 0.45,
                "mouthUpperUp": 0.4,
                "jawOpen": 0.2,
                "cheekSquint": 0.6,
                "noseSneer": 0.3,
            },
            {
                "browInnerUp": 1.15,
                "browDown": 0.3,
                "eyeSquint": 0.7,
                "eyeBlink": 0.35,
                "mouthFrown": 1.1,
                "mouthPress": 0.4,
                "mouthShrugLower": 0.8,
                "cheekSquint": 0.6,
                "noseSneer": 0.25,
            },
        ),
    }
)
EXPRESSIONS = ("angry", "shocked", "laughing", "crying", "neutral")
"""What the catalogue's expression effects can show."""
_TEARS = {"crying": 1.0}


def expression_weights(name: str, seed: int, strength: float = 1.0) -> dict[str, float]:
    """Return how somebody shows an expression.

    Args:
        name: One of `EXPRESSIONS`, or ``smile``.
        seed: The person's; the same person shows an expression always the same way.
        strength: 0 nothing to 1 all of it.

    Returns:
        Weights of ``fu-`` targets.
    """
    rng = generator("people", seed, "expression", name)
    way = _WAYS[name][int(rng.integers(len(_WAYS[name])))]
    whole = float(rng.uniform(0.92, 1.06)) * strength
    found: dict[str, float] = {}
    for unit, weight in way.items():
        own = weight * whole * float(rng.uniform(0.9, 1.1))
        lean = float(rng.normal(0, 0.05))
        if unit in _SIDED:
            found |= {f"fu-{unit}Left": own * (1 + lean), f"fu-{unit}Right": own * (1 - lean)}
        else:
            found[f"fu-{unit}"] = own
    return found


def tears(name: str) -> float:
    """Return how wet a face with an expression is, 0 to 1."""
    return _TEARS.get(name, 0.0)
