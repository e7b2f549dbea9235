"""Shapes of people: a phenotype and details of the face, as weights of the body's targets.

MakeHuman's macro targets are products: one target a combination (say ``universal-female-young-maxmuscle-minweight``),
weighted by the product of how much of each property a person has. Ages lie between four anchors (baby, child, young,
old), muscle and weight between three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.geometry import Floats

AGES = {"baby": 0.0, "child": 0.1875, "young": 0.5, "old": 1.0}
"""Anchors on the age scale; in years about 1, 10, 25 and 90."""
ANCESTRIES = ("african", "asian", "caucasian")
_YEARS = (1.0, 10.0, 25.0, 90.0)


@dataclass(frozen=True)
class Phenotype:
    """What the macro targets depend on.

    Attributes:
        age: 0 (baby) to 1 (90 years); see `age_of_years`.
        gender: 0 (female) to 1 (male).
        ancestry: Shares of `ANCESTRIES`, any positive scale.
        muscle: 0 to 1, 0.5 on average.
        weight: 0 to 1, 0.5 on average.
    """

    age: float
    gender: float
    ancestry: tuple[float, float, float]
    muscle: float = 0.5
    weight: float = 0.5


def age_of_years(years: float) -> float:
    """Return the place on the age scale of an age in years (1 to 90)."""
    return float(np.interp(years, _YEARS, list(AGES.values())))


def years_of_age(age: float) -> float:
    """Return the age in years of a place on the age scale."""
    return float(np.interp(age, list(AGES.values()), _YEARS))


def macro_weights(phenotype: Phenotype) -> dict[str, float]:
    """Return the weights of the macro targets, all above 0; those of each family sum to 1.

    There is no target for the average adult, the template itself, so some names are unknown to the body.
    """
    genders = {"female": 1 - phenotype.gender, "male": phenotype.gender}
    total = sum(phenotype.ancestry)
    ancestries = {name: share / total for name, share in zip(ANCESTRIES, phenotype.ancestry, strict=True)}
    ages = _age_weights(phenotype.age)
    muscles, weights = _triangle(phenotype.muscle, "muscle"), _triangle(phenotype.weight, "weight")
    found = {f"{r}-{g}-{a}": ancestries[r] * genders[g] * ages[a] for r, g, a in product(ancestries, genders, ages)}
    for g, a, m, w in product(genders, ages, muscles, weights):
        found[f"universal-{g}-{a}-{m}-{w}"] = genders[g] * ages[a] * muscles[m] * weights[w]
    return {name: weight for name, weight in found.items() if weight > 0}


def _age_weights(age: float) -> dict[str, float]:
    position = float(np.interp(age, list(AGES.values()), range(len(AGES))))
    return {name: max(0.0, 1 - abs(position - k)) for k, name in enumerate(AGES)}


def _triangle(value: float, name: str) -> dict[str, float]:
    """Return the weights of the least, average and most of a property in [0, 1]."""
    return {
        f"min{name}": max(0.0, 1 - 2 * value),
        f"average{name}": 1 - abs(2 * value - 1),
        f"max{name}": max(0.0, 2 * value - 1),
    }


def morph(body: Body, weights: Mapping[str, float], start: Floats | None = None) -> Floats:
    """Return a cage (C, 3): the template, or `start`, plus weighted targets; unknown names are the template itself."""
    cage = (body.cage if start is None else start).copy()
    for name, weight in weights.items():
        target = body.targets.get(name)
        if target is not None and abs(weight) > 1e-4:
            cage[target.vertices] += target.offsets * np.float32(weight)
    return cage
