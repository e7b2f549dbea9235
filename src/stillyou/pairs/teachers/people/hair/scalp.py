"""Where hair grows on the template head."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.body import Body
from stillyou.pairs.teachers.people.geometry import Floats, floats
from stillyou.pairs.teachers.people.traits import HairTraits

CENTRE = np.array([0.0, 7.3, 0.3], np.float32)
"""Centre of the skull in template coordinates."""
CROWN = np.array([0.0, 8.35, -0.05], np.float32)
_AZIMUTH = (0, 15, 30, 38, 46, 52, 57, 61, 66, 70, 75, 83, 92, 98, 104, 115, 140, 180)
_ELEVATION = (30.5, 31, 33.5, 33, 25, 14, 2, -9, -12, -2, 7, 9, 8, 3, -8, -20, -30, -34)
"""The hairline, in degrees about `CENTRE`: forehead, temple, sideburn, over the ear, nape."""


def angles(rest: Floats) -> tuple[Floats, Floats]:
    """Return azimuth (0 front, 180 back, both sides alike) and elevation of template points (N, 3), in degrees."""
    x, y, z = (rest - CENTRE).T
    return np.degrees(np.arctan2(np.abs(x), z)), np.degrees(np.arctan2(y, np.hypot(x, z)))


def scalp(body: Body, traits: HairTraits, phase: float) -> Floats:
    """Return how densely hair grows at each vertex of the surface, (V,) in [0, 1].

    Args:
        body: The body.
        traits: Receding, low hairline and bald crown.
        phase: Moves the small irregularities of the hairline, any number.
    """
    rest = body.rest
    azimuth, elevation = angles(rest)
    front = np.clip((50 - azimuth) / 12, 0, 1)
    corners = 0.5 + 0.9 * np.exp(-(((azimuth - 33) / 12) ** 2))
    line = np.interp(azimuth, _AZIMUTH, _ELEVATION) + front * (traits.recede * corners - traits.low)
    side = np.sign(rest[:, 0])
    ragged = np.sin(0.36 * azimuth + phase + side) + 0.6 * np.sin(0.53 * azimuth + 2 * phase - side)
    line = line + 1.3 * ragged * np.clip((62 - azimuth) / 12, 0, 1)
    grown = np.clip((elevation - line) / 7 + 0.5, 0, 1) * (rest[:, 1] > 5.9) * (body.masks["ears"] < 0.25)
    if traits.crown:
        grown = grown * np.clip((np.linalg.norm(rest - CROWN, axis=1) - traits.crown) / 0.25, 0, 1)
    skin = np.zeros(len(rest), bool)
    skin[body.outside] = True
    return floats(grown * skin)
