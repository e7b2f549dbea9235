"""A person from a seed: body, face, looks and bearing, each drawn by its own generator.

``draw_person(seed)`` depends on nothing but the seed; a change in how one component is drawn (say clothes) moves no
other, because each asks for ``generator("people", seed, component)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.teachers.people.details import draw_details
from stillyou.pairs.teachers.people.groups import Group, draw_group
from stillyou.pairs.teachers.people.looks import draw_looks
from stillyou.pairs.teachers.people.pose import HeadPose
from stillyou.pairs.teachers.people.shape import Phenotype, age_of_years
from stillyou.pairs.teachers.people.traits import (
    AccessoryTraits,
    BeardTraits,
    BrowTraits,
    ClothesTraits,
    EyeTraits,
    HairTraits,
    Looks,
    SkinTraits,
)

Attribute = str | int | float
SOURCE_EXPRESSIONS = {"neutral": 0.55, "smile": 0.45}
"""What people show before an edit, and how often."""


@dataclass(frozen=True)
class Person:
    """One synthetic person.

    Attributes:
        seed: What everything was drawn from.
        group: The cell of the balance it belongs to, with the exact age.
        phenotype: The body's macro shape.
        details: Weights of local targets by name.
        head: Turn of the head.
        gaze: Turn of the eyes against the head (right, up) in radians.
        source_expression: ``neutral`` or ``smile``, and how strong it is.
        expression_strength: 0 to 1.
        looks: Skin, eyes, hair, beard, clothes and accessories.
    """

    seed: int
    group: Group
    phenotype: Phenotype
    details: Mapping[str, float]
    head: HeadPose
    gaze: tuple[float, float]
    source_expression: str
    expression_strength: float
    looks: Looks

    @property
    def age(self) -> float:
        """Age in years."""
        return self.group.age

    @property
    def male(self) -> bool:
        """Whether the person is drawn as male."""
        return self.group.gender == "male"

    @property
    def skin(self) -> SkinTraits:
        """Skin."""
        return self.looks.skin

    @property
    def eyes(self) -> EyeTraits:
        """Eyes."""
        return self.looks.eyes

    @property
    def hair(self) -> HairTraits:
        """Hair of the head."""
        return self.looks.hair

    @property
    def brows(self) -> BrowTraits:
        """Eyebrows."""
        return self.looks.brows

    @property
    def beard(self) -> BeardTraits:
        """Beard."""
        return self.looks.beard

    @property
    def clothes(self) -> ClothesTraits:
        """Clothes."""
        return self.looks.clothes

    @property
    def accessories(self) -> AccessoryTraits:
        """Glasses, earrings, head covering."""
        return self.looks.accessories

    @property
    def attributes(self) -> dict[str, Attribute]:
        """What datasets record, so that every figure can be split by group."""
        return {
            "age": round(self.group.age, 1),
            "age_band": self.group.age_band,
            "gender": self.group.gender,
            "ancestry": self.group.ancestry,
            "source_expression": self.source_expression,
            **self.looks.names,
        }


def draw_person(seed: int) -> Person:
    """Draw the person of a seed (0 to 2**63 - 1)."""
    group = draw_group(seed)
    phenotype = _phenotype(seed, group)
    strength = 0.55 if group.age < 12 else 0.8 if group.age < 18 else 1.0
    expression, much = _expression(seed)
    return Person(
        seed=seed,
        group=group,
        phenotype=phenotype,
        details=draw_details(seed, strength=strength, weight=phenotype.weight, age=group.age),
        head=_head(seed),
        gaze=_gaze(seed),
        source_expression=expression,
        expression_strength=much,
        looks=draw_looks(seed, group),
    )


def _phenotype(seed: int, group: Group) -> Phenotype:
    rng = generator("people", seed, "body")
    lean = rng.uniform(0.02, 0.15)  # nobody is the pure end of the scale
    return Phenotype(
        age=age_of_years(group.age),
        gender=float(1 - lean if group.gender == "male" else lean),
        ancestry=group.mix,
        muscle=float(rng.uniform(0.3, 0.7)),
        weight=float(np.clip(rng.normal(0.5, 0.17), 0.15, 0.9)),
    )


def _head(seed: int) -> HeadPose:
    rng = generator("people", seed, "head")
    yaw = float(np.clip(rng.normal(0, 0.22), -0.5, 0.5))
    return HeadPose(
        yaw, float(np.clip(rng.normal(0.02, 0.08), -0.2, 0.22)), float(np.clip(rng.normal(0, 0.06), -0.15, 0.15))
    )


def _gaze(seed: int) -> tuple[float, float]:
    rng = generator("people", seed, "gaze")
    side, up = np.clip(rng.normal(0, (0.09, 0.05)), -0.2, 0.2)
    return float(side), float(up)


def _expression(seed: int) -> tuple[str, float]:
    rng = generator("people", seed, "expression")
    name = str(rng.choice(list(SOURCE_EXPRESSIONS), p=list(SOURCE_EXPRESSIONS.values())))
    return name, float(rng.uniform(0.45, 1.0))
