"""Where a costume sits in a square of a picture: a few looks of the fit network, upright.

The network sees a square as the model does (upright faces), and knows heads of the size that they have in training.
"""

from __future__ import annotations

import numpy as np

from stillyou.drafts import network
from stillyou.drafts.fit import POINTS, Fit
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.frame import Framed, frame_face
from stillyou.editing.scene.resample import Plane
from stillyou.images import Picture
from stillyou.images.colour import to_srgb
from stillyou.images.faces import Face

TURNED = "the head seems to be upside down or to lie on its side"
"""What is said where a turned square fits better."""
LOOKS = 3
"""Looks at a picture at most."""
SEVERAL = "where the costume sits could not be told: the picture may show more than one head"
"""What is said where two looks saw two heads."""
_ONE_OF_SEVERAL = "the picture may show more than one head, one of which was dressed; --crop X,Y,SIZE chooses another"
_CALM = 0.7
"""The share of the greatest doubt below which nobody looks again."""
_APART, _FAR_APART, _SMALL_BRIM = 0.12, 0.6, 0.37
"""Brims by which two sure looks, or any, differ that saw two heads; the width below which a next look is closer."""
_DECIDEDLY = 1.07
"""How many times as unsure the network is of a head that stands upright than of it turned, at most."""
_SMALLEST_FACE = 0.06
"""Of the faces that a second look is taken at, as a share of the first square."""


def find_fit(picture: Picture, framed: Framed, looks: int) -> tuple[Fit, Framed, str | None]:
    """Return the surest fit of a few looks, and its square.

    Each looks at a square framed around the head that the one before saw; a sure one at a head of the usual size is the
    last. Between two heads the network may be sure of what is not there: seen closer, it says something else.

    Returns:
        The fit, its square, and what speaks for a second head: `SEVERAL` where the last two looks saw different ones.
    """
    sure = network.load().config.sure_below
    best, told, apart = (look_once(picture, framed), framed), None, False
    seen, square = best
    for _ in range(looks - 1):
        if best[0].unsure <= sure * _CALM and not apart and not _is_small(seen):
            break
        last, before = seen, _places(seen, square)
        square = _around_the_head(seen, square, picture.size)
        seen = look_once(picture, square)
        now = _places(seen, square)
        brims = float(np.linalg.norm(now - before, axis=1).mean() / max(1.0, np.linalg.norm(now[1] - now[0])))
        apart = brims > _APART and max(seen.unsure, last.unsure) <= sure
        told = _ONE_OF_SEVERAL if apart or brims > _FAR_APART else told
        best = (seen, square) if apart else min(best, (seen, square), key=lambda each: each[0].unsure)
    return *best, SEVERAL if apart else told


def is_turned(picture: Picture, framed: Framed, fit: Fit) -> bool:
    """Tell whether a head stands on its head or lies on its side in a square: the network is surer of it turned.

    Of 154 upright portraits (96 drawings of all styles, 58 photographs and samples) none is taken for turned; of turned
    ones whose fit would be used, 4 of 197 drawings are taken for upright, and 10 of 46 photographs and samples on which
    the detector finds no face either.
    """
    seen = to_srgb(framed.see(picture), picture.info.icc)
    turned = np.stack([np.rot90(seen, quarters) for quarters in (1, 2, 3)])
    return min(each.unsure for each in network.predict(np.ascontiguousarray(turned))) * _DECIDEDLY < fit.unsure


def _is_small(fit: Fit) -> bool:
    """Tell whether a head is much smaller in its square than in training."""
    return float(np.linalg.norm(fit["brim_right"] - fit["brim_left"])) < _SMALL_BRIM


def _places(fit: Fit, framed: Framed) -> Plane:
    """Return where brim and face lie (5, 2), in pixels of the picture."""
    placed = upright(fit, framed)
    ends = [placed[name] for name in ("brim_left", "brim_right", "face_left", "face_right", "face_bottom")]
    corner = np.array([framed.crop.left, framed.crop.top], np.float32)
    return np.asarray(np.stack(ends) * np.float32(framed.crop.size) + corner)


def look_once(picture: Picture, framed: Framed) -> Fit:
    """Return the fit of a square as the model sees it, turned or not."""
    return network.predict(to_srgb(framed.see(picture), picture.info.icc)[None])[0]


def _around_the_head(fit: Fit, framed: Framed, size: tuple[int, int]) -> Framed:
    """Return the square in which a head lies as in training, after a first look at a square that was framed otherwise.

    Where no face was found the square is as large as the picture, and the head may be anywhere in it.
    """
    standing = upright(fit, framed)
    points = standing.points * np.float32(framed.crop.size)
    named = dict(zip(POINTS, points + np.array([framed.crop.left, framed.crop.top], np.float32), strict=True))
    middle = (named["face_left"] + named["face_right"] + named["face_top"] + named["face_bottom"]) / 4
    tall = float(np.linalg.norm(named["face_bottom"] - named["face_top"]))
    least, most = _SMALLEST_FACE * framed.crop.size, framed.crop.size
    tilt = float(np.rad2deg(standing.turn[2]))
    face = Face(float(middle[0]), float(middle[1]), float(np.clip(tall, least, most)), (tilt + 180) % 360 - 180)
    return frame_face(face, framed.side, size[1])


def upright(fit: Fit, framed: Framed) -> Fit:
    """Return the fit of a square that was turned for the model in shares of the upright square around it."""
    if not framed.tilt:
        return fit
    angle = np.deg2rad(framed.tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    points = 0.5 + (fit.points - np.float32(0.5)) @ turn * np.float32(framed.side / framed.cells)
    yaw, pitch, roll = fit.turn
    return Fit(points.astype(np.float32), (yaw, pitch, roll + float(angle)), fit.doubt)


def moved(fit: Fit, source: Crop, target: Crop) -> Fit:
    """Return a fit of one upright square in shares of another."""
    offset = np.array([source.left - target.left, source.top - target.top], np.float32)
    points = (fit.points * np.float32(source.size) + offset) / np.float32(target.size)
    doubt = None if fit.doubt is None else fit.doubt * np.float32(source.size / target.size)
    return Fit(points.astype(np.float32), fit.turn, doubt)
