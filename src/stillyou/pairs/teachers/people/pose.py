"""Poses: how the head turns on the neck, the arms hang, and the skin follows (linear blend skinning)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillyou.pairs.teachers.people.body import BONES, Body
from stillyou.pairs.teachers.people.geometry import Floats, euler, floats, rotation

NECK_SHARES = (0.25, 0.45, 0.7)
"""Share of the head's turn that each bone of the neck takes."""
_ARM = 0.42
"""Radians by which arms are lowered from the template's pose."""


@dataclass(frozen=True)
class HeadPose:
    """Turn of the head in radians: yaw to its left, pitch down, roll to its right."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


class Pose:
    """The bones' transforms for one person.

    Args:
        body: The body.
        cage: (C, 3) of the person, neutral; its joints are the turning points.
        turn: How the head is turned.

    Attributes:
        matrices: (9, 3, 3) turn of each of `BONES`.
        offsets: (9, 3) shift of each after the turn.
    """

    def __init__(self, body: Body, cage: Floats, turn: HeadPose) -> None:
        self._default = body.weights

        def joint(name: str) -> Floats:
            return body.joint(cage, name)

        angles = np.array([turn.yaw, turn.pitch, turn.roll])
        neck, head = joint("neck"), joint("head")
        turns = [np.eye(3, dtype=np.float32)] + [euler(*(angles * share)) for share in NECK_SHARES]
        centres = [np.zeros(3, np.float32)] + [neck] * 3
        places = list(centres)
        turns.append(euler(*angles))
        centres.append(head)
        places.append(turns[3] @ (head - neck) + neck)  # the head's joint rides on the neck's last bone
        for name, angle in (("shoulder", _ARM), ("clavicle", 0.15 * _ARM)):
            for side, sign in (("l", -1), ("r", 1)):
                turns.append(rotation([0, 0, 1], sign * angle))
                centres.append(joint(f"{side}-{name}"))
                places.append(centres[-1])
        self.matrices = floats(np.stack(turns))
        self.offsets = floats(np.stack(places) - np.einsum("bij,bj->bi", self.matrices, np.stack(centres)))

    @property
    def head_rotation(self) -> Floats:
        """The head's turn (3, 3)."""
        return self.matrices[BONES.index("head")]

    def body(self, points: Floats, weights: Floats | None = None) -> Floats:
        """Pose points (N, 3) by skin weights (N, 9); by default those of the body's surface."""
        chosen = self._default if weights is None else weights
        blended = chosen @ np.concatenate([self.matrices.reshape(-1, 9), self.offsets], 1)
        rows = [np.einsum("ni,ni->n", blended[:, 3 * k : 3 * k + 3], points) + blended[:, 9 + k] for k in range(3)]
        return floats(np.stack(rows, 1))

    def head(self, points: Floats) -> Floats:
        """Pose points (..., 3) that follow the head."""
        bone = BONES.index("head")
        return floats(points @ self.matrices[bone].T + self.offsets[bone])

    def direction(self, vectors: Floats) -> Floats:
        """Turn vectors (..., 3) with the head."""
        return floats(vectors @ self.head_rotation.T)

    def blend(self, points: Floats, shares: Mapping[str, float]) -> Floats:
        """Pose points (..., 3) by one mixture of bones, for example ``{"torso": 0.75, "neck01": 0.25}``."""
        row = floats([shares.get(bone, 0.0) for bone in BONES])
        matrix, offset = np.tensordot(row, self.matrices, 1), row @ self.offsets
        return floats(points @ matrix.T + offset)
