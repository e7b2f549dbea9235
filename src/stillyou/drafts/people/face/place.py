"""Expressions on photographs: a face's own pixels moved, the inside of its mouth and its tears drawn.

The mesh says where 468 points of a face lie, `pulls` where they go; pixels between move along a thin-plate spline.
Both jaws have a map of their own, which meet at the line between the lips: so a mouth can open, and close.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.drafts.draft import Draft, Plane
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.bend import Array, Box, back_map, box_around, sample
from stillyou.drafts.people.face.mesh import Mesh, find_mesh
from stillyou.drafts.people.face.mouth import Mouth, draw_inside, filled, join_lips
from stillyou.drafts.people.face.pulls import Head, moves
from stillyou.drafts.people.face.tears import draw_tears
from stillyou.drafts.people.face.white import white

_STILL = (1.35, 1.7)
"""Rings around the face, in sizes of its oval, on which nothing moves."""
_SHAKEN = 0.15
"""Pixels by which one must move to count as changed."""
_FACING = 0.77
"""Cosine of the angle to a side from which on both halves of a mouth are seen: profiles of portraits had 0.56 to 0.74,
faces that can be drawn 0.81 and more."""


def draw_expression(pixels: NDArray[np.uint8], fit: Fit, effect: str, strength: float = 1.0) -> Draft | None:
    """Draw an expression for one square of a photograph, as `drafts.draw.draw_face` says.

    Returns:
        None where no face is seen, or one from the side.
    """
    mesh = find_mesh(pixels, fit)
    if mesh is None or (head := Head.of(mesh)).facing < _FACING:
        return None
    moved = mesh.points + head.seen(moves(head, effect, strength))
    mouth = Mouth.of(mesh.points, moved)
    off, box = _bent(mesh, moved, mouth, len(pixels))
    rgb, alpha = pixels.astype(np.float32), np.zeros(pixels.shape[:2], np.float32)
    part = slice(box[1], box[3]), slice(box[0], box[2])
    rgb[part] = np.clip(sample(rgb, off, box), 0, 255)
    alpha[part] = np.clip(np.hypot(off[..., 0], off[..., 1]) / _SHAKEN - 1, 0, 1)
    light, has_eyes = white(pixels, mesh)
    drawn = [draw_inside(pixels, mouth, head, light, effect), join_lips(rgb, mouth, head)]
    if effect == "crying" and has_eyes:  # not over dark glasses
        drawn += draw_tears(rgb, moved, head, light, strength)
    for layer, (left, top, right, bottom) in drawn:
        part = slice(top, bottom), slice(left, right)
        rgb[part] += layer.alpha[..., None] * (layer.rgb - rgb[part])
        alpha[part] = np.maximum(alpha[part], layer.alpha > 0)
    return Draft(rgb, alpha)


def _bent(mesh: Mesh, moved: Array, mouth: Mouth, side: int) -> tuple[Plane, Box]:
    """Return by how much the source of each pixel lies off (h, w, 2), and the box of the pixels that may move."""
    oval = mesh.points[[*of.OVAL]]
    rings = [oval.mean(0) + size * (oval - oval.mean(0)) for size in _STILL]
    still, box = np.concatenate(rings), box_around(rings[-1], 0, side)
    upper, lower = (_back(mesh.points, moved, still, box, lip) for lip in (of.LOWER_LIP, of.UPPER_LIP))
    off = upper + mouth.lower(box)[..., None] * (lower - upper)
    width = max(1.0, 0.03 * float(np.ptp(rings[-1][:, 0])))
    within = np.clip(2 * ndimage.gaussian_filter(filled(rings[-1], box), width) - 1, 0, 1)
    return np.asarray(off * within[..., None], np.float32), box


def _back(points: Array, moved: Array, still: Array, box: Box, without: Sequence[Sequence[int]]) -> Plane:
    """Return the map of all points but one lip's: where lips meet, one place comes from two."""
    lip = {point for ring in without for point in ring[1:-1]}
    kept = [point for point in range(len(points)) if point not in lip]
    return back_map(np.concatenate([moved[kept], still]), np.concatenate([points[kept], still]), box)
