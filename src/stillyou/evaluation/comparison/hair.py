"""How much of the hair's fine detail an answer loses or adds.

With Y the luminance, H(Y) = Y - Gaussian(Y) (`looks.high_pass`), s the source and a the answer:

    hair high pass = mean over the hair of |H(a) - H(s)|, in 8-bit levels

The hair is where the fit network sees the head around the face: its hood ellipse without its face ellipse enlarged
by 1.2, outside the true mask. That is hair for the most part, and ears, worn hats and some background; no true mask
of hair is kept with pairs. Sources whose fit is unsure have no figure.
"""

from __future__ import annotations

import numpy as np

from stillyou.drafts import network
from stillyou.evaluation.looks import high_pass
from stillyou.metrics import Picture, Region

HAIR = "hair_high_pass"
_FACE, _FEWEST = 1.2, 64
"""How far the face's ellipse is enlarged; pixels that the figure needs."""


class Hair:
    """Measures hair; each source's fit is predicted once."""

    def __init__(self) -> None:
        self._known: dict[bytes, Region | None] = {}

    def __call__(self, source: Picture, answer: Picture, inside: Region) -> float | None:
        """Return the figure of an answer uint8 (N, N, 3); `inside` (N, N) is where the true mask is marked."""
        head = self._head(source)
        if head is None:
            return None
        region = head & ~inside
        if region.sum() < _FEWEST:
            return None
        return float(np.abs(high_pass(answer) - high_pass(source))[region].mean())

    def _head(self, source: Picture) -> Region | None:
        key = source.tobytes()
        if key not in self._known:
            (fit,) = network.predict(source[None])
            sure = fit.unsure <= network.load().config.sure_below
            side = len(source)
            self._known[key] = fit.ellipse("hood", side) & ~fit.ellipse("face", side, _FACE) if sure else None
        return self._known[key]
