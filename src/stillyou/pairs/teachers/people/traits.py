"""What a synthetic person is like: plain records, one a component, that `draw_person` fills from a seed.

Colours are linear RGB reflectances in [0, 1]; lengths are decimetres; shares are in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field

Colour = tuple[float, float, float]
"""Linear RGB reflectance."""


@dataclass(frozen=True)
class SkinTraits:
    """Skin: `melanin` 0 (palest) to 1 (darkest) sets the tone; the rest is what grows or shows on it."""

    colour: Colour
    melanin: float
    redness: float
    freckles: float
    moles: float
    wrinkles: float
    oil: float
    lips: Colour
    eye_shadow: float
    pattern: float
    """Offset of the procedural noise: two people never have the same blotches."""


@dataclass(frozen=True)
class EyeTraits:
    """Iris colour, vessels in the white of the eye, and how heavy the lashes are."""

    iris: Colour
    redness: float
    lashes: float


@dataclass(frozen=True)
class HairTraits:
    """How the hair of the head is cut, worn and coloured."""

    style: str
    """A name from `hair.styles.STYLES`, or ``bald``."""
    colour: Colour
    roots: Colour
    """Colour near the scalp; another than `colour` only where hair is dyed."""
    colour_name: str
    grey: float
    recede: float
    """Degrees by which the hairline has gone back."""
    crown: float
    """Radius of a bald crown, 0 for none."""
    low: float
    part: float
    """x of the parting in template coordinates."""
    length: float
    """Factor on the lengths of the style."""
    wave: float
    volume: float
    before_shoulder: tuple[bool, bool]
    """Whether long hair falls before the (left, right) shoulder."""


@dataclass(frozen=True)
class BrowTraits:
    """Eyebrows: distance over the eye, arch, thickness and density."""

    height: float
    arch: float
    thickness: float
    density: float
    colour: Colour


@dataclass(frozen=True)
class BeardTraits:
    """Hair on the cheeks, lip and chin."""

    style: str
    """none, stubble, moustache, goatee, short or full."""
    stubble: float
    length: float
    density: float
    colour: Colour


@dataclass(frozen=True)
class ClothesTraits:
    """What is worn on the shoulders."""

    kind: str
    """A name from `clothes.KINDS`."""
    pattern: str
    main: Colour
    second: Colour
    third: Colour
    weave: float
    folds: float
    neckwear: str
    """none, scarf or necklace."""


@dataclass(frozen=True)
class AccessoryTraits:
    """Glasses, earrings and head coverings; ``none`` where nothing is worn."""

    glasses: str
    glasses_colour: Colour
    tint: float
    earrings: str
    covering: str
    covering_colour: Colour
    covering_second: Colour


@dataclass(frozen=True)
class Looks:
    """Everything visible on a person beside the shape of the body."""

    skin: SkinTraits
    eyes: EyeTraits
    hair: HairTraits
    brows: BrowTraits
    beard: BeardTraits
    clothes: ClothesTraits
    accessories: AccessoryTraits
    names: dict[str, str | int | float] = field(default_factory=dict)
