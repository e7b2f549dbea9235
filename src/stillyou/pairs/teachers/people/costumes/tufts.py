"""Fur and fleece: a few tuft shapes drawn once, set on any surface by a frame a tuft.

A tuft is m strands of P points in units of its length, root at the origin, growing along +z. Setting S tufts is
one multiplication of small matrices, so tens of thousands of strands cost milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stillyou.draws import generator
from stillyou.pairs.teachers.people.geometry import floats, unit

Floats = npt.NDArray[np.float32]
SHAPES = 24
STRANDS = {"fur": 10, "wool": 7}
POINTS = {"fur": 5, "wool": 8}


@dataclass(frozen=True, eq=False)
class Fur:
    """What grows on a surface.

    Attributes:
        colour: Linear RGB, (3,), or (S, 3) for S tufts.
        length: Of the strands in decimetres.
        kind: ``fur`` or ``wool``.
        droop: How far tips sink, as a share of the length.
        width: Of a strand at full detail, decimetres.
    """

    colour: Floats
    length: float
    kind: str = "fur"
    droop: float = 0.3
    width: float = 0.011


def _straight(rng: np.random.Generator) -> Floats:
    """Draw tufts of nearly straight hairs that lean together and open towards their tips, (SHAPES, m, P, 3)."""
    t = np.linspace(0, 1, POINTS["fur"])[:, None]
    lean = rng.normal(0, 0.38, (SHAPES, 1, 1, 2))
    splay = rng.normal(0, 0.22, (SHAPES, STRANDS["fur"], 1, 2))
    bow = rng.normal(0, 0.25, (SHAPES, STRANDS["fur"], 1, 2))
    root = rng.normal(0, 0.16, (SHAPES, STRANDS["fur"], 1, 2))
    across = root + (lean + splay) * t + bow * t * t
    length = rng.uniform(0.6, 1.1, (SHAPES, STRANDS["fur"], 1, 1))
    along = np.broadcast_to(
        t * np.sqrt(np.clip(1 - 0.3 * (lean**2).sum(-1, keepdims=True), 0.4, 1)), across.shape[:3] + (1,)
    )
    return np.concatenate([across * np.minimum(length, 1), along * length], -1).astype(np.float32)


def _curled(rng: np.random.Generator) -> Floats:
    """Draw locks of wool: strands of a lock wind round one axis that lies down sideways, (SHAPES, m, P, 3)."""
    t = np.linspace(0, 1, POINTS["wool"])[:, None]
    turns = rng.uniform(1.0, 1.7, (SHAPES, 1, 1, 1)) * rng.choice([-1, 1], (SHAPES, 1, 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (SHAPES, 1, 1, 1)) + rng.normal(0, 0.35, (SHAPES, STRANDS["wool"], 1, 1))
    radius = rng.uniform(0.22, 0.38, (SHAPES, 1, 1, 1)) * (0.5 + 0.6 * np.sqrt(t)) + rng.normal(
        0, 0.04, (SHAPES, STRANDS["wool"], 1, 1)
    )
    wind = phase + 2 * np.pi * turns * t
    root = rng.normal(0, 0.2, (SHAPES, STRANDS["wool"], 1, 2))
    lean = rng.normal(0, 0.3, (SHAPES, 1, 1, 2))
    across = root * (1 - 0.6 * t) + lean * t + radius * np.concatenate([np.cos(wind), np.sin(wind)], -1)
    along = np.broadcast_to(0.62 * np.sin(t * 2.0), across.shape[:3] + (1,)) + rng.normal(
        0, 0.05, (SHAPES, STRANDS["wool"], 1, 1)
    )
    along = along * np.minimum(1, t * 4)
    return np.concatenate([across, along], -1).astype(np.float32)


@lru_cache(maxsize=2)
def _shapes(kind: str) -> Floats:
    rng = generator("people", "tufts", kind)
    return _straight(rng) if kind == "fur" else _curled(rng)


def frames(normals: Floats, turns: Floats) -> Floats:
    """Return an orthonormal frame a normal, turned about it: rows tangent, bitangent, normal; (S, 3, 3)."""
    helper = np.where(np.abs(normals[:, 1:2]) < 0.9, floats([[0, 1, 0]]), floats([[1, 0, 0]]))
    tangent = unit(np.cross(helper, normals))
    bitangent = np.cross(normals, tangent)
    c, s = np.cos(turns)[:, None], np.sin(turns)[:, None]
    return np.stack([c * tangent + s * bitangent, c * bitangent - s * tangent, normals], 1).astype(np.float32)


def tufts(rng: np.random.Generator, sites: Floats, normals: Floats, fur: Fur) -> Floats:
    """Set one tuft at every site.

    Args:
        rng: Chooses shapes, turns and lengths.
        sites: (S, 3) roots.
        normals: (S, 3) unit, the way the fur stands.
        fur: What is set.

    Returns:
        (S * m, P, 3) float32 strands; the strands of a tuft follow each other.
    """
    shapes, count = _shapes(fur.kind), len(sites)
    chosen = rng.integers(0, SHAPES, count)
    size = (fur.length * rng.uniform(0.8, 1.15, count)).astype(np.float32)
    turned = frames(normals, rng.uniform(0, 2 * np.pi, count).astype(np.float32)) * size[:, None, None]
    local = shapes[chosen].reshape(count, -1, 3)
    points = np.matmul(local, turned).reshape(count, STRANDS[fur.kind], POINTS[fur.kind], 3) + sites[:, None, None]
    sink = np.linspace(0, 1, POINTS[fur.kind], dtype=np.float32) ** 2
    points[..., 1] -= sink * np.float32(fur.droop * fur.length)
    return points.reshape(-1, POINTS[fur.kind], 3)
