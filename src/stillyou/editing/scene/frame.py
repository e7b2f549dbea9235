"""A square around a face, turned so that the face stands upright, and the way back into the picture.

A tilted square is seen through the upright square around it: that one is reduced to twice the model's resolution,
turned and cut out. The model's planes go back the same way. Compositing knows upright squares only, so nothing about
exactness depends on the turning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import Plane, mask_view, view
from stillyou.images import Picture
from stillyou.images.faces import Face
from stillyou.images.framing import FACE_CENTRE, FACE_SHARE
from stillyou.images.picture import Pixels

UPRIGHT = 12.0
"""Faces that lean by fewer degrees are taken as they are: training turns its pictures as much."""
_SEAM = 0.04
"""Width of the fade at the edges of a turned square, as a fraction of its side."""
_FINER = 2
_WIDER = 1.3


@dataclass(frozen=True)
class Framed:
    """A square of a picture at the model's resolution.

    Attributes:
        crop: The upright square in the picture that `lay`'s planes cover.
        side: The model's resolution.
        cells: Pixels a side of those planes: more than `side` for a tilted square.
        tilt: Degrees by which the picture is turned counter-clockwise for the model.
    """

    crop: Crop
    side: int
    cells: int
    tilt: float = 0.0

    def see(self, picture: Picture) -> Pixels:
        """Return what the model sees: uint8 (side, side, 3) in the picture's own colour space."""
        if not self.tilt:
            return view(picture, self.crop, self.side)
        image = Image.fromarray(view(picture, self.crop, _FINER * self.cells))
        return np.asarray(self._cut(image))

    def see_mask(self, mask: Pixels) -> Plane:
        """Return a native mask (H, W) as the model gets it: (side, side) in [0, 1]."""
        if not self.tilt:
            return mask_view(mask, self.crop, self.side)
        image = Image.fromarray(mask_view(mask, self.crop, _FINER * self.cells))
        return np.clip(np.asarray(self._cut(image)), 0, 1)

    def lay(self, planes: Plane) -> Plane:
        """Turn the model's (side, side) or (side, side, C) back: (cells, cells) or (cells, cells, C) over `crop`."""
        if not self.tilt:
            return planes
        if planes.ndim == 3:
            return np.stack([self.lay(planes[..., channel]) for channel in range(planes.shape[-1])], axis=-1)
        around = (self.cells - self.side) // 2
        image = Image.fromarray(np.pad(planes, around, mode="edge"))
        return np.asarray(image.rotate(-self.tilt, Image.Resampling.BICUBIC))

    def lay_mask(self, mask: Plane) -> Plane:
        """Turn the model's mask back; a turned one fades to 0 at the edges of its square."""
        if not self.tilt:
            return mask
        ramp = np.clip(np.arange(self.side, dtype=np.float32) / (_SEAM * self.side), 0, 1)
        edge = np.minimum(ramp, ramp[::-1])
        return np.clip(self.lay(mask * np.outer(edge, edge)), 0, 1)

    def part(self, x: float, y: float, share: float) -> Framed:
        """Return a smaller square inside this one, turned alike, that the model sees at the same resolution.

        Args:
            x: Its middle, in shares of `crop`'s side from the left.
            y: Likewise from the top.
            share: Its side in shares of this one's, up to 1; it is moved to lie inside.
        """
        size = max(1, round(share * self.crop.size))
        left, top = (min(max(round(at * self.crop.size - size / 2), 0), self.crop.size - size) for at in (x, y))
        return replace(self, crop=Crop(self.crop.left + left, self.crop.top + top, size))

    def _cut(self, image: Image.Image) -> Image.Image:
        """Turn a picture of the whole square and cut out the middle."""
        turned = image.rotate(self.tilt, Image.Resampling.BICUBIC)
        margin = (image.width - _FINER * self.side) // 2
        middle = turned.crop((margin, margin, margin + _FINER * self.side, margin + _FINER * self.side))
        return middle.resize((self.side, self.side), Image.Resampling.BOX)


def frame_crop(crop: Crop, side: int) -> Framed:
    """Return an upright square as the model sees it at its resolution."""
    return Framed(crop, side, side)


def frame_face(face: Face, side: int, height: int) -> Framed:
    """Return the square around a face, framed as the people studio frames people (`images.framing`).

    Args:
        face: In pixels of the picture.
        side: The model's resolution.
        height: Of the picture: in the studio's pictures the body always goes down to the edge, so a square that ends
            a little above the picture's is enlarged until it reaches it.
    """
    tilt = face.tilt if abs(face.tilt) > UPRIGHT else 0.0
    size = face.size / FACE_SHARE
    if not tilt and size < (height - face.y) / (1 - FACE_CENTRE[1]) <= _WIDER * size:
        size = (height - face.y) / (1 - FACE_CENTRE[1])
    angle = np.deg2rad(tilt)
    right, down = ((0.5 - share) * size for share in FACE_CENTRE)
    x = face.x + float(np.cos(angle)) * right - float(np.sin(angle)) * down
    y = face.y + float(np.sin(angle)) * right + float(np.cos(angle)) * down
    cells = side
    if tilt:
        wide = side * (abs(float(np.cos(angle))) + abs(float(np.sin(angle))))
        cells = side + 2 * int(np.ceil((wide - side) / 2 - 1e-6))
    whole = max(1, round(size * cells / side))
    return Framed(Crop(round(x - whole / 2), round(y - whole / 2), whole), side, cells, tilt)
