"""From the model's square back into the picture, exactly (docs/reference/editing.md).

Symbols: o the original pixels (laid on white where transparent), e and r the model's edit and its reconstruction of the
source, both at the model's resolution, m the 8-bit editing mask at native resolution, U enlargement to native pixels, k
how much of the original's detail the edit keeps and s what makes the model's own edges crisp (`detail`).

    edit   = U(e) + U(s) + k (o - U(r))         where little changed, k = 1: the change is added to the original
    result = round(o + (m / 255) (edit - o))    and o itself, untouched, where m = 0
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PIL import Image

from stillyou.editing.composite.detail import crispness, kept_detail
from stillyou.editing.composite.guided_filter import coefficients
from stillyou.editing.scene.crop import Box, Crop, mask_box
from stillyou.editing.scene.resample import Plane, enlarge, on_white, resized, strips, view
from stillyou.images import Picture
from stillyou.images.colour import from_srgb
from stillyou.images.picture import Pixels

_SEAM, _HEM = 0.04, 0.12
"""Width of the fade at edges of the square that lie inside the picture, as a fraction of its side; and at the lower
edge, where coats end that the square is too short for."""
_GUIDE_SIDE = 640
"""Largest side at which a mask is fitted to the picture's edges."""
_GUIDE_RADIUS = 0.02
"""Of the windows in which it is fitted, as a fraction of the square's side: the width of a mask's soft border."""
_GUIDE_EPSILON = 5e-4
_FREE = 4.0
"""A mask that was p may become anything from 1 - 4 (1 - p) to 4 p: its 0 and its 1 stay."""
_NOTHING = 0.5 / 255


def native_mask(mask: Plane, crop: Crop, size: tuple[int, int], guide: Picture | None = None) -> Pixels:
    """Enlarge the model's mask to the 8-bit mask that compositing uses.

    Args:
        mask: (side, side) in [0, 1].
        crop: The square it belongs to.
        size: Width and height of the picture.
        guide: The picture whose edges the soft border of the mask follows where the picture has more pixels than the
            model; None to enlarge alone.

    Returns:
        uint8 (H, W): 0 outside the square, fading to 0 at its edges inside the picture.
    """
    result = np.zeros((size[1], size[0]), np.uint8)
    faded = mask * _seam(crop, size, len(mask))
    fit = _fit(faded, crop, guide) if guide is not None and crop.size > len(mask) else None
    for box in strips(crop.visible(size)):
        left, top, right, bottom = box
        plane = enlarge(faded, crop, box, Image.Resampling.BILINEAR)
        if fit is not None and guide is not None:
            plane = _follow(plane, enlarge(fit, crop, box, Image.Resampling.BILINEAR), on_white(guide, box))
        result[top:bottom, left:right] = np.rint(255 * plane)
    return result


def composite(
    picture: Picture, edit: Plane, reconstruction: Plane, mask: Pixels, crop: Crop, detail: Picture | None = None
) -> Pixels:
    """Put an edit into a picture.

    Args:
        picture: The upright picture.
        edit: The model's square (side, side, 3) in 0..255, in the picture's colour space.
        reconstruction: The model's copy of the source (side, side, 3), likewise.
        mask: The editing mask uint8 (H, W).
        crop: The square.
        detail: The picture with a draft on it, d, of which the reconstruction is a copy: its detail is kept instead.

    Returns:
        uint8 (H, W, 3): bit-identical to the picture where the mask is 0 or the picture fully transparent.
    """
    result = picture.rgb.copy()
    marked = mask_box(mask)
    if marked is None:
        return result
    kept, crisp = kept_detail(edit, reconstruction), crispness(edit, reconstruction, crop.size)
    bicubic = Image.Resampling.BICUBIC
    for box in strips(_common(marked, crop.visible(picture.size))):
        o = on_white(picture, box).astype(np.float32)
        k = enlarge(kept, crop, box, Image.Resampling.BILINEAR)[..., None]
        d = o if detail is None else on_white(detail, box).astype(np.float32)
        wanted = enlarge(edit, crop, box, bicubic) + k * (d - enlarge(reconstruction, crop, box, bicubic))
        if crisp is not None:
            wanted += enlarge(crisp, crop, box, Image.Resampling.BILINEAR)
        _blend(result, picture, wanted, mask, box)
    return result


def lay_draft(picture: Picture, draft: NativeArt, mask: Pixels) -> Pixels:
    """Lay art on a picture as it is drawn.

    Args:
        picture: The upright picture.
        draft: The art over one square of it.
        mask: The editing mask uint8 (H, W); the art's own alpha, or less.

    Returns:
        uint8 (H, W, 3): bit-identical to the picture where the mask is 0 or the picture fully transparent.
    """
    result = picture.rgb.copy()
    marked = mask_box(mask)
    if marked is None:
        return result
    for box in strips(_common(marked, draft.crop.visible(picture.size))):
        colours, _ = draft.part(box)
        _blend(result, picture, in_profile(colours, picture.info.icc), mask, box)
    return result


class NativeArt(Protocol):
    """Art over one square of a picture (`drafting.SquareDraft`)."""

    @property
    def crop(self) -> Crop:
        """The square."""
        ...

    def part(self, box: Box) -> tuple[Plane, Plane]:
        """Return sRGB colours (h, w, 3) in 0..255 and alpha (h, w) of some of the picture's pixels."""
        ...


def in_profile(planes: Plane, icc: bytes) -> Plane:
    """Convert sRGB (h, w, 3) in 0..255 to a picture's profile; without one they keep their fractions."""
    eight = np.rint(np.clip(planes, 0, 255)).astype(np.uint8)
    converted = from_srgb(eight, icc)
    return planes if converted is eight else converted.astype(np.float32)


def _blend(result: Pixels, picture: Picture, wanted: Plane, mask: Pixels, box: Box) -> None:
    """Move pixels of a box towards wanted ones, as far as the mask says; `result` holds them before and after."""
    left, top, right, bottom = box
    part = (slice(top, bottom), slice(left, right))
    o = on_white(picture, box).astype(np.float32)
    share = _share(mask[part], None if picture.alpha is None else picture.alpha[part])
    change = share[..., None] * (np.clip(wanted, 0, 255) - o)
    blended = np.clip(np.rint(result[part] + change), 0, 255).astype(np.uint8)
    result[part] = np.where(share[..., None] > 0, blended, result[part])


def _fit(mask: Plane, crop: Crop, guide: Picture) -> Plane:
    """Return the guided filter's coefficients for a mask, at most `_GUIDE_SIDE` a side."""
    side = min(crop.size, max(_GUIDE_SIDE, len(mask)))
    seen = view(guide, crop, side).astype(np.float32) / np.float32(255)
    rough = resized(mask, side, Image.Resampling.BILINEAR)
    return coefficients(seen, rough, max(1, round(_GUIDE_RADIUS * side)), _GUIDE_EPSILON)


def _follow(rough: Plane, fit: Plane, seen: Pixels) -> Plane:
    """Return the mask (h, w) that follows the picture's edges."""
    fitted = (fit[..., :3] * (seen.astype(np.float32) / np.float32(255))).sum(axis=-1) + fit[..., 3]
    lowest, highest = np.maximum(1 - _FREE * (1 - rough), 0), np.minimum(_FREE * rough, 1)
    follows: Plane = np.where(rough < _NOTHING, 0, np.clip(fitted, lowest, highest)).astype(np.float32)
    return follows


def _share(mask: Pixels, alpha: Pixels | None) -> Plane:
    """Return the weight of an edit, divided by the opacity: what shines through must change as wanted."""
    share = mask.astype(np.float32) / np.float32(255)
    if alpha is None:
        return share
    opacity = np.maximum(alpha.astype(np.float32), 1) / np.float32(255)
    return np.where(alpha > 0, share / opacity, np.float32(0))


def _seam(crop: Crop, size: tuple[int, int], side: int) -> Plane:
    """Return weights (side, side) that fall to 0 at the edges of the square beyond which the picture goes on."""
    rows, columns = np.ones(side, np.float32), np.ones(side, np.float32)
    if crop.left > 0:
        columns *= _ramp(side, _SEAM)
    if crop.left + crop.size < size[0]:
        columns *= _ramp(side, _SEAM)[::-1]
    if crop.top > 0:
        rows *= _ramp(side, _SEAM)
    if crop.top + crop.size < size[1]:
        rows *= _ramp(side, _HEM)[::-1]
    seam: Plane = np.outer(rows, columns).astype(np.float32)
    return seam


def _ramp(side: int, width: float) -> Plane:
    """Return weights (side,) that rise from 0 to 1 over a fraction of the side."""
    ramp: Plane = np.clip(np.arange(side, dtype=np.float32) / max(1.0, width * side), 0, 1)
    return ramp


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
