"""What the studio knows of a drawing style: expression tables, face and costume geometry.

Words: a *style* is one dicebear definition (the work of one artist); a *component* is a part of it (eyes, hair);
a *variant* is one drawing of a component; a *look* is one way to show an expression with variants and overlays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stillyou.drafts.vector.costume_fit import CostumeFit

EXPRESSIONS = ("neutral", "angry", "shocked", "laughing", "crying")
COSTUMES = ("flower", "santa", "sheep", "royal")

Overlay = Literal["tears", "brows", "raised-brows", "open-mouth"]
Point = tuple[float, float]
OptionValue = str | int | float


@dataclass(frozen=True)
class Look:
    """One way to show an expression.

    Attributes:
        variants: Pool of variants for each component of the face; an empty pool hides the component.
        overlays: What is drawn over the face where the style lacks it.
    """

    variants: Mapping[str, tuple[str, ...]]
    overlays: tuple[Overlay, ...] = ()


def look(*overlays: Overlay, **variants: str | tuple[str, ...]) -> Look:
    """Write a look briefly: ``look("tears", eyes="closed sleepy", mouth="frown")``; an empty pool hides."""
    pools = {name: tuple(pool.split()) if isinstance(pool, str) else pool for name, pool in variants.items()}
    return Look(pools, overlays)


def numbered(*numbers: int) -> tuple[str, ...]:
    """Name variants that a definition numbers with two digits."""
    return tuple(f"variant{number:02d}" for number in numbers)


@dataclass(frozen=True)
class FaceGeometry:
    """Where the face is, in the coordinates of one component (usually the eyes).

    Attributes:
        anchor: The component; overlays are drawn right after it and follow its transform.
        left_eye: Centre of the eye on the picture's left.
        right_eye: Centre of the other eye.
        eye_radius: Radius of a typical eye: the unit of tears and brows.
        mouth: Centre of the mouth.
        mouth_width: Half the width of a typical mouth.
        features: The components that an expression may change, in drawing order.
    """

    anchor: str
    left_eye: Point
    right_eye: Point
    eye_radius: float
    mouth: Point
    mouth_width: float
    features: tuple[str, ...] = ("eyes", "eyebrows", "mouth")


@dataclass(frozen=True, eq=False)
class StyleSpec:
    """One drawing style; compared and hashed by identity, so that it can key caches.

    Attributes:
        name: The name that datasets record, and of the definition in `dicebear_styles`.
        looks: The looks of each expression; an expression may be missing, neutral never is.
        face: Where the face is.
        costume: Where costumes sit; None keeps costumes off the style.
        identity: dicebear options that fix or narrow the character (pools of hair, accessories switched off).
        colours: Role in the palette of each named colour of the definition.
        hair: Components that a hat or hood hides in part; each is wrapped so that a costume can clip it.
        clothes: Canvas element that the body layer of a costume follows; empty puts it behind the head.
        bust: Whether the drawing runs out of the canvas at the bottom.
        wears_faces: Whether heads of the style can wear other faces: all features are components.
        lends_face: Whether the features fit on other heads.
        swaps: Colours fixed in the drawing that may be replaced, with the palette role of the replacement.
    """

    name: str
    looks: Mapping[str, Sequence[Look]]
    face: FaceGeometry
    costume: CostumeFit | None = None
    identity: Mapping[str, OptionValue] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    hair: tuple[str, ...] = ("hair",)
    clothes: str = ""
    bust: bool = False
    wears_faces: bool = True
    lends_face: bool = True
    swaps: Mapping[str, str] = field(default_factory=dict)

    def can_show(self, expression: str) -> bool:
        """Whether the style has a look for the expression."""
        return bool(self.looks.get(expression))
