"""Light: a key lamp with a soft shadow, perhaps a rim lamp, and surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.pairs.people.camera import look_at
from stillyou.pairs.people.geometry import Floats, floats, unit

_SHADOW_CENTRE = floats([0, 6.9, 0.4])
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

    @property
    def lamp(self) -> Floats:
        """(3,) where the key lamp stands for the shadow pass."""
        return floats(_SHADOW_CENTRE + self.key_direction * _SHADOW_DISTANCE)

    @property
    def shadow_matrix(self) -> Floats:
        """(4, 4) from posed space to the shadow map's clip space."""
        box = np.diag([1 / _SHADOW_HALF, 1 / _SHADOW_HALF, -1 / _SHADOW_DEPTH, 1.0])
        box[2, 3] = -_SHADOW_DISTANCE / _SHADOW_DEPTH
        return floats(box @ look_at(self.lamp, _SHADOW_CENTRE))


def draw_light(seed: int) -> Light:
    """Draw the light of a person's pictures."""
    rng = generator("people", seed, "light")
    azimuth, elevation, warmth = rng.uniform(-1.2, 1.2), rng.uniform(0.25, 0.95), rng.uniform(-1, 1)
    key = [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    behind = azimuth + np.pi + rng.uniform(-0.7, 0.7)
    rim = rng.uniform(0, 1.6) if rng.random() < 0.6 else 0.0
    level = rng.uniform(0.35, 1.1)
    return Light(
        key_direction=floats(key),
        key_colour=floats([1 + 0.14 * warmth, 1, 1 - 0.16 * warmth]) * np.float32(rng.uniform(1.6, 3.4)),
        rim_direction=unit([np.sin(behind), 0.35, np.cos(behind)]),
        rim_colour=floats([1 - 0.1 * warmth, 1, 1 + 0.1 * warmth]) * np.float32(rim),
        sky=floats([0.95 - 0.1 * warmth, 1, 1.05 + 0.1 * warmth]) * np.float32(level),
        ground=floats([0.9, 0.8, 0.7]) * np.float32(level * rng.uniform(0.25, 0.6)),
        side_colour=floats([1, 0.95, 0.85]) * np.float32(rng.uniform(0, 0.4)),
        side_direction=unit([-np.sign(azimuth), 0.1, 0.4]),
        softness=float(rng.uniform(0.003, 0.02)),
        exposure=1.0,
    )
