"""Pictures of a real face: scikit-image's portrait of the astronaut Eileen Collins (NASA, public domain)."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image
from skimage import data

FACE = (228, 128, 94)
"""Column and row of the middle of her face and the side of the detector's box, in the portrait of 512x512."""


@cache
def astronaut():
    return Image.fromarray(data.astronaut())


def portrait(side):
    return np.asarray(astronaut().resize((side, side), Image.Resampling.BICUBIC))


def head(side):
    """Her head alone, `side` pixels wide: FACE is at (0.52, 0.46) of it, with a box of 0.45."""
    return astronaut().crop((120, 20, 330, 272)).resize((side, side * 252 // 210), Image.Resampling.BICUBIC)


def group(places, size, colour=(90, 120, 100)):
    """A picture with a head at each (left, top, side), every other one mirrored."""
    canvas = Image.new("RGB", size, colour)
    for index, (left, top, side) in enumerate(places):
        one = head(side)
        canvas.paste(one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if index % 2 else one, (left, top))
    return np.asarray(canvas)
