"""Hats and coats that a person moves: they land where they are put, and nothing else does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from stillyou.drafts import network
from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.nudge import Nudge, Nudges, nudged
from stillyou.editing.editor import Editor
from stillyou.editing.request import EditRequest
from stillyou.editing.scene.crop import Crop
from stillyou.errors import UsageError
from tests.drafts.test_vector_place import FIT, portrait
from tests.editing.fakes import CARD, RedPipeline

HAT = ("brim", "crown", "hood")
WHOLE = Crop(0, 0, 240)


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    monkeypatch.setattr(network, "predict", lambda squares: [FIT] * len(squares))
    return Editor(RedPipeline(CARD.model_copy(update={"drafts": True})), "fake", detector=lambda _: [])


def hat_mask(editor: Editor, nudge: str | None) -> np.ndarray:
    result = editor.edit(Image.fromarray(portrait(240)), "royal", wear="hat", design="emerald", crop=WHOLE, nudge=nudge)
    return np.array(result.mask)


def test_a_shifted_hat_is_the_same_hat_elsewhere(editor: Editor) -> None:
    before, after = hat_mask(editor, None), hat_mask(editor, "hat:20,-12")
    rolled = np.roll(before, (-12, 20), (0, 1))
    outside = np.abs(rolled.astype(int) - after) > 60
    assert before.any() and outside.sum() < 0.05 * (before > 0).sum()  # the face cuts it elsewhere, no more


def test_a_larger_hat_is_larger_about_the_middle_of_its_brim(editor: Editor) -> None:
    before, after = hat_mask(editor, None), hat_mask(editor, "hat:0,0,1.5")
    (wide, middle), (wider, still) = (
        (np.ptp(np.nonzero(each)[1]), np.nonzero(each)[1].mean()) for each in (before, after)
    )
    assert abs(wider / wide - 1.5) < 0.05 and abs(middle - still) < 2


def test_the_report_says_where_parts_are(editor: Editor) -> None:
    said = [
        editor.edit(Image.fromarray(portrait(240)), "santa", crop=WHOLE, nudge=nudge).report.placed
        for nudge in (None, "hat:10,6,2,30/coat:-4,0")
    ]
    (hat, coat), (moved_hat, moved_coat) = said
    assert (hat.part, hat.x, hat.y, hat.tilt) == ("hat", 120, pytest.approx(0.34 * 240, abs=0.1), 0)
    assert (moved_hat.x - hat.x, moved_hat.half / hat.half) == (pytest.approx(10), pytest.approx(2, abs=0.01))
    assert moved_hat.tilt == pytest.approx(30) and moved_hat.y - hat.y == pytest.approx(6, abs=0.2)
    assert (moved_coat.x - coat.x, moved_coat.y) == (pytest.approx(-4, abs=0.2), coat.y)


def test_who_nudges_gets_art_where_no_place_was_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = Fit(FIT.points, doubt=np.ones(len(POINTS), np.float32))
    monkeypatch.setattr(network, "predict", lambda squares: [unsure] * len(squares))
    editor = Editor(RedPipeline(CARD.model_copy(update={"drafts": True})), "fake", detector=lambda _: [])
    source = Image.fromarray(portrait(240))
    assert editor.edit(source, "santa", crop=WHOLE).draft is None
    assert editor.edit(source, "santa", crop=WHOLE, nudge="hat:0,0").draft is not None


@given(
    some.floats(-0.5, 0.5),
    some.floats(-0.5, 0.5),
    some.floats(0.25, 4),
    some.floats(-180, 180),
    some.integers(16, 4000),
)
def test_points_move_as_the_formula_says(dx: float, dy: float, scale: float, turn: float, side: int) -> None:
    moved = nudged(FIT, Nudges(hat=Nudge(dx * side, dy * side, scale, turn)), side)
    middle = (complex(*FIT["brim_left"]) + complex(*FIT["brim_right"])) / 2
    for name in POINTS:
        expected = complex(*FIT[name])
        if name.startswith(HAT):  # complex numbers turn clockwise on a picture whose y grows downwards
            rotor = scale * complex(math.cos(math.radians(turn)), math.sin(math.radians(turn)))
            expected = middle + rotor * (expected - middle) + complex(dx, dy)
        assert abs(complex(*moved[name]) - expected) < 1e-4


@given(some.builds(Nudge, *[some.floats(-100, 100)] * 2, some.floats(0.25, 4), some.floats(-180, 180)))
def test_what_is_written_is_read_again(nudge: Nudge) -> None:
    text = str(Nudges(hat=nudge, coat=Nudge(1, 2)))
    assert str(Nudges.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shoe:1,2", "shoe"),
        ("hat", "no nudge"),
        ("hat:1,2,3,4,5", "no nudge"),
        ("hat:a,b", "no nudge"),
        ("hat:0,0,9", "scale 9"),
        ("hat:nan,0", "dx"),
        ("hat:1,1/hat:2,2", "twice"),
        ("", "cannot be nudged"),
    ],
)
def test_nonsense_is_refused_with_the_form(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        EditRequest.read("santa", nudge=text)


def test_noise_cannot_be_nudged() -> None:
    with pytest.raises(UsageError, match="own art"):
        EditRequest.read("santa", nudge="hat:1,1", draft="none")
