"""Exact pairs: which pixels an edit changes, and a target that is the source everywhere else.

A costume's mask is what the costume covers, what it uncovers or moves (clothes, hair, what was behind them) and the
shade it throws close by; an expression's mask is what visibly moved in the face. Both are cleaned: no specks, no
pinholes. Towards the border of a mask the target fades into the source, so that light that differs a little farther
away leaves no edge, and beyond it the pixels are the source's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from stillyou.pairs.pair import Mask, Pixels
from stillyou.pairs.teachers.people.gl.renderer import Rendered
from stillyou.pairs.teachers.people.parts import Role

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
COSTUME = (Role.COSTUME_HEAD, Role.COSTUME_BODY)
FEATURES = (Role.EYE, Role.LASH, Role.MOUTH)
"""What no costume may touch."""
SHADE_LEVELS = 10
"""Differences up to this many levels of 255 are light, not the costume's shade."""
MOVED_LEVELS = 10
"""The same for expressions, after smoothing."""
_SHADE_REACH, _HAIR_REACH, _FADE, _GUARD = 0.045, 0.06, 0.016, 0.03
"""How far shade and moved hair belong to a costume, how wide an expression's mask fades, and how far shade stays
away from eyes and mouth: shares of the picture's side."""
SPECK, HOLE, _FACE_HOLE = 0.0006, 0.0012, 0.006
"""Smaller islands and holes are cleaned away, larger holes within a face: shares of the picture's area."""
_EYES_REACH, _MOUTH_REACH = 0.18, 0.05
"""How far from eyes and an open mouth even narrow changes belong to an expression, as shares of the side: closed lips
lie within the eyes' reach. Farther off, narrow changes are shadows that move on the neck."""


@dataclass(frozen=True, eq=False)
class Edit:
    """The target of a pair and its mask.

    Attributes:
        pixels: (size, size, 3) uint8, the source's own where the mask is 0.
        mask: (size, size) uint8, 0 or 255.
    """

    pixels: Pixels
    mask: Mask


def _large(flags: Flags, smallest: float) -> Flags:
    """Drop islands smaller than a share of the picture."""
    labels, count = ndimage.label(flags)
    if count == 0:
        return flags
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= smallest * flags.size)[labels])


def clean(flags: Flags, hole: float = HOLE) -> Flags:
    """Return flags without specks and without holes smaller than a share of the picture."""
    return ~_large(~_large(flags, SPECK), hole)


def _closed(flags: Flags, rounds: int) -> Flags:
    """Close gaps up to twice ``rounds`` wide; what touches the picture's border goes on beyond it."""
    padded = np.pad(flags, rounds + 1, mode="edge")
    inner = slice(rounds + 1, -rounds - 1)
    return np.asarray(ndimage.binary_closing(padded, iterations=rounds)[inner, inner]) | flags


def _shrunk(flags: Flags, size: int) -> Flags:
    """Return which finished pixels hold any flagged drawn pixel."""
    factor = len(flags) // size
    found = flags[::factor, ::factor].copy()
    for k in range(1, factor * factor):
        found |= flags[k // factor :: factor, k % factor :: factor]
    return found


def _shows(rendered: Rendered, *roles: Role) -> Flags:
    """Return which drawn pixels show any of the roles."""
    table = np.zeros(256, bool)
    table[list(roles)] = True
    return np.asarray(table[rendered.roles])


def _largest_change(source: Pixels, target: Pixels) -> npt.NDArray[np.uint8]:
    change = np.maximum(source, target) - np.minimum(source, target)
    return np.maximum(np.maximum(change[..., 0], change[..., 1]), change[..., 2])


def _distance(flags: Flags) -> Floats:
    """Return how far each pixel is from a flag, as a share of the picture's side."""
    if not flags.any():
        return np.full(flags.shape, np.inf, np.float32)
    return np.asarray(ndimage.distance_transform_edt(~flags) / len(flags), np.float32)


def _attached(candidates: Flags, core: Flags) -> Flags:
    """Return the candidates that hang together with the core, and the core."""
    labels, count = ndimage.label(candidates | core)
    touching = np.zeros(count + 1, bool)
    touching[np.unique(labels[core])] = True
    touching[0] = False
    return np.asarray(touching[labels])


def _fade(distance: Floats, reach: Floats | float) -> Floats:
    """Return 1 at distance 0 falling smoothly to 0 at ``reach``."""
    share = np.clip(1 - distance / reach, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _composed(source: Pixels, target: Pixels, weight: Floats, flags: Flags) -> Edit:
    """Mix by a weight inside the mask, keep the source outside."""
    before, after = source[flags].astype(np.float32), target[flags]
    pixels = source.copy()
    pixels[flags] = np.rint(before + (after - before) * weight[flags][:, None])
    return Edit(pixels, flags.astype(np.uint8) * np.uint8(255))


def costume_edit(source: Rendered, target: Rendered) -> Edit:
    """Return the target and mask of a costume.

    Args:
        source: The person as they are.
        target: The same with the costume, same camera and light.
    """
    size = len(source.pixels)
    worn = _shows(target, *COSTUME) | (source.roles != target.roles)
    core = clean(_closed(_shrunk(worn, size), max(1, size // 128)))
    away = _distance(core)
    features = _shrunk(_shows(source, *FEATURES), size)
    hair = _shrunk(_shows(source, Role.HAIR) | _shows(target, Role.HAIR), size)
    reach = np.where(hair, _HAIR_REACH, _SHADE_REACH).astype(np.float32)
    changed = _largest_change(source.pixels, target.pixels) > SHADE_LEVELS
    near = changed & (away < reach) & (_distance(features) > _GUARD)
    joined = _attached(_closed(near | core, 1) & (near | core | (away < 2 / size)), core)
    flags = clean(joined & (~features | core)) | core
    return _composed(source.pixels, target.pixels, _fade(np.maximum(away - 1 / size, 0), reach), flags)


def expression_edit(source: Rendered, target: Rendered) -> Edit:
    """Return the target and mask of an expression.

    Args:
        source: The person as they are.
        target: The same with another expression.
    """
    size = len(source.pixels)
    still = (source.roles == target.roles) & _shows(source, Role.HAIR, Role.BACKGROUND, Role.CLOTHES)
    free = ~_shrunk(still, size) | _shrunk(source.roles != target.roles, size)
    change = ndimage.gaussian_filter(_largest_change(source.pixels, target.pixels).astype(np.float32), size / 200)
    moved = (change > MOVED_LEVELS) & free
    width = max(1, round(size / 100))
    closed = _closed(moved, width)
    eyes = _distance(_shrunk(_shows(source, Role.EYE, Role.LASH, Role.BROW), size))
    mouth = _distance(_shrunk(_shows(source, Role.MOUTH) | _shows(target, Role.MOUTH), size))
    features = (eyes < _EYES_REACH) | (mouth < _MOUTH_REACH)
    broad = ndimage.binary_opening(closed, iterations=2 * width)  # thin bands away from features are moving shadows
    grown = broad | (closed & features)
    core = clean(_attached(grown, grown & features), _FACE_HOLE)
    away = _distance(core)
    flags = clean((away < _FADE) & (free | core), _FACE_HOLE) | core
    return _composed(source.pixels, target.pixels, _fade(np.maximum(away - 1 / size, 0), 1.3 * _FADE), flags)
