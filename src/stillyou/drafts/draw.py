"""From a square and its fit to a draft: vector art on drawings, rendered art on photographs."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.effects.designs import designs
from stillyou.effects.domains import Domain

Wear = Literal["hat", "coat", "both"]
WEARS: Final[tuple[Wear, ...]] = get_args(Wear)
"""What of a costume may be worn."""
EXPRESSIONS: Final = ("angry", "shocked", "laughing", "crying")
"""Expressions that can be drawn with a face's own features."""


def draw_face(pixels: NDArray[np.uint8], fit: Fit, domain: Domain, effect: str, strength: float) -> Draft | None:
    """Draw an expression for one square with the face's own features; None where they cannot be told.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB, of any size.
        fit: Where things sit on it.
        domain: What it shows.
        effect: One of `EXPRESSIONS`.
        strength: In (0, 1]: 1 is the whole expression.
    """
    if domain == "people":
        from stillyou.drafts.people.face.place import draw_expression as on_photograph

        return on_photograph(pixels, fit, effect, strength)
    from stillyou.drafts.vector.expression import draw_expression as on_drawing

    return on_drawing(pixels, fit, effect, strength)


def has_art(effect: str) -> bool:
    """Tell whether an effect has art of its own."""
    return bool(designs(effect))


def is_drawn(effect: str) -> bool:
    """Tell whether an effect can be drawn without a model: as its art, or with the face's own features."""
    return has_art(effect) or effect in EXPRESSIONS


def draw(
    pixels: NDArray[np.uint8],
    fit: Fit,
    domain: Domain,
    effect: str,
    design: str,
    wear: Wear = "both",
    *,
    goes_on: bool = False,
) -> Draft:
    """Draw an effect's art for one square, at the square's own size.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB.
        fit: Where things sit on it.
        domain: What it shows.
        effect: An effect that has art.
        design: One of its designs.
        wear: What of it.
        goes_on: The picture goes on below the square; on photographs coats then end above its border.

    Raises:
        UsageError: There is no such design.
    """
    if domain == "people":
        from stillyou.drafts.people.place import draw_costume as on_photograph

        return on_photograph(pixels, fit, effect, design, wear=wear, goes_on=goes_on)
    from stillyou.drafts.vector.place import draw_costume as on_drawing

    return on_drawing(pixels, fit, effect, design, wear)
