"""The inside of a mouth that opens: teeth that a photograph shows stay with the upper jaw, what else is seen is drawn.

Sizes are in units of the head's frame (half the distance of the eyes, some 31 mm): a middle incisor is 0.27 wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.interpolate import CubicSpline

from stillyou.drafts.draft import Draft, Plane, nothing
from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.bend import Box, box_around, centres, sample
from stillyou.drafts.people.face.pulls import Head

Array = NDArray[np.float64]
_FINER = 4
"""Samples a pixel and side at borders."""
_ALONG = 60
"""Points of a lip's edge."""
_TEETH: Final = (0.0, 0.27, 0.47, 0.66, 0.81, 0.93, 1.02, 1.09)
"""Where upper teeth end to each side of the middle: the arch turns away, so that they seem narrower and narrower."""
_TOOTH, _GUM, _INSIDE, _TONGUE = ((0.92, 0.87, 0.79), (0.62, 0.33, 0.32), (0.17, 0.06, 0.06), (0.37, 0.15, 0.15))
"""Colours in white light."""
_SHOWN = {"laughing": 0.27}
"""How much of the upper teeth expressions show."""
_BAND, _LINE = 0.075, 0.024
"""Half the width of the band in which lips that have met are smoothed, and of the line between them."""
_WAS_OPEN, _IS_SHUT = 0.06, 0.05
"""How far lips are apart that were open, and at most where they have met."""
_OWN = 0.03
"""Area in squared units from which on a photograph's own open mouth is looked into."""


@dataclass(frozen=True, eq=False)
class Mouth:
    """The inner edges of a mouth's lips.

    Attributes:
        before: (n, 2) its outline in the picture, in pixels of the square; upper lip first, from left to right.
        after: (n, 2) its outline as it opens.
        shift: (2,) by how much the upper lip moves.
    """

    before: Array
    after: Array
    shift: Array

    @classmethod
    def of(cls, points: Array, moved: Array) -> Mouth:
        """Return the mouth of a mesh (468, 2) and of the same after it moved."""
        upper, lower = [*of.UPPER_LIP[3]], [*of.LOWER_LIP[3]]
        shift = (moved - points)[upper[3:-3]].mean(0)
        return cls(_outline(points[upper], points[lower]), _outline(moved[upper], moved[lower]), shift)

    def lower(self, box: Box) -> Plane:
        """Return which pixels of a box, (h, w) in [0, 1], move with the lower jaw: those below the lips' line.

        Beside the mouth, where both jaws move alike, it is a half.
        """
        upper, lower = self.after[:_ALONG], self.after[: _ALONG - 1 : -1]
        line = (upper + lower) / 2
        (u, v), edge = _turned(line, line[[0, -1]], box)
        wide = max(float(edge[-1, 0] - edge[0, 0]) / 2, 1.0)
        below = v - np.interp(u, np.maximum.accumulate(edge[:, 0]), edge[:, 1])
        beside = np.clip((np.abs(u) / wide - 1.02) / 0.35, 0, 1)
        whole = np.clip(below + 0.5, 0, 1)
        return np.asarray(whole + beside * (0.5 - whole), np.float32)


def join_lips(rgb: Plane, mouth: Mouth, head: Head) -> tuple[Draft, Box]:
    """Smooth the line at which open lips have met: what was seen between them must not show.

    Args:
        rgb: The square (N, N, 3) in 0..255, after the face moved.
        mouth: Its lips.
        head: The head.

    Returns:
        Colours over the line, and the box that they cover; nothing where the mouth was shut, or is open.
    """
    unit = head.unit
    was, now = (_gap(edge) @ head.axes[1, :2] / unit**2 for edge in (mouth.before, mouth.after))
    box = box_around(mouth.after, 2 + round(0.2 * unit), len(rgb))
    if was < _WAS_OPEN or now > _IS_SHUT:
        return nothing(box[2] - box[0], box[3] - box[1]), box
    line = (mouth.after[:_ALONG] + mouth.after[: _ALONG - 1 : -1]) / 2
    ends = line[[0, -1]]
    (u, v), edge = _turned(line, ends, box)
    wide, band = max(float(np.ptp(edge[:, 0])) / 2, 1.0), max(_BAND * unit, 1.5)
    off = v - np.interp(u, np.maximum.accumulate(edge[:, 0]), edge[:, 1])
    e = (ends[1] - ends[0]) / max(float(np.hypot(*(ends[1] - ends[0]))), 1.0)
    normal = np.array([-e[1], e[0]])
    above, below = (
        sample(rgb, ((side * band - off)[..., None] * normal).astype(np.float32), box) for side in (-1.0, 1.0)
    )
    share = np.clip((off / band + 1) / 2, 0, 1)[..., None]
    within = np.clip((1.1 - np.abs(u) / wide) / 0.1, 0, 1)
    dark = 0.34 * np.exp(-((off / max(_LINE * unit, 0.7)) ** 2)) * within
    colours = (above + share * (below - above)) * (1 - dark)[..., None]
    alpha = np.clip((1 - np.abs(off) / band) / 0.25, 0, 1) * within
    return Draft(colours.astype(np.float32), alpha.astype(np.float32)), box


def _gap(outline: Array) -> Array:
    """Return the way (2,) from the middle of the upper lip to that of the lower one."""
    return np.asarray(outline[-_ALONG // 2] - outline[_ALONG // 2])


def _turned(edge: Array, ends: Array, box: Box) -> tuple[tuple[Array, Array], Array]:
    """Return the pixels of a box, u and v (h, w), and an edge (n, 2) in the frame of the line between two ends."""
    wide = max(float(np.hypot(*(ends[1] - ends[0]))), 1.0)
    e = (ends[1] - ends[0]) / wide
    turn, middle = np.stack([e, (-e[1], e[0])]), ends.mean(0)
    u, v = np.moveaxis((centres(box) - middle) @ turn.T, -1, 0)
    return (u, v), (edge - middle) @ turn.T


def _outline(upper: Array, lower: Array) -> Array:
    places = np.linspace(0, 1, len(upper))
    lower = np.where((np.arange(len(upper)) % (len(upper) - 1) == 0)[:, None], upper, lower)
    one, other = (CubicSpline(places, edge)(np.linspace(0, 1, _ALONG)) for edge in (upper, lower))
    return np.concatenate([one, other[::-1]])


def filled(outline: Array, box: Box) -> Plane:
    """Return what of each pixel of a box lies within an outline (n, 2): (h, w) in [0, 1]."""
    left, top, right, bottom = box
    image = Image.new("L", ((right - left) * _FINER, (bottom - top) * _FINER))
    ImageDraw.Draw(image).polygon([tuple(point) for point in (outline - (left, top)) * _FINER], fill=255)
    small = image.resize((right - left, bottom - top), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)


def draw_inside(pixels: NDArray[np.uint8], mouth: Mouth, head: Head, light: Plane, effect: str) -> tuple[Draft, Box]:
    """Draw what is seen of a mouth between its lips.

    Args:
        pixels: The square uint8 (N, N, 3), before anything moved.
        mouth: Its lips.
        head: The head.
        light: (3,) what white is in its light, 0..255.
        effect: The expression.

    Returns:
        The inside, and the box of the square that it covers.
    """
    box = box_around(mouth.after, 2 + round(0.1 * head.unit), len(pixels))
    within = _Within.of(mouth, head, box)
    hole = filled(mouth.after, box) * (within.high > 0)  # lips that press on each other leave none
    if hole.sum() < 2:
        return nothing(box[2] - box[0], box[3] - box[1]), box
    rgb = _drawn(within, light, _SHOWN.get(effect, 0.0))
    _lay_own(rgb, pixels, mouth, head.unit, box)
    soft = max(0.5, 0.01 * head.unit)
    rgb = np.stack([ndimage.gaussian_filter(rgb[..., channel], soft) for channel in range(3)], axis=-1)
    return Draft(rgb.astype(np.float32), np.clip(ndimage.gaussian_filter(hole, soft), 0, 1)), box


def _lay_own(rgb: Plane, pixels: NDArray[np.uint8], mouth: Mouth, unit: float, box: Box) -> None:
    """Lay what a picture shows of an open mouth over a drawn inside (h, w, 3): it moves with the upper lip."""
    around = box_around(np.concatenate([mouth.before, mouth.after]), 2 + round(0.1 * unit), len(pixels))
    own = filled(mouth.before, around)
    if own.sum() <= _OWN * unit**2:
        return
    left, top, right, bottom = around
    part = np.dstack([pixels[top:bottom, left:right].astype(np.float32), ndimage.grey_erosion(own, 3)])
    there = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    seen = sample(part, np.broadcast_to(-mouth.shift.astype(np.float32), (*rgb.shape[:2], 2)), there)
    rgb += np.clip(seen[..., 3:], 0, 1) * (seen[..., :3] - rgb)


@dataclass(frozen=True, eq=False)
class _Within:
    """Where the pixels of a box lie in a mouth.

    Attributes:
        across: From the middle of the upper lip, in units.
        reach: The same in shares of half the mouth's width.
        below: The upper lip's edge.
        high: How far the lips are apart there.
    """

    across: Plane
    reach: Plane
    below: Plane
    high: Plane

    @classmethod
    def of(cls, mouth: Mouth, head: Head, box: Box) -> _Within:
        """Return it for a mouth and the pixels of a box."""
        upper, lower = mouth.after[:_ALONG], mouth.after[: _ALONG - 1 : -1]
        (u, v), both = _turned(np.concatenate([upper, lower]), upper[[0, -1]], box)
        edges = both[:_ALONG], both[_ALONG:]
        lip, low = (np.interp(u, np.maximum.accumulate(edge[:, 0]), edge[:, 1]) for edge in edges)
        wide = max(float(np.ptp(both[:, 0])), 1.0)
        unit = head.unit
        wide_unit = max(float(np.hypot(*head.axes[0, :2])), 0.3 * unit)
        planes = (u - edges[0][_ALONG // 2, 0]) / wide_unit, u / (wide / 2), (v - lip) / unit, (low - lip) / unit
        return cls(*(plane.astype(np.float32) for plane in planes))


def _drawn(within: _Within, light: Plane, shown: float) -> Plane:
    """Return the colours (h, w, 3) of a mouth's inside: dark, a tongue on its ground, upper teeth."""
    reach, below, high = within.reach, within.below, np.maximum(within.high, 1e-3)
    rgb = np.broadcast_to(light * np.array(_INSIDE, np.float32), (*reach.shape, 3)).copy()
    raised = 0.42 * high * np.sqrt(np.clip(1 - (reach / 0.72) ** 2, 0, 1))
    above = within.high - below
    tongue = np.clip((raised - above) / 0.08, 0, 1) * (0.35 + 0.65 * np.clip(above / np.maximum(raised, 0.02), 0, 1))
    rgb += tongue[..., None] * (light * np.array(_TONGUE, np.float32) - rgb)
    if shown:
        seen, shade = _teeth(within, shown)
        rgb += seen[..., None] * (shade[..., None] * light * np.array(_TOOTH, np.float32) - rgb)
    rgb *= (0.55 + 0.45 * np.clip(below / 0.07, 0, 1))[..., None]
    return np.asarray(rgb, np.float32)


def _teeth(within: _Within, shown: float) -> tuple[Plane, Plane]:
    """Return where upper teeth are seen, and how light they are: (h, w) in [0, 1] each."""
    x = np.abs(within.across)
    number = np.clip(np.searchsorted(_TEETH, x, side="right") - 1, 0, len(_TEETH) - 2)
    left, right = (np.take(_TEETH, number + step) for step in (0, 1))
    inside = (x - left) / (right - left)
    rim = np.minimum(inside, 1 - inside) * (right - left)
    lengths = np.array([1.0, 0.93, 0.97, 0.86, 0.78, 0.7, 0.6])
    length = shown * lengths[number] - 0.035 * np.clip(1 - rim / 0.05, 0, 1) ** 2
    length = np.minimum(length, 0.86 * within.high) * np.clip((1 - np.abs(within.reach)) / 0.06, 0, 1)
    seen = np.clip((length - within.below) / 0.02, 0, 1)
    shade = (1 - 0.2 * np.exp(-rim / 0.012)) * (1 - 0.42 * np.clip(x / 0.95, 0, 1) ** 1.8)
    shade = shade * (0.93 + 0.07 * np.sin(np.pi * inside))
    return seen.astype(np.float32), shade.astype(np.float32)
