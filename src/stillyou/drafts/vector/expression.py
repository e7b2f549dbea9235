"""Expressions on drawings: the face's own features wiped with the skin around them, and others drawn in its ink.

What a face keeps stays its own: eyes in anger and grief; startled eyes are the same ones, enlarged. The strength opens
mouths, tilts brows and fills tears, so that a weaker expression is a milder one; below `_OWN` brows and the line of a
closed mouth are on their way from how this face has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from stillyou.drafts.draft import Draft, Plane, stack
from stillyou.drafts.fit import Fit
from stillyou.drafts.vector.face import DrawnFace, Feature, Flags, take_apart
from stillyou.drafts.vector.features import Traits, arc_mouth, brow, closed_eye, ellipse, open_mouth
from stillyou.drafts.vector.place import rasterised
from stillyou.images.inpaint import fill

_SIDE = 512
"""Side at which faces are taken apart, at most."""
_LINE, _MOUTH, _EYE = (0.1, 0.24), (0.42, 0.75), (0.16, 0.6)
"""Bounds of a face's line, of half its mouth and of the size of its eyes, in the head's frame."""
_DARK = 110
"""Luminance below which a feature's colour is ink."""
_INK, _INSIDE, _TONGUE, _TEAR, _WATER = "#2a1c1c", "#5c1a26", "#d9606b", "#3f93cf", "#9ad7fb"
_OPEN = 0.58
"""Half the width of an open mouth at least."""
_WIDER = 0.35
"""How much larger startled eyes are."""
_SHUT = 0.4
"""Strength from which on eyes are shut by laughter."""
_OWN = 0.6
"""Strength from which on nothing of how brows and mouth were is left."""
_THIN = 0.3
"""Width in the frame of a mouth that is a line."""
_FAINT = 0.4
"""Width of the first brow lines and tears of a face that had none, as a share of the whole ones."""


@dataclass(frozen=True)
class _Change:
    """What an expression does to a face.

    Attributes:
        wiped: Features that go.
        svg: What is drawn around the middle between the eyes.
        mouth: What is drawn around the middle of the mouth.
        enlarged: By how much the eyes grow, 0 where they stay.
    """

    wiped: Sequence[Feature | None]
    svg: str
    mouth: str
    enlarged: float = 0.0


def draw_expression(pixels: NDArray[np.uint8], fit: Fit, effect: str, strength: float = 1.0) -> Draft | None:
    """Draw an expression for one square of a drawing, as `drafts.draw.draw_face` says.

    Returns:
        None where the face's mouth cannot be told from what is around it.
    """
    side = len(pixels)
    small = np.asarray(Image.fromarray(pixels).resize((min(side, _SIDE),) * 2, Image.Resampling.BOX))
    face = take_apart(small, fit)
    if face.mouth is None:
        return None
    change = _CHANGES[effect](face, _traits(face), strength)
    layers = [_wiped(pixels, small, [feature for feature in change.wiped if feature is not None])]
    if change.enlarged:
        layers += [_enlarged(pixels, eye, change.enlarged, len(small)) for eye in face.eyes if eye]
    layers.append(rasterised("", _placed(face, change, side / len(small)), side))
    return stack(layers)


def _traits(face: DrawnFace) -> Traits:
    """Return how this face's features are drawn: as its own are."""
    assert face.mouth is not None
    found = [feature for feature in (face.mouth, *face.brows, *face.eyes) if feature is not None]
    inks = [_hexadecimal(feature) for feature in found if np.dot(feature.colour, (0.299, 0.587, 0.114)) < _DARK]
    sizes = [max(eye.half) for eye in face.eyes if eye is not None]
    return Traits(
        ink=inks[0] if inks else _INK,
        iris=_INK,
        line=float(np.clip(min(face.mouth.stroke, 2 * min(face.mouth.half)), *_LINE)),
        cap="round",
        eyes="dot",
        eye=float(np.clip(np.mean(sizes) if sizes else 0.3, *_EYE)),
        brows="stroke",
        mouth=float(np.clip(face.mouth.half[0], *_MOUTH)),
        inside=_INSIDE,
        tongue=_TONGUE,
    )


def _hexadecimal(feature: Feature) -> str:
    return "#{:02x}{:02x}{:02x}".format(*feature.colour)


def _browed(face: DrawnFace, t: Traits) -> Traits:
    """Return the same in the colour and width of the face's own brows."""
    own = next((each for each in face.brows if each is not None), None)
    if own is None:
        return t
    return replace(t, ink=_hexadecimal(own), line=float(np.clip(0.8 * min(own.stroke, 2 * own.half[1]), *_LINE)))


def _share(strength: float) -> float:
    """Return how far features are on their way from the face's own to those of an expression, in (0, 1]."""
    return min(1.0, strength / _OWN)


def _towards(own: float | None, drawn: float, strength: float) -> float:
    return drawn if own is None else own + _share(strength) * (drawn - own)


def _is_line(mouth: Feature | None) -> TypeGuard[Feature]:
    """Tell whether a mouth is closed, and drawn as a line."""
    return mouth is not None and mouth.stroke <= _THIN


def _bend(face: DrawnFace, t: Traits) -> float | None:
    """Return the bend (`arc_mouth`) of a mouth that is a line, None for one that is open."""
    if not _is_line(face.mouth):
        return None
    return float(np.clip(-face.mouth.run[2] * t.mouth**2 / 0.65, -0.5, 0.5))


def _brows(face: DrawnFace, t: Traits, strength: float, way: tuple[float, float, float]) -> str:
    """Return both brows on their way to (inner, outer, lift) of `brow`."""
    drawn, browed = "", _browed(face, t)
    for side, own in zip((-1, 1), face.brows, strict=True):
        if own is None:
            line = browed.line * max(_FAINT, _share(strength))
            drawn += brow(replace(browed, line=line), side, *way)
            continue
        inner, outer = own.at(0.52 * side), own.at(1.42 * side)
        tilt = float(np.clip((inner - outer) / 2, -0.5, 0.5))
        lift = float(np.clip(-1.1 * t.eye - (inner + outer) / 2, -0.15, 0.9))
        ends = (_towards(was, is_, strength) for was, is_ in zip((tilt, -tilt, lift), way, strict=True))
        drawn += brow(browed, side, *ends)
    return drawn


def _closed(face: DrawnFace, t: Traits, strength: float, bend: float) -> str:
    """Return a closed mouth on its way to a bend."""
    return arc_mouth(t, 0.0, _towards(_bend(face, t), bend, strength))


def _opened(face: DrawnFace, strength: float, wide: float, high: float) -> tuple[float, float]:
    """Return half the width and the height of an open mouth on its way from a line."""
    if not _is_line(face.mouth):
        return wide, high
    width = float(np.clip(face.mouth.half[0], *_MOUTH))
    return _towards(min(width, wide), wide, strength), _towards(0.08, high, strength)


def _angry(face: DrawnFace, t: Traits, strength: float) -> _Change:
    steep = 0.1 + 0.26 * strength
    brows = _brows(face, t, strength, (steep, -steep * 0.5, 0.08))
    return _Change((*face.brows, face.mouth), brows, _closed(face, t, strength, 0.1 - 0.45 * strength))


def _shocked(face: DrawnFace, t: Traits, strength: float) -> _Change:
    brows = _brows(face, t, strength, (-0.05, 0.05, 0.2 + 0.35 * strength))
    whole = max(t.mouth, _OPEN)
    wide, high = _opened(face, strength, whole * (0.3 + 0.2 * strength), whole * (0.15 + 0.7 * strength))
    mouth = ellipse(0, 0.05, wide, high, t.inside) + ellipse(0, 0.05 + high * 0.5, wide * 0.55, high * 0.32, t.tongue)
    return _Change((*face.brows, *face.eyes, face.mouth), brows, mouth, _WIDER * strength)


def _laughing(face: DrawnFace, t: Traits, strength: float) -> _Change:
    shut = strength >= _SHUT and all(face.eyes)
    eyes = "".join(closed_eye(t, side, 1.0) for side in (-1, 1)) if shut else ""
    wide, high = _opened(face, strength, max(t.mouth, _OPEN), 0.2 + 0.6 * strength)
    mouth = open_mouth(replace(t, mouth=wide), 0.0, high, 1, teeth=True)
    return _Change((*(face.eyes if shut else ()), face.mouth), eyes, mouth)


def _crying(face: DrawnFace, t: Traits, strength: float) -> _Change:
    slope = 0.05 + 0.2 * strength
    brows = _brows(face, t, strength, (-slope, slope * 0.6, 0.15))
    tears = "".join(_tear(side, t.eye, strength) for side in (-1, 1))
    return _Change((*face.brows, face.mouth), brows + tears, _closed(face, t, strength, 0.1 - 0.42 * strength))


_CHANGES: Final[dict[str, Callable[[DrawnFace, Traits, float], _Change]]] = {
    "angry": _angry,
    "shocked": _shocked,
    "laughing": _laughing,
    "crying": _crying,
}


def _tear(side: int, eye: float, strength: float) -> str:
    """Return drops that have run from an eye."""
    b, top = (0.1 + 0.1 * strength) * max(_FAINT, _share(strength)), eye * 0.9

    def drop(y: float, b: float) -> str:
        return f"M{side:.3f} {y:.3f}l{-b:.3f} {1.7 * b:.3f}a{b:.3f} {b:.3f} 0 1 0 {2 * b:.3f} 0Z"

    shapes = drop(top, b) + (drop(top + 2.9 * b, 0.8 * b) if strength > 0.5 else "")
    return f'<path d="{shapes}" fill="{_WATER}" stroke="{_TEAR}" stroke-width="0.03" stroke-linejoin="round"/>'


def _placed(face: DrawnFace, change: _Change, scale: float) -> str:
    """Return the new features in the square's pixels, `scale` times as many as the face was taken apart at."""
    assert face.mouth is not None
    frame, turn = face.frame, math.degrees(face.frame.tilt)
    u, v = face.mouth.middle
    head = f"translate({scale * frame.x:.3f} {scale * frame.y:.3f}) rotate({turn:.3f}) scale({scale * frame.unit:.4f})"
    return f'<g transform="{head}">{change.svg}<g transform="translate({u:.3f} {v:.3f})">{change.mouth}</g></g>'


def _wiped(pixels: NDArray[np.uint8], small: NDArray[np.uint8], features: Sequence[Feature]) -> Draft:
    """Return skin over features."""
    side = len(pixels)
    gone: Flags = np.zeros(small.shape[:2], bool)
    for feature in features:
        gone |= feature.pixels
    gone = ndimage.binary_dilation(gone, np.ones((3, 3)), iterations=2)
    skin = _grown(fill(small.astype(np.float32), ~gone), side)
    alpha = np.clip(_grown(ndimage.uniform_filter(gone.astype(np.float32), 3), side) * 1.6, 0, 1)
    return Draft(skin, alpha)


def _enlarged(pixels: NDArray[np.uint8], eye: Feature, more: float, small: int) -> Draft:
    """Return an eye as it is, larger; `small` is the side at which it was found."""
    side = len(pixels)
    own = ndimage.binary_dilation(eye.pixels, iterations=1).astype(np.float32)
    rows, columns = np.nonzero(eye.pixels)
    x, y = (columns.mean() + 0.5) * side / small, (rows.mean() + 0.5) * side / small
    scale = 1 / (1 + more)
    back = (scale, 0.0, x - scale * x, 0.0, scale, y - scale * y)
    size = (side, side)
    alpha = Image.fromarray(_grown(own, side)).transform(size, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    colours = Image.fromarray(pixels).transform(size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    return Draft(np.asarray(colours, np.float32), np.clip(np.asarray(alpha), 0, 1))


def _grown(plane: Plane, side: int) -> Plane:
    if plane.ndim == 3:
        return np.stack([_grown(plane[..., channel], side) for channel in range(plane.shape[-1])], axis=-1)
    return np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BILINEAR), np.float32)
