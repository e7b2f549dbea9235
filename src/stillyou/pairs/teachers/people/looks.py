"""Draws what a person looks like: skin, eyes, hair, brows, beard, clothes and accessories."""

from __future__ import annotations

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.teachers.people.groups import Group
from stillyou.pairs.teachers.people.hair.choice import choose_style
from stillyou.pairs.teachers.people.palette import (
    cloth_colour,
    draw_hair_colour,
    draw_iris,
    draw_melanin,
    skin_colour,
    skin_tone,
)
from stillyou.pairs.teachers.people.traits import (
    AccessoryTraits,
    BeardTraits,
    BrowTraits,
    Colour,
    EyeTraits,
    HairTraits,
    Looks,
    SkinTraits,
)
from stillyou.pairs.teachers.people.wardrobe import draw_clothes


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = np.asarray(a) * (1 - share) + np.asarray(b) * share
    return float(red), float(green), float(blue)


def draw_looks(seed: int, group: Group) -> Looks:
    """Draw everything visible beside the shape of the body.

    Args:
        seed: The person.
        group: Age, gender, ancestry and length of hair, already drawn.
    """
    skin = _skin(seed, group)
    hair = _hair(seed, group)
    eyes, iris = _eyes(seed, group)
    clothes = draw_clothes(generator("people", seed, "clothes"), group)
    accessories = _accessories(seed, group)
    beard = _beard(seed, group, hair)
    names: dict[str, str | int | float] = {
        "skin_tone": skin_tone(skin.melanin),
        "hair": hair.style,
        "hair_length": group.hair_length if hair.style != "bald" else "short",
        "hair_colour": hair.colour_name if hair.style != "bald" else "none",
        "beard": beard.style,
        "eye_colour": iris,
        "glasses": accessories.glasses,
        "head_covering": accessories.covering,
        "clothes": clothes.kind,
    }
    return Looks(skin, eyes, hair, _brows(seed, group, skin, hair), beard, clothes, accessories, names)


def _skin(seed: int, group: Group) -> SkinTraits:
    rng = generator("people", seed, "skin")
    melanin = draw_melanin(rng, group.mix)
    colour = skin_colour(rng, melanin)
    fair = float(np.clip((0.4 - melanin) / 0.3, 0, 1))
    made_up = group.gender == "female" and group.age > 16 and rng.random() < 0.5
    natural = np.asarray(colour) * np.array([0.90, 0.58, 0.59]) * rng.uniform(0.85, 1.08)
    lipstick = np.array(
        [(0.36, 0.05, 0.06), (0.40, 0.13, 0.14), (0.22, 0.03, 0.06), (0.42, 0.16, 0.12)][rng.integers(4)]
    )
    lips = natural * 0.35 + lipstick * 0.65 * rng.uniform(0.6, 1.1) if made_up else natural
    wrinkles = float(np.clip((group.age - rng.uniform(28, 42)) / 38, 0, 1))
    return SkinTraits(
        colour=colour,
        melanin=melanin,
        redness=float(rng.uniform(0.25, 1.0) * (1 - 0.6 * melanin)),
        freckles=float(max(0.0, rng.uniform(-1.6, 1.0)) * fair * (0.6 if group.age > 50 else 1)),
        moles=float(rng.uniform(0, 0.9) * (group.age > 8)),
        wrinkles=wrinkles,
        oil=float(rng.uniform(0.3, 1.0) * (0.75 if group.age < 12 or group.age > 60 else 1)),
        lips=(float(lips[0]), float(lips[1]), float(lips[2])),
        eye_shadow=float(rng.uniform(0.1, 0.6)) if made_up else 0.0,
        pattern=float(rng.uniform(0, 60)),
    )


def _eyes(seed: int, group: Group) -> tuple[EyeTraits, str]:
    rng = generator("people", seed, "eyes")
    name, iris = draw_iris(rng, group.mix)
    lashes = rng.uniform(0.7, 1.2) if group.gender == "female" else rng.uniform(0.35, 0.7)
    return EyeTraits(iris, float(rng.uniform(0.1, 0.5 + 0.4 * (group.age > 50))), float(lashes)), name


def _hair(seed: int, group: Group) -> HairTraits:
    rng = generator("people", seed, "hair")
    female = group.gender == "female"
    style = choose_style(rng, group)
    name, colour, grey = draw_hair_colour(rng, group.mix, group.age, dye=female and 14 < group.age < 60)
    roots = _mix(colour, (0.03, 0.018, 0.012), 0.5) if name.startswith("dyed") else colour
    late = float(np.clip((group.age - 25) / 40, 0, 1)) * (0.35 if group.hair_length == "long" else 1)
    side = float(rng.choice([-1.0, 1.0]))
    middle = rng.random() < (0.4 if female else 0.1)
    return HairTraits(
        style=style,
        colour=colour,
        roots=roots,
        colour_name=name,
        grey=grey,
        recede=float(rng.uniform(0, 15) * late) if not female else float(rng.uniform(0, 3) * late),
        crown=float(rng.uniform(0.3, 0.75)) if not female and group.age > 45 and rng.random() < 0.25 else 0.0,
        low=float(rng.uniform(0, 5)) if female or group.age < 25 else 0.0,
        part=float(rng.uniform(-0.06, 0.06)) if middle else side * float(rng.uniform(0.18, 0.4)),
        length=float(rng.uniform(0.85, 1.15)),
        wave=float(rng.uniform(0.6, 1.3)),
        volume=float(rng.uniform(0.75, 1.3)),
        before_shoulder=(bool(rng.random() < 0.6), bool(rng.random() < 0.6)),
    )


def _brows(seed: int, group: Group, skin: SkinTraits, hair: HairTraits) -> BrowTraits:
    rng = generator("people", seed, "brows")
    female = group.gender == "female"
    natural = (
        _mix(hair.roots, (0.02, 0.013, 0.009), 0.4) if not hair.colour_name.startswith("dyed") else (0.03, 0.018, 0.012)
    )
    return BrowTraits(
        height=float(rng.uniform(-0.012, 0.02)),
        arch=float(rng.uniform(0.02, 0.06) if female else rng.uniform(0.005, 0.035)),
        thickness=float(rng.uniform(0.6, 1.0) if female or group.age < 12 else rng.uniform(0.85, 1.4)),
        density=float(rng.uniform(0.5, 1.0) * (0.55 if group.age < 12 else 1.0)),
        colour=_mix(natural, skin.colour, float(rng.uniform(0.14, 0.36))),
    )


def _beard(seed: int, group: Group, hair: HairTraits) -> BeardTraits:
    rng = generator("people", seed, "beard")
    grown = group.gender == "male" and group.age > 18
    style = str(
        rng.choice(["none", "stubble", "moustache", "goatee", "short", "full"], p=[0.40, 0.22, 0.06, 0.08, 0.14, 0.10])
    )
    thin = 1.0 if hair.colour_name not in ("grey", "white") else 1.1
    colour = _mix(hair.roots, (0.02, 0.012, 0.008), 0.25)
    stubble = float(rng.uniform(0.05, 0.35) if style == "none" else rng.uniform(0.5, 1.0))
    if not grown:
        return BeardTraits("none", 0.0, 0.0, 0.0, colour)
    length = float(
        {"short": rng.uniform(0.06, 0.12), "full": rng.uniform(0.16, 0.34)}.get(style, rng.uniform(0.05, 0.09))
    )
    return BeardTraits(style, stubble, length, float(rng.uniform(0.75, 1.1)) * thin, colour)


_GLASSES = ("none", "round", "square", "oval", "rimless", "sun")


def _accessories(seed: int, group: Group) -> AccessoryTraits:
    rng = generator("people", seed, "accessories")
    p = 0.10 if group.age < 18 else 0.34 if group.age > 50 else 0.2
    glasses = str(rng.choice(_GLASSES, p=[1 - p, 0.26 * p, 0.34 * p, 0.2 * p, 0.1 * p, 0.1 * p]))
    frames: list[Colour] = [
        (0.01, 0.01, 0.012),
        (0.05, 0.022, 0.012),
        (0.25, 0.25, 0.26),
        (0.4, 0.28, 0.1),
        (0.02, 0.03, 0.09),
    ]
    female = group.gender == "female"
    wears = rng.random() < 0.15
    options = ["hijab", "beanie", "cap"] if female else ["turban", "beanie", "cap"]
    shares = np.array([0.5, 0.3, 0.2]) if female else np.array([0.25, 0.4, 0.35])
    if not female and group.age < 14:
        shares = np.array([0.0, 0.5, 0.5])
    covering = str(rng.choice(options, p=shares)) if wears else "none"
    earrings = str(rng.choice(["none", "stud", "hoop"], p=[0.5, 0.3, 0.2])) if female and group.age > 8 else "none"
    return AccessoryTraits(
        glasses=glasses,
        glasses_colour=frames[rng.integers(len(frames))],
        tint=0.85 if glasses == "sun" else 0.0,
        earrings=earrings,
        covering=covering,
        covering_colour=cloth_colour(rng),
        covering_second=cloth_colour(rng),
    )
