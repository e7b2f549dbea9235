"""Colours of skin, hair, eyes and cloth, as linear reflectances."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.traits import Colour

_SKIN = np.array(
    [
        [0.60, 0.385, 0.295],
        [0.53, 0.32, 0.228],
        [0.45, 0.25, 0.16],
        [0.31, 0.165, 0.095],
        [0.18, 0.092, 0.053],
        [0.085, 0.043, 0.027],
    ]
)
_ANCESTRY_MELANIN = np.array([0.80, 0.33, 0.17])
HAIR: dict[str, Colour] = {
    "black": (0.011, 0.009, 0.008),
    "dark brown": (0.030, 0.017, 0.011),
    "brown": (0.070, 0.036, 0.018),
    "light brown": (0.140, 0.078, 0.038),
    "blond": (0.300, 0.195, 0.095),
    "platinum": (0.480, 0.390, 0.260),
    "red": (0.180, 0.050, 0.017),
    "auburn": (0.085, 0.027, 0.013),
}
GREY: Colour = (0.34, 0.335, 0.325)
DYES: dict[str, Colour] = {
    "dyed pink": (0.42, 0.10, 0.20),
    "dyed blue": (0.05, 0.11, 0.26),
    "dyed red": (0.26, 0.012, 0.02),
    "dyed purple": (0.13, 0.04, 0.20),
}
IRIS: dict[str, Colour] = {
    "dark brown": (0.045, 0.021, 0.010),
    "brown": (0.095, 0.046, 0.018),
    "hazel": (0.105, 0.078, 0.030),
    "green": (0.085, 0.115, 0.060),
    "blue": (0.090, 0.150, 0.220),
    "grey": (0.130, 0.150, 0.165),
}


def draw_melanin(rng: np.random.Generator, mix: tuple[float, float, float]) -> float:
    """Draw how dark a skin is, 0 to 1, around what the ancestry suggests."""
    return float(np.clip(np.asarray(mix) @ _ANCESTRY_MELANIN + rng.normal(0, 0.11), 0.02, 0.98))


def skin_colour(rng: np.random.Generator, melanin: float) -> Colour:
    """Return a skin's reflectance for a melanin share, with a small spread of undertone."""
    base = np.array([np.interp(melanin, np.linspace(0, 1, len(_SKIN)), _SKIN[:, i]) for i in range(3)])
    undertone = float(rng.normal(0, 0.035))
    return _triple(base * rng.uniform(0.93, 1.05) * np.array([1 + 0.4 * undertone, 1.0, 1 - undertone]))


def skin_tone(melanin: float) -> int:
    """Return a tone of 1 (palest) to 10 (darkest), in the manner of the Monk scale."""
    return int(np.clip(np.floor(melanin * 10), 0, 9)) + 1


def draw_hair_colour(
    rng: np.random.Generator, mix: tuple[float, float, float], age: float, *, dye: bool
) -> tuple[str, Colour, float]:
    """Draw (name, colour, share of grey) of somebody's hair.

    Args:
        rng: The generator of the hair.
        mix: Shares of African, Asian and European ancestry.
        age: Years; grey comes with them.
        dye: Whether unusual colours are allowed.
    """
    if dye and rng.random() < 0.05:
        name = str(rng.choice(list(DYES)))
        return name, DYES[name], 0.0
    fair = np.array([0.06, 0.12, 0.22, 0.18, 0.20, 0.06, 0.08, 0.08])
    dark = np.array([0.66, 0.28, 0.05, 0.01, 0.0, 0.0, 0.0, 0.0])
    share = float(np.clip((mix[2] - 0.35) / 0.4, 0, 1))
    name = str(rng.choice(list(HAIR), p=share * fair + (1 - share) * dark))
    tint = np.asarray(HAIR[name]) * rng.uniform(0.75, 1.3)
    grey = float(np.clip((age - rng.uniform(38, 72)) / 16, 0, 1)) * float(rng.uniform(0.5, 1))
    grey *= float(not dye or rng.random() < 0.6)
    if grey > 0.6:
        name = "white" if rng.random() < 0.35 else "grey"
    tone = np.asarray(GREY) * (1.35 if name == "white" else rng.uniform(0.65, 1.05))
    return name, _triple(tint * (1 - grey) + tone * grey), grey


def draw_iris(rng: np.random.Generator, mix: tuple[float, float, float]) -> tuple[str, Colour]:
    """Draw (name, colour) of the iris."""
    share = float(np.clip((mix[2] - 0.4) / 0.4, 0, 1))
    fair = np.array([0.08, 0.27, 0.17, 0.13, 0.25, 0.10])
    dark = np.array([0.62, 0.36, 0.02, 0.0, 0.0, 0.0])
    name = str(rng.choice(list(IRIS), p=share * fair + (1 - share) * dark))
    return name, _triple(np.asarray(IRIS[name]) * rng.uniform(0.8, 1.25))


def draw_hue(rng: np.random.Generator, odd: float) -> float:
    """Draw a hue in radians (0 red, 2.1 green, 4.2 blue): earth, sky and leaves before pink and violet.

    Args:
        rng: Draws it.
        odd: Share of hues drawn evenly from the whole circle.
    """
    if rng.random() < odd:
        return float(rng.uniform(0, 2 * np.pi))
    mean, spread = ((0.55, 0.35), (3.9, 0.4), (1.9, 0.4))[int(rng.choice(3, p=[0.5, 0.32, 0.18]))]
    return float(rng.normal(mean, spread))


def cloth_colour(rng: np.random.Generator) -> Colour:
    """Draw a colour that people wear: mostly muted or neutral, now and then a strong one."""
    kind = rng.random()
    if kind < 0.42:
        value = float(rng.choice([0.018, 0.03, 0.06, 0.12, 0.25, 0.45, 0.62])) * float(rng.uniform(0.8, 1.15))
        return _triple(np.full(3, value) * (1 + rng.normal(0, 0.05, 3)))
    hue, strength = draw_hue(rng, 0.4), rng.uniform(0.25, 0.6) if kind < 0.85 else rng.uniform(0.65, 0.85)
    wheel = 0.5 + 0.5 * np.cos(hue + np.array([0, -2.094, 2.094]))
    value = float(rng.uniform(0.05, 0.4))
    return _triple(value * (1 - strength + strength * wheel * 1.4))


def _triple(colour: np.ndarray) -> Colour:
    red, green, blue = np.clip(colour, 0.003, 0.9)
    return float(red), float(green), float(blue)
