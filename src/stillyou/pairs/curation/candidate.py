"""A candidate as scorers see it: a pair, its effect, and what several scorers need of it, computed once.

Regions of a portrait follow from its fit (`stillyou.drafts.fit`). Where that is unsure, an expression keeps a frame
around the picture, and of a costume nobody knows:

    head      the part of the head that makes the person: of an expression what surrounds the face, of a costume the
              middle of the face
    kept      where the effect should change nothing: of an expression all but the face and its rim, of a costume the
              middle of the face and the background beyond any hood
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.fit import Fit
from stillyou.effects.spec import EffectSpec
from stillyou.images.morphology import Flags
from stillyou.pairs.pair import Pair, Pixels

Plane = NDArray[np.float32]
"""(H, W)."""
_FACE_RIM = 1.35
"""An expression stays within the face ellipse enlarged by this: brows rise, chins drop, tears run."""
_FACE_MIDDLE = 0.7
"""No costume reaches into the face ellipse reduced to this."""
_HOOD_ROOM = 1.9
"""A costume stays within the hood ellipse enlarged by this, or below the shoulders."""
_FRAME = 0.06
"""Width of the frame that an expression keeps where the fit is unsure, as a share of the side."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pair to be scored.

    Attributes:
        pair: The pair.
        effect: What it should show.
    """

    pair: Pair
    effect: EffectSpec

    @property
    def side(self) -> int:
        """Side of the square pictures in pixels."""
        return len(self.pair.source)

    @cached_property
    def difference(self) -> Plane:
        """Absolute difference of source and target, mean over the channels, (H, W) in 0 to 255."""
        source, target = (picture.astype(np.int16) for picture in (self.pair.source, self.pair.target))
        return np.abs(source - target).mean(axis=2, dtype=np.float32)

    @cached_property
    def fits(self) -> tuple[Fit, Fit]:
        """Fits of the source and of the target, with doubts."""
        from stillyou.drafts.network import predict

        one, other = predict(np.stack([self.pair.source, self.pair.target]))
        return one, other

    @cached_property
    def sure(self) -> bool:
        """Whether the source's fit can be trusted."""
        from stillyou.drafts.network import load

        return self.fits[0].unsure <= load().config.sure_below

    @cached_property
    def head(self) -> Flags:
        """What makes the person and stays, (H, W); empty where the fit is unsure, or for effects nobody knows."""
        if not self.sure or self.effect.group == "other":
            return np.zeros((self.side, self.side), bool)
        if self.effect.group == "costume":
            return self._ellipse("face", _FACE_MIDDLE)
        return self._ellipse("hood", 1.0) & ~self._ellipse("face", _FACE_RIM)

    @cached_property
    def kept(self) -> Flags:
        """Where the effect should change nothing, (H, W); empty for effects of which nobody knows."""
        nothing = np.zeros((self.side, self.side), bool)
        if self.effect.group == "other":
            return nothing
        if self.effect.group == "expression":
            return ~self._ellipse("face", _FACE_RIM) if self.sure else self._frame()
        if not self.sure:  # a costume may reach anywhere
            return nothing
        _, y = self._grid()
        shoulders = min(float(self.fits[0][f"shoulder_{side}"][1]) for side in ("left", "right"))
        beyond = ~self._ellipse("hood", _HOOD_ROOM) & (y < shoulders - 0.05)
        return self._ellipse("face", _FACE_MIDDLE) | beyond

    def _grid(self) -> tuple[Plane, Plane]:
        """Return the middles of pixels in shares of the side: x (1, W) and y (H, 1)."""
        middles = ((np.arange(self.side) + 0.5) / self.side).astype(np.float32)
        return middles[None, :], middles[:, None]

    def _frame(self) -> Flags:
        x, y = self._grid()
        edge: Flags = np.minimum(np.minimum(x, 1 - x), y + 0 * x) < _FRAME
        return edge

    def _ellipse(self, part: str, scale: float) -> Flags:
        """Return the ellipse of ``face`` or ``hood``, scaled about its middle and turned with the face."""
        return self.fits[0].ellipse(part, self.side, scale)


def grey(picture: Pixels) -> Plane:
    """Return the luma of a picture: (H, W) in 0 to 255."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(picture.astype(np.float32) @ weights, np.float32)
