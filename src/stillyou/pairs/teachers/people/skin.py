"""What a person's skin, eyes, lashes and teeth tell their materials (shaders/materials)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stillyou.pairs.teachers.people.person import Person

Rows = list[Sequence[float]]
_SCALP = {"buzz": 0.88, "afro_short": 0.94, "crop": 0.9}
"""How much of the scalp hair hides, by style."""


def skin_params(person: Person, wet: float = 0.0) -> Rows:
    """Return the rows of skin.glsl.

    Args:
        person: Whose skin.
        wet: How much the person has cried, 0 to 1.
    """
    skin, hair, beard = person.skin, person.hair, person.beard
    aged = float(np.clip((person.age - 45) / 40, 0, 1))
    return [
        (*skin.colour, skin.melanin),
        (*skin.lips, skin.eye_shadow),
        (skin.redness, skin.freckles, skin.moles, skin.wrinkles),
        (*hair.roots, _SCALP.get(hair.style, 0.95)),
        (*beard.colour, beard.stubble),
        (wet, skin.oil, skin.pattern, aged),
    ]


def eye_params(person: Person, wet: float = 0.0) -> Rows:
    """Return the rows of eye.glsl; anatomy.py adds where each eye looks."""
    eyes = person.eyes
    return [(0.0,), (*eyes.iris, eyes.redness), (0.0, wet)]


def lash_params(person: Person) -> Rows:
    """Return the rows of lash.glsl."""
    dark = tuple(0.2 * part + 0.004 for part in person.brows.colour)
    return [(*dark, person.eyes.lashes)]
