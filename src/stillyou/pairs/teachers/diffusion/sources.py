"""The user's own portraits as sources: squares framed as all portraits are, with the fit that found their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillyou.drafts.fit import Fit
from stillyou.images.framing import FACE_CENTRE, FACE_SHARE
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.sources.sitter import WIDE, Sitter, Unusable, sit
from stillyou.pairs.teachers.sources.square import part
from stillyou.pairs.teachers.sources.store import Kept


@dataclass(frozen=True, eq=False)
class Portrait:
    """A source of the user's.

    Attributes:
        name: Of its file.
        pixels: (side, side, 3) uint8 sRGB.
        fit: Where things sit on it.
    """

    name: str
    pixels: Pixels
    fit: Fit


class Portraits:
    """The portraits of a folder by number, counted round.

    Args:
        files: Pictures.
        side: Of the squares.
    """

    def __init__(self, files: Sequence[Path], side: int) -> None:
        self._side = side
        self._kept: Kept[Sitter | Unusable] = Kept(files, lambda path: sit(path, side), lambda each: each.pixels.nbytes)

    def get(self, number: int) -> Portrait | Unusable:
        """Return a portrait, or why there is none."""
        found = self._kept.get(number)
        return found if isinstance(found, Unusable) else self._framed(found)

    def _framed(self, sitter: Sitter) -> Portrait:
        share = WIDE / FACE_SHARE
        left, top = ((1 - share) * centre for centre in FACE_CENTRE)
        fit, corner = sitter.fit, np.array([left, top], np.float32)
        doubt = None if fit.doubt is None else fit.doubt / np.float32(share)
        points = ((fit.points - corner) / np.float32(share)).astype(np.float32)
        return Portrait(sitter.name, part(sitter.pixels, left, top, share, self._side), Fit(points, fit.turn, doubt))
