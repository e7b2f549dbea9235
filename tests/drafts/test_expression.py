"""Expressions on drawings: the face's own features go, others come in its ink, and all else stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stillyou.drafts.draw import EXPRESSIONS
from stillyou.drafts.vector.expression import draw_expression
from stillyou.drafts.vector.face import Frame, take_apart
from tests.drafts.test_vector_place import FIT, SKIN, portrait

INK, NOSE = (20, 30, 60), (150, 90, 60)
SIDE = 400
UNIT = 0.07 * SIDE
"""Half the distance of the eyes of `FIT`."""


def face(side: int = SIDE, glasses: bool = False, mouth: bool = True, beard: bool = False) -> NDArray[np.uint8]:
    """A head with eyes, brows, nose and mouth where `FIT` has them."""
    image = Image.fromarray(portrait(4 * side))
    draw, s = ImageDraw.Draw(image), 4 * side
    if beard:
        draw.ellipse([0.38 * s, 0.5 * s, 0.62 * s, 0.66 * s], (120, 70, 30))
    for x in (0.43, 0.57):
        draw.ellipse([(x - 0.015) * s, 0.435 * s, (x + 0.015) * s, 0.465 * s], INK)
        draw.line([(x - 0.03) * s, 0.395 * s, (x + 0.03) * s, 0.395 * s], INK, round(0.012 * s))
        if glasses:
            draw.ellipse([(x - 0.06) * s, 0.39 * s, (x + 0.06) * s, 0.51 * s], None, (90, 20, 20), round(0.01 * s))
    if glasses:
        draw.line([0.3 * s, 0.45 * s, 0.7 * s, 0.45 * s], (90, 20, 20), round(0.01 * s))
    draw.rectangle([0.495 * s, 0.47 * s, 0.505 * s, 0.50 * s], NOSE)
    if mouth:
        draw.line([0.465 * s, 0.56 * s, 0.535 * s, 0.56 * s], INK, round(0.012 * s))
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def test_a_face_is_taken_apart() -> None:
    found = take_apart(face(), FIT)
    assert found.frame == Frame(0.5 * SIDE, pytest.approx(0.45 * SIDE), pytest.approx(UNIT), 0.0)
    assert found.mouth is not None
    assert found.mouth.middle == pytest.approx((0, 0.11 * SIDE / UNIT), abs=0.05)
    assert found.mouth.half == pytest.approx((0.035 * SIDE / UNIT, 0.006 * SIDE / UNIT), abs=0.06)
    assert np.abs(np.subtract(found.mouth.colour, INK)).max() < 12
    for eye, brow, x in zip(found.eyes, found.brows, (-1, 1), strict=True):
        assert eye is not None and brow is not None
        assert eye.middle == pytest.approx((x, 0), abs=0.05) and max(eye.half) == pytest.approx(0.21, abs=0.06)
        assert brow.middle == pytest.approx((x, -0.055 * SIDE / UNIT), abs=0.06)
        assert not (eye.pixels & brow.pixels).any()


def test_what_reaches_out_of_its_window_is_no_feature() -> None:
    found = take_apart(face(glasses=True), FIT)
    assert found.eyes == (None, None) and found.mouth is not None
    assert take_apart(face(mouth=False), FIT).mouth is None
    bearded = take_apart(face(beard=True), FIT)
    assert bearded.mouth is not None and np.abs(np.subtract(bearded.mouth.colour, INK)).max() < 12


@pytest.mark.parametrize("effect", EXPRESSIONS)
@pytest.mark.parametrize("side", [160, SIDE, 900])
def test_features_change_and_all_else_stays(effect: str, side: int) -> None:
    before = face(side)
    draft = draw_expression(before, FIT, effect)
    assert draft is not None
    after = draft.over(before)
    changed = (after != before).any(-1)
    rows, columns = np.nonzero(changed)
    assert 0.36 * side < rows.min() and rows.max() < 0.64 * side
    assert 0.36 * side < columns.min() and columns.max() < 0.64 * side
    nose = slice(round(0.475 * side), round(0.495 * side)), slice(round(0.496 * side), round(0.504 * side))
    assert np.array_equal(after[nose], before[nose])
    assert np.array_equal(after[draft.alpha == 0], before[draft.alpha == 0])
    ink = np.abs(after[changed].astype(int) - INK).max(-1) < 40
    assert ink.mean() > 0.02  # the new features have the face's own ink


def test_nothing_of_the_old_mouth_is_left() -> None:
    before = face()
    after = draw_expression(before, FIT, "shocked").over(before)  # type: ignore[union-attr]
    corner = after[round(0.56 * SIDE), round(0.47 * SIDE)]  # beside the round mouth, within the old one
    assert np.abs(corner.astype(int) - SKIN).max() < 8


@pytest.mark.parametrize("effect", EXPRESSIONS)
def test_a_weaker_expression_is_a_milder_one(effect: str) -> None:
    before = face()
    changes = []
    for strength in (0.25, 0.5, 0.75, 1.0):
        after = draw_expression(before, FIT, effect, strength).over(before)  # type: ignore[union-attr]
        whole = draw_expression(before, FIT, effect).over(before)  # type: ignore[union-attr]
        changes.append(float(np.abs(after.astype(int) - whole).mean()))
    assert changes == sorted(changes, reverse=True) and changes[-1] == 0


def smiling(raised: float) -> NDArray[np.uint8]:
    """The same head with a smile and brows whose inner ends are raised, in shares of the side."""
    bare = face(4 * SIDE)
    image = Image.fromarray(bare)
    draw, s = ImageDraw.Draw(image), 4 * SIDE
    for x, side in ((0.43, -1), (0.57, 1)):
        draw.rectangle([(x - 0.035) * s, 0.385 * s, (x + 0.035) * s, 0.405 * s], SKIN)
        inner, outer = (x - 0.03 * side) * s, (x + 0.03 * side) * s
        draw.line([inner, (0.395 - raised) * s, outer, (0.395 + raised) * s], INK, round(0.012 * s))
    draw.rectangle([0.46 * s, 0.55 * s, 0.54 * s, 0.57 * s], SKIN)
    draw.arc([0.46 * s, 0.52 * s, 0.54 * s, 0.57 * s], 20, 160, INK, round(0.012 * s))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def test_brows_and_mouth_begin_as_the_face_has_them() -> None:
    """Anger turns inner ends and the mouth's corners down; a trace of it leaves raised ones raised, a smile a smile."""
    before = smiling(0.01)
    own = take_apart(before, FIT)
    assert own.mouth is not None and own.mouth.run[2] < -0.1, "the middle of a smile lies lower than its corners"
    assert own.brows[1] is not None and own.brows[1].run[1] > 0.2
    bends, slopes = [], []
    for strength in (0.01, 0.06, 0.12, 0.6, 1.0):
        found = take_apart(draw_expression(before, FIT, "angry", strength).over(before), FIT)  # type: ignore[union-attr]
        assert found.mouth is not None
        bends.append(found.mouth.run[2])
        if found.brows[1] is not None:  # at last they reach the eyes
            slopes.append(found.brows[1].run[1])
    assert bends[0] == pytest.approx(own.mouth.run[2], rel=0.35) and bends == sorted(bends) and bends[-1] > 0.1
    assert slopes[0] == pytest.approx(own.brows[1].run[1], abs=0.08)
    assert len(slopes) > 1 and slopes == sorted(slopes, reverse=True)


def test_laughter_leaves_eyes_behind_glasses_open() -> None:
    before = face(glasses=True)
    after = draw_expression(before, FIT, "laughing").over(before)  # type: ignore[union-attr]
    upper = slice(0, round(0.5 * SIDE))
    assert np.array_equal(after[upper], before[upper]) and not np.array_equal(after, before)


def test_without_a_mouth_there_is_no_expression() -> None:
    assert draw_expression(face(mouth=False), FIT, "angry") is None
