"""What an expression does to a face's points, in the head's own frame.

The frame: origin between the eyes, x to the picture's right, y down, z back, along the head as it is turned; the unit
is half the distance of the eyes. Moves are a few *pulls*, as of muscles, each falling off around where it acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.mesh import Mesh

Array = NDArray[np.float64]
_JAW = 2.6
"""Half the width of a jaw, as far as it moves with the chin."""
_RISES = 0.7
"""What of a mouth's gap the lower lip closes."""
_OVERLAP = 0.09
"""By how much lips that meet press on each other: the mesh is not exact, and nothing of the inside may show."""
_WIDE, _LEVEL = 0.8, 0.02
"""Half the width of a mouth that does not smile, and how far its corners lie below its middle."""


@dataclass(frozen=True, eq=False)
class Head:
    """A mesh in its head's frame.

    Attributes:
        points: (468, 3) in units.
        axes: (3, 3): the frame's x, y and z in pixels of the square, each a unit long in pixels.
        origin: (3,) in pixels.
    """

    points: Array
    axes: Array
    origin: Array

    @classmethod
    def of(cls, mesh: Mesh) -> Head:
        """Return the head that a mesh lies on."""
        whole = np.column_stack([mesh.points, mesh.depth])
        eyes = [whole[[*of.EYE_CORNERS[side]]].mean(0) for side in (0, 1)]
        origin, unit = (eyes[0] + eyes[1]) / 2, float(np.linalg.norm(eyes[1] - eyes[0])) / 2
        x = _unit(eyes[1] - eyes[0] + whole[of.UPPER_LIP[0][-1]] - whole[of.UPPER_LIP[0][0]])
        down = whole[of.CHIN] - whole[of.FOREHEAD]
        y = _unit(down - x * (down @ x))
        axes = np.stack([x, y, np.cross(x, y)])
        return cls((whole - origin) @ axes.T / unit, axes * unit, origin)

    @property
    def unit(self) -> float:
        """Pixels a unit."""
        return float(np.linalg.norm(self.axes[0]))

    @property
    def facing(self) -> float:
        """Cosine of the angle by which it is turned to a side: 1 faces the camera, 0 is a profile."""
        return float(np.hypot(*self.axes[0, :2])) / self.unit

    def seen(self, moves: Array) -> Array:
        """Return moves (n, 2) along the frame's x and y, in units, as (n, 2) in pixels of the square."""
        return moves @ self.axes[:2, :2]


def _bulge(beside: Array, power: float) -> Array:
    """Return how much of a move is left at shares of the half width: 1 in the middle, 0 from 1 on.

    Powers below 1 make it round, as an open mouth's lower lip; greater ones pointed.
    """
    return np.asarray(np.cos(np.pi / 2 * np.clip(beside, 0, 1)) ** power)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


class _Face:
    """Where pulls act on a head, and what they have moved so far."""

    def __init__(self, head: Head) -> None:
        self.at = head.points[:, :2]
        self.moves = np.zeros_like(self.at)
        self.corners = self.at[[of.UPPER_LIP[0][0], of.UPPER_LIP[0][-1]]]
        self.mouth = self.corners.mean(0)
        self.wide = max(float(self.corners[1, 0] - self.corners[0, 0]) / 2, 0.3)
        self.chin = float(self.at[of.CHIN, 1])
        inner = self.at[[of.UPPER_LIP[3][5], of.LOWER_LIP[3][5]], 1].mean()
        self.lifted = max(0.0, float(inner - self.mouth[1]) + _LEVEL)
        self.smiles = float(np.clip(max((self.wide - _WIDE) / 0.25, self.lifted / 0.2), 0, 1))
        self.gap = float(self.at[of.LOWER_LIP[3][5], 1] - self.at[of.UPPER_LIP[3][5], 1])

    def pull(self, where: Array, by: tuple[float, float], wide: float, high: float | None = None) -> None:
        """Move what lies around a place."""
        off = (self.at - where) / (wide, wide if high is None else high)
        self.moves += np.exp(-0.5 * (off**2).sum(1))[:, None] * np.array(by)

    def brows(self, inner: tuple[float, float], outer: tuple[float, float]) -> None:
        """Move both brows: the ends by (inwards, down), all between in between, what is around with them."""
        for side, out in enumerate((-1.0, 1.0)):
            lower, upper = (self.at[[*edge]] for edge in of.BROWS[side])
            middle = (lower + upper) / 2
            t = np.linspace(0, 1, len(middle))[:, None]
            by = (1 - t) * np.array([-out * outer[0], outer[1]]) + t * np.array([-out * inner[0], inner[1]])
            off = (self.at[:, None] - middle) / (0.28, 0.3)
            near = np.exp(-0.5 * (off**2).sum(2))
            weight = np.minimum(1, near.max(1) * 1.15)
            self.moves += weight[:, None] * (near @ by / (near.sum(1, keepdims=True) + 1e-9))

    def lids(self, upper: float, lower: float) -> None:
        """Close the eyes by shares of their opening, from above and from below; less than 0 opens them."""
        for above, below in zip(of.UPPER_LIDS, of.LOWER_LIDS, strict=True):
            high = self.at[[*below], 1] - self.at[[*above], 1]
            self.moves[[*above], 1] += upper * high
            self.moves[[*below], 1] -= lower * high

    def smile(self, up: float, out: float) -> None:
        """Draw the corners of the mouth up and out; less than 0 down and in."""
        for corner, side in zip(self.corners, (-1.0, 1.0), strict=True):
            self.pull(corner, (side * out, -up), 0.42, 0.36)

    def cheeks(self, up: float) -> None:
        """Raise the cheeks."""
        for side in (-1.0, 1.0):
            self.pull(np.array([side * 1.0, 0.62 * self.mouth[1]]), (0.0, -up), 0.5, 0.4)

    def jaw(self, down: float, pointed: float) -> None:
        """Drop the jaw: the lower lip goes down with the chin, and less of what is beside it; `pointed` as `_bulge`."""
        x, y = np.abs(self.at[:, 0] - self.mouth[0]), self.at[:, 1]
        lower = np.clip((y - self.mouth[1]) / max(self.chin - self.mouth[1], 0.1), 0, 1)
        weight = np.where(y > self.mouth[1], _bulge(x / (self.wide + lower * (_JAW - self.wide)), pointed), 0.0)
        for ring in of.LOWER_LIP:
            inside = [*ring[1:-1]]
            weight[inside] = _bulge(x[inside] / self.wide, pointed)
        for ring in of.UPPER_LIP:
            weight[[*ring]] = 0
        self.moves[:, 1] += down * weight

    def lip(self, up: float) -> None:
        """Raise the upper lip."""
        for ring in of.UPPER_LIP:
            inside = [*ring[1:-1]]
            x = np.abs(self.at[inside, 0] - self.mouth[0]) / self.wide
            self.moves[inside, 1] -= up * np.clip(1 - x**2, 0, 1)

    def shut(self, share: float) -> None:
        """Close an open mouth by a share: lips meet at a third of their gap, and the jaw follows."""
        upper, lower = ([*lip[3]] for lip in (of.UPPER_LIP, of.LOWER_LIP))
        gap = np.maximum(self.at[lower, 1] - self.at[upper, 1], 0)
        gap += _OVERLAP * np.clip(gap / 0.08, 0, 1)
        middle = float(gap[len(gap) // 2])
        self.jaw(-share * _RISES * middle, 2.0)
        for ring in of.LOWER_LIP:
            self.moves[[*ring[1:-1]], 1] += share * _RISES * (middle * _bulge(self._beside(ring), 2.0) - gap)[1:-1]
        for ring in of.UPPER_LIP:
            self.moves[[*ring[1:-1]], 1] += share * (1 - _RISES) * gap[1:-1]

    def _beside(self, ring: Sequence[int]) -> Array:
        return np.asarray(np.abs(self.at[[*ring], 0] - self.mouth[0]) / self.wide)

    def sober(self, down: float, share: float) -> None:
        """Take a smile back, and draw the corners of the mouth down."""
        self.smile(-down - share * min(0.8 * self.lifted, 0.14), -share * min(0.6 * max(0.0, self.wide - _WIDE), 0.12))

    def thin(self, share: float) -> None:
        """Press the lips together: their outer edges come nearer to the line between them."""
        for lip in (of.UPPER_LIP, of.LOWER_LIP):
            line = self.at[[*lip[3]], 1]
            for ring in lip[:3]:
                self.moves[[*ring[1:-1]], 1] += share * (line - self.at[[*ring], 1])[1:-1]


def _angry(face: _Face, s: float) -> None:
    face.brows((0.14 * s, 0.28 * s), (0.0, -0.04 * s))
    face.lids(0.2 * s, 0.18 * s)
    face.shut(s)
    face.sober(0.15 * s, s)
    face.thin(0.22 * s)


def _shocked(face: _Face, s: float) -> None:
    face.brows((0.0, -0.26 * s), (0.0, -0.22 * s))
    face.lids(-0.22 * s, -0.1 * s)
    face.smile(-0.06 * s, -0.2 * s)
    face.lip(0.07 * s)
    face.jaw((0.6 - min(face.gap, 0.3)) * s, 0.85)


def _laughing(face: _Face, s: float) -> None:
    face.brows((0.0, -0.05 * s), (0.0, -0.05 * s))
    face.lids(0.26 * s, 0.36 * s)
    more = s * (1 - 0.8 * face.smiles)
    face.smile(0.26 * more, 0.2 * more)
    face.cheeks(0.05 * s + 0.08 * more)
    face.lip(0.02 * s)
    face.jaw(max(0.42 - face.gap, 0.08) * s, 1.1)


def _crying(face: _Face, s: float) -> None:
    face.brows((0.07 * s, -0.25 * s), (0.0, 0.08 * s))
    face.lids(0.34 * s, 0.2 * s)
    face.shut(s)
    face.sober(0.2 * s, s)
    face.pull(np.array([face.mouth[0], face.chin - 0.3]), (0.0, -0.07 * s), 0.35)


_PULLS: Final[Mapping[str, Callable[[_Face, float], None]]] = MappingProxyType(
    {"angry": _angry, "shocked": _shocked, "laughing": _laughing, "crying": _crying}
)


def moves(head: Head, effect: str, strength: float) -> Array:
    """Return by how much each point moves, (468, 2) in units of the head's frame.

    Args:
        head: The face.
        effect: One of `drafts.draw.EXPRESSIONS`.
        strength: In (0, 1]: 1 is the whole expression.
    """
    face = _Face(head)
    _PULLS[effect](face, strength)
    return face.moves
