"""Hair under costumes: pressed in by a ring, hidden under a closed hat, lifted onto a coat.

What is pressed stays the person's own strands: below the brim they fall as before. The more hair swells beyond a ring,
the farther from it the pressing begins, so that it tapers and does not stand out like a second brim.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring
from stillyou.pairs.teachers.people.costumes.outfit import with_hair
from stillyou.pairs.teachers.people.geometry import floats, unit
from stillyou.pairs.teachers.people.hair import Hair

INSIDE = 0.05
"""How far inside the ring pressed hair lies, decimetres."""


OFF_SKIN = 0.02
BELOW = -0.05
"""How near to the skin hair is pressed at most, and below which height: there the forehead may bulge beyond a ring."""


def _ramp(values: npt.ArrayLike) -> Floats:
    """Smooth step from 0 at 0 to 1 at 1."""
    clipped = np.clip(np.asarray(values, np.float32), 0, 1)
    return np.asarray(clipped * clipped * (3 - 2 * clipped), np.float32)


def _squeezed(ring: Ring, points: Floats, weight: Floats, inside: float = INSIDE) -> Floats:
    """Pull points inside the ring's cylinder by a weight of 0 to 1."""
    chosen = weight > 0
    moved, share = points[chosen], weight[chosen]
    offset = moved - ring.centre
    x, y = offset @ ring.side, offset @ ring.forward
    distance = np.maximum(np.hypot(x, y), 1e-4)
    angle, height = np.arctan2(x, y), floats(offset @ ring.up)
    bulge = np.where(height < BELOW, ring.skin_at(angle, height) + np.float32(OFF_SKIN), np.float32(0))
    least = np.maximum(ring.reach(angle) - inside, bulge)
    pressed = np.minimum(distance, least)
    less = share * (pressed / distance - 1)
    result = points.copy()
    result[chosen] = moved + np.outer(x * less, ring.side) + np.outer(y * less, ring.forward)
    return result


def _swell(ring: Ring, points: Floats) -> float:
    """Return how far most of the hair at the ring's height stands out beyond it, decimetres."""
    angle, distance, height = ring.cylinder(points[::8])
    beyond = (distance - ring.reach(angle))[np.abs(height) < 0.25]
    return float(np.clip(np.quantile(beyond, 0.9), 0, 0.8)) if len(beyond) else 0.0


def press_under_hat(
    hair: Hair | None, ring: Ring, *, low: float = 0.0, zone: float = 0.3, hidden: float = 0.1
) -> Hair | None:
    """Press the hair inside a closed hat's brim and hide what is in the hat.

    Args:
        hair: In neutral space.
        ring: The brim.
        low: Lower edge of the brim above the ring's plane.
        zone: How far below that edge the pressing begins.
        hidden: Height above the ring from which strands are not drawn.
    """
    if hair is None:
        return None
    height = (hair.points - ring.centre) @ ring.up
    zone += _swell(ring, hair.points)
    points = _squeezed(ring, hair.points, _ramp((height - low + zone) / zone))
    return with_hair(hair, points, np.where(height > hidden, 0, hair.opacity))


def press_by_band(
    hair: Hair | None, ring: Ring, *, low: float, high: float, zone: float = 0.25, inside: float = INSIDE
) -> Hair | None:
    """Press the hair in by an open band (a wreath, a crown); it swells again above and below.

    Args:
        hair: In neutral space.
        ring: The band.
        low: Lower edge of the band above the ring's plane.
        high: Upper edge.
        zone: How far from the edges the pressing fades.
        inside: How far inside the ring the hair lies.
    """
    if hair is None:
        return None
    height = (hair.points - ring.centre) @ ring.up
    zone += _swell(ring, hair.points)
    weight = _ramp((height - low + zone) / zone) * _ramp((high + zone - height) / zone)
    return with_hair(hair, _squeezed(ring, hair.points, weight, inside), hair.opacity)


def lift_over_coat(hair: Hair | None, neck: Floats, off: float) -> Hair | None:
    """Push hair that falls below the neck outwards, so that it lies on a thick garment and not in it.

    Args:
        hair: In neutral space.
        neck: (3,) middle of the base of the neck.
        off: How much thicker the garment is than ordinary clothes, decimetres.
    """
    if hair is None:
        return None
    offset = hair.points - neck
    weight = _ramp((0.2 - offset[..., 1]) / 0.5) * np.float32(off)
    if not weight.any():
        return hair
    offset[..., 1] = 0.35
    return with_hair(hair, hair.points + unit(offset) * weight[..., None], hair.opacity)


def hide_in_hood(hair: Hair | None, *, width: float, height: float, middle: float, depth: float) -> Hair | None:
    """Hide hair but for what shows in a hood's opening.

    Args:
        hair: In neutral space.
        width: Half the opening's width.
        height: Half its height.
        middle: Height of its centre.
        depth: Strands behind this depth are inside the hood.
    """
    if hair is None:
        return None
    x, y, z = (hair.points[..., axis] for axis in range(3))
    shows = ((x / width) ** 2 + ((y - middle) / height) ** 2 < 1) & (z > depth)
    return with_hair(hair, hair.points, np.where(shows, hair.opacity, 0))
