"""A draft over one square of a picture, and what it is to the picture's own pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.editing.scene.crop import Box, Crop, mask_box
from stillyou.editing.scene.resample import Plane, strips
from stillyou.images import Picture
from stillyou.images.colour import from_srgb, to_srgb
from stillyou.images.picture import Pixels

_HOW = Image.Resampling.BILINEAR


@dataclass(frozen=True, eq=False)
class SquareDraft:
    """A draft over one square of a picture.

    Attributes:
        crop: The square, in pixels of the picture.
        draft: Art over it, of any side; colours are sRGB.
        fit: Where it was drawn, in shares of the square; None for a user's own and for expressions.
    """

    crop: Crop
    draft: Draft
    fit: Fit | None = None

    @cached_property
    def _alpha(self) -> Image.Image:
        """Its alpha, 8 bits."""
        return Image.fromarray(np.rint(255 * np.clip(self.draft.alpha, 0, 1)).astype(np.uint8))

    @cached_property
    def _packed(self) -> Image.Image:
        """Colours times alpha, and alpha, in 8 bits: laid on a picture, rounding weighs half a level at most."""
        weight = np.clip(self.draft.alpha, 0, 1)[..., None]
        values = np.concatenate([np.clip(self.draft.rgb, 0, 255) * weight, 255 * weight], axis=-1)
        size = self.draft.size
        return Image.frombytes("RGBa", size, np.rint(values).astype(np.uint8).tobytes())

    def reach(self, size: tuple[int, int]) -> Box:
        """Return the box of a picture of this width and height outside which the draft shows nothing."""
        marked = mask_box(np.asarray(self._alpha))
        if marked is None:
            return 0, 0, 0, 0
        scale = self.crop.size / len(self.draft.alpha)
        left, top, right, bottom = self.crop.visible(size)
        return (
            max(left, self.crop.left + int((marked[0] - 1) * scale)),
            max(top, self.crop.top + int((marked[1] - 1) * scale)),
            min(right, self.crop.left + int((marked[2] + 1) * scale) + 1),
            min(bottom, self.crop.top + int((marked[3] + 1) * scale) + 1),
        )

    def part(self, box: Box) -> tuple[Plane, Plane]:
        """Return colours (h, w, 3) in 0..255 and alpha (h, w) in [0, 1] of some of the picture's pixels."""
        if len(self.draft.alpha) == self.crop.size:
            rows, columns = self._own(box)
            return self.draft.rgb[rows, columns], self.draft.alpha[rows, columns]
        values: Plane = np.asarray(self._enlarged(self._packed, box)).astype(np.float32)
        weight: Plane = values[..., 3:] / np.float32(255)
        colours = np.zeros_like(values[..., :3])
        np.divide(values[..., :3], weight, out=colours, where=weight > 0)
        return np.minimum(colours, np.float32(255)), weight[..., 0]

    def mask(self, size: tuple[int, int]) -> Pixels:
        """Return its alpha as an 8-bit mask of a whole picture of this width and height."""
        whole = np.zeros((size[1], size[0]), np.uint8)
        left, top, right, bottom = box = self.reach(size)
        if left < right and top < bottom:
            own = len(self.draft.alpha) == self.crop.size
            alpha = np.asarray(self._alpha)
            part = alpha[self._own(box)] if own else np.asarray(self._enlarged(self._alpha, box))
            whole[top:bottom, left:right] = part
        return whole

    def on(self, picture: Picture) -> Picture:
        """Return a picture with the draft on it, in the picture's own colour space."""
        rgb, icc = picture.rgb.copy(), picture.info.icc
        for box in strips(self.reach(picture.size)):
            left, top, right, bottom = box
            below = to_srgb(np.ascontiguousarray(rgb[top:bottom, left:right]), icc)
            colours, alpha = self.part(box)
            laid = from_srgb(Draft(colours, alpha).over(below), icc)
            rgb[top:bottom, left:right] = np.where(alpha[..., None] > 0, laid, rgb[top:bottom, left:right])
        return replace(picture, rgb=rgb)

    def _own(self, box: Box) -> tuple[slice, slice]:
        """Return rows and columns of a draft that is as large as its square."""
        left, top = box[0] - self.crop.left, box[1] - self.crop.top
        return slice(top, top + box[3] - box[1]), slice(left, left + box[2] - box[0])

    def _enlarged(self, image: Image.Image, box: Box) -> Image.Image:
        """Return part of an image that covers the square, in the picture's pixels."""
        scale, side = self.crop.size / image.width, image.width
        edges = [(at - corner) / scale for at, corner in zip(box, (self.crop.left, self.crop.top) * 2, strict=True)]
        source = edges[0], edges[1], min(edges[2], side), min(edges[3], side)
        return image.resize((box[2] - box[0], box[3] - box[1]), _HOW, box=source)


def draft_image(drafts: Sequence[SquareDraft], picture: Picture) -> Image.Image:
    """Return drafts as one RGBA image of a picture's size, sRGB."""
    canvas = Image.new("RGBA", picture.size)
    for each in drafts:
        left, top, right, bottom = each.crop.visible(picture.size)
        colours, alpha = each.part((left, top, right, bottom))
        layer = np.dstack([np.clip(colours, 0, 255), 255 * np.clip(alpha, 0, 1)])
        canvas.alpha_composite(Image.fromarray(np.rint(layer).astype(np.uint8), "RGBA"), (left, top))
    return canvas
