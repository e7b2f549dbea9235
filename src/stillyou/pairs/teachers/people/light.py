"""Light: a key lamp with a soft shadow, perhaps a rim lamp, and surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.teachers.people.camera import look_at
from stillyou.pairs.teachers.people.geometry import Floats, floats, unit

_BELOW_EYES = floats([0, -0.4, -0.9])
"""From between the eyes to the middle of what casts shadows."""
_SHADOW_HALF, _SHADOW_DEPTH, _SHADOW_DISTANCE = 3.0, 6.0, 8.0
"""Half the width and the depth of the box that casts shadows, and how far off the lamp stands; decimetres."""


@dataclass(frozen=True, eq=False)
class Light:
    """Lamps and surroundings; directions point to the light, colours are linear and may exceed 1."""

    key_direction: Floats
    key_colour: Floats
    rim_direction: Floats
    rim_colour: Floats
    sky: Floats
    ground: Floats
    side_colour: Floats
    side_direction: Floats
    softness: float
    exposure: float
    centre: Floats
    """(3,) the middle of what casts shadows."""

    @property
    def lamp(self) -> Floats:
        """(3,) where the key lamp stands for the shadow pass."""
        return floats(self.centre + self.key_direction * _SHADOW_DISTANCE)

    @property
    def shadow_matrix(self) -> Floats:
        """(4, 4) from posed space to the shadow map's clip space."""
        box = np.diag([1 / _SHADOW_HALF, 1 / _SHADOW_HALF, -1 / _SHADOW_DEPTH, 1.0])
        box[2, 3] = -_SHADOW_DISTANCE / _SHADOW_DEPTH
        return floats(box @ look_at(self.lamp, self.centre))


@dataclass(frozen=True)
class _Setup:
    """Ranges that a kind of light is drawn from: key strength, height and softness, surroundings, how often."""

    share: float
    key: tuple[float, float]
    height: tuple[float, float]
    softness: tuple[float, float]
    level: tuple[float, float]
    rim: float
    warmth: tuple[float, float]


_SETUPS = {
    "overcast": _Setup(0.26, (0.5, 1.2), (0.4, 0.85), (0.02, 0.035), (1.1, 1.6), 0.1, (-0.5, 0.2)),
    "window": _Setup(0.28, (1.3, 2.2), (0.2, 0.6), (0.014, 0.03), (0.55, 1.0), 0.3, (-0.4, 0.6)),
    "studio": _Setup(0.22, (1.6, 2.6), (0.25, 0.55), (0.008, 0.02), (0.5, 0.9), 0.7, (-0.3, 0.4)),
    "sun": _Setup(0.14, (2.2, 3.2), (0.25, 0.6), (0.006, 0.011), (0.55, 1.0), 0.4, (0.0, 0.8)),
    "lamp": _Setup(0.10, (1.5, 2.4), (0.2, 0.5), (0.006, 0.016), (0.4, 0.7), 0.3, (0.5, 1.4)),
}
_NEUTRAL_MELANIN = 0.3
"""Skins darker than this are exposed longer, lighter ones shorter, as cameras that meter faces do."""


def draw_light(seed: int, eyes: Floats, melanin: float = _NEUTRAL_MELANIN) -> Light:
    """Draw the light of a person's pictures.

    Args:
        seed: The person.
        eyes: (3,) the point between the eyes; children's are lower.
        melanin: How dark the skin is, 0 to 1: the exposure follows the face.
    """
    rng = generator("people", seed, "light")
    setup = list(_SETUPS.values())[int(rng.choice(len(_SETUPS), p=[setup.share for setup in _SETUPS.values()]))]
    azimuth, elevation = float(np.clip(rng.normal(0, 0.55), -1.25, 1.25)), rng.uniform(*setup.height)
    warmth = rng.uniform(*setup.warmth)
    key = [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    behind = azimuth + np.pi + rng.uniform(-0.7, 0.7)
    rim = rng.uniform(0.2, 1.4) if rng.random() < setup.rim else 0.0
    level = rng.uniform(*setup.level)
    metered = float(np.clip(0.90 + 0.55 * (melanin - _NEUTRAL_MELANIN), 0.78, 1.25))
    return Light(
        key_direction=floats(key),
        key_colour=floats([1 + 0.13 * warmth, 1, 1 - 0.16 * warmth]) * np.float32(rng.uniform(*setup.key)),
        rim_direction=unit([np.sin(behind), 0.35, np.cos(behind)]),
        rim_colour=floats([1 - 0.1 * warmth, 1, 1 + 0.1 * warmth]) * np.float32(rim),
        sky=floats([0.96 - 0.05 * warmth, 1, 1.04 - 0.02 * warmth]) * np.float32(level),
        ground=floats([0.93, 0.84, 0.76]) * np.float32(level * rng.uniform(0.35, 0.65)),
        side_colour=floats([1, 0.96, 0.9]) * np.float32(rng.uniform(0, 0.4)),
        side_direction=unit([-np.sign(azimuth), 0.1, 0.4]),
        softness=float(rng.uniform(*setup.softness)),
        exposure=metered * float(np.exp(rng.normal(0, 0.09))),
        centre=floats(eyes + _BELOW_EYES),
    )
