"""Vector costumes on drawings: they land where the fit says, at any size, and leave the face free."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stillyou.drafts.fit import Fit
from stillyou.drafts.vector.ink import find_ink
from stillyou.drafts.vector.place import costume_fit, draw_costume
from stillyou.effects.designs import DESIGNS

POINTS = {
    "brim_left": (0.30, 0.34),
    "brim_right": (0.70, 0.34),
    "crown": (0.5, 0.18),
    "face_left": (0.36, 0.46),
    "face_right": (0.64, 0.46),
    "face_top": (0.5, 0.36),
    "face_bottom": (0.5, 0.62),
    "hood_left": (0.25, 0.44),
    "hood_right": (0.75, 0.44),
    "hood_top": (0.5, 0.16),
    "hood_bottom": (0.5, 0.68),
    "eye_left": (0.43, 0.45),
    "eye_right": (0.57, 0.45),
    "mouth": (0.5, 0.56),
    "neck_left": (0.40, 0.74),
    "neck_right": (0.60, 0.74),
    "collar": (0.5, 0.78),
    "shoulder_left": (0.18, 0.8),
    "shoulder_right": (0.82, 0.8),
}
FIT = Fit.of(POINTS)
SKY, HAIR, SKIN = (150, 190, 220), (60, 30, 10), (230, 190, 160)


def portrait(side: int, outline: int = 0) -> NDArray[np.uint8]:
    """A head with tall hair before a plain background."""
    image = Image.new("RGB", (side, side), SKY)
    draw = ImageDraw.Draw(image)
    ink = {"outline": (20, 20, 20), "width": outline} if outline else {}
    draw.ellipse([0.25 * side, 0.02 * side, 0.75 * side, 0.55 * side], HAIR, **ink)
    draw.ellipse([0.32 * side, 0.22 * side, 0.68 * side, 0.66 * side], SKIN, **ink)
    return np.asarray(image)


@pytest.mark.parametrize(("effect", "key"), [("santa", "fur"), ("royal", "gold")])
@pytest.mark.parametrize("side", [192, 500])
def test_head_wear_sits_on_the_brim(effect: str, key: str, side: int) -> None:
    design = DESIGNS[effect][0]
    draft = draw_costume(portrait(side), FIT, effect, design.name, "hat")
    row = draft.alpha[round(0.33 * side)] > 0.5
    worn = np.flatnonzero(row) / side
    assert abs(worn.min() - 0.30) < 0.06 and abs(worn.max() - 0.70) < 0.06
    colour = [int(design.colours[key][i : i + 2], 16) for i in (1, 3, 5)]
    near = np.abs(draft.rgb - colour).max(axis=-1)[draft.alpha > 0.9]
    assert (near < 3).mean() > 0.04


@pytest.mark.parametrize("effect", sorted(DESIGNS))
def test_the_face_stays_free(effect: str) -> None:
    side = 256
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    face = np.hypot((x - 0.5) / 0.11, (y - 0.5) / 0.10) < 1
    for design in DESIGNS[effect]:
        assert draw_costume(portrait(side), FIT, effect, design.name).alpha[face].max() == 0


def test_hair_above_a_closed_hat_becomes_background_and_stays_under_a_crown() -> None:
    side, pixels = 256, portrait(256)
    top = slice(6, 17), slice(110, 146)  # tall hair above the hat's cloth
    santa = draw_costume(pixels, FIT, "santa", "classic", "hat").over(pixels)
    hooded = draw_costume(pixels, FIT, "sheep", "white", "hat").over(pixels)
    crowned = draw_costume(pixels, FIT, "royal", "emerald", "hat").over(pixels)
    hair_left = [(np.abs(each[:40].astype(int) - HAIR).max(axis=-1) < 30).mean() for each in (santa, hooded, crowned)]
    assert hair_left[0] == 0 and hair_left[1] == 0 and hair_left[2] > 0.05
    assert np.abs(hooded[top].astype(int) - SKY).max() < 12
    assert side == len(santa)


def test_only_what_is_worn_is_drawn() -> None:
    pixels = portrait(200)
    hat, coat = (draw_costume(pixels, FIT, "santa", "blue", wear).alpha for wear in ("hat", "coat"))
    assert hat[150:].max() == 0 and coat[:120].max() == 0
    both = draw_costume(pixels, FIT, "santa", "blue").alpha
    np.testing.assert_array_equal(both > 0, (hat > 0) | (coat > 0))


def test_ink_is_that_of_the_drawing() -> None:
    assert find_ink(portrait(256)[:172, 60:196]) is None
    ink = find_ink(portrait(256, outline=4)[:172, 60:196])
    assert ink is not None and 2 <= ink.width <= 6
    assert max(int(ink.colour[i : i + 2], 16) for i in (1, 3, 5)) < 60


def test_points_become_the_wardrobes_frames() -> None:
    fit = costume_fit(FIT, 100)
    assert fit.head == pytest.approx((50, 34, 20)) and fit.neck == pytest.approx((50, 74, 32))
    assert fit.face == pytest.approx((50, 47.5, 14, 13), abs=2) and fit.tilt == pytest.approx(0)
    assert fit.collar == pytest.approx(10 / 32) and fit.sag == pytest.approx(4 / 32)
    tilted = Fit.of({**POINTS, "brim_right": (0.30 + 0.4 * np.cos(0.2), 0.34 + 0.4 * np.sin(0.2))})
    assert costume_fit(tilted, 100).tilt == pytest.approx(np.degrees(0.2), abs=1e-3)
