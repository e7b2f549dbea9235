"""Anybody's editor: what it does wrong is counted and named, and the run goes on."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from stillyou.effects.lookup import load_effect
from stillyou.errors import UsageError
from stillyou.evaluation.baselines.foreign import FolderAnswers, ForeignEditor, load_editor
from stillyou.evaluation.baselines.guard import Guarded, checked
from stillyou.evaluation.baselines.truth import FromTruth, Truth, lazy, oracle, teacher
from stillyou.evaluation.figures import Answer, Failed
from stillyou.evaluation.known_truth.benchmark import evaluate
from stillyou.evaluation.known_truth.splits import PairSample
from tests.evaluation.people import SIDE, RedJudge, person

EFFECT = load_effect("angry")
PAIRS = [person("angry", i) for i in range(6)]
SAMPLE = PairSample("people", 6, effects=[EFFECT], pairs={"angry": PAIRS})


class Clumsy:
    """Does another thing wrong with each picture, and the last two right."""

    resolution = SIDE

    def edit(self, picture, effect, seed):
        number = next(i for i, pair in enumerate(PAIRS) if np.array_equal(pair.source, picture))
        answers = [None, picture[:-1], picture * np.float32("nan"), PAIRS[4].target, (PAIRS[5].target, PAIRS[5].mask)]
        if number == 0:
            raise RuntimeError("no\nhands")
        return answers[number - 1]


def test_failures_are_counted_and_named_and_the_run_goes_on():
    guarded = Guarded(ForeignEditor(Clumsy()))
    found = evaluate(guarded, RedJudge(), SAMPLE, batch=4)
    assert guarded.failures == {
        "raised RuntimeError: no hands": 1,
        "returned nothing for a picture": 1,
        f"returned a picture of {SIDE - 1}x{SIDE}x3 instead of {SIDE}x{SIDE}x3": 1,
        "returned a picture with NaN or infinite values": 1,
    }
    document = found.document
    assert document["edits"] == 6 and document["edit_success"] == pytest.approx(2 / 6)  # failing is no success
    assert document["inside_target_error"] == 0  # of the two that there are
    assert [row.figures["edit"]["outside_true_error"] for row in found.rows] == [None] * 4 + [0, 0]
    assert found.examples == [] and document["oracle"]["edit_success"] == 1  # the first three failed


def test_an_editor_that_fails_as_a_batch_loses_the_guilty_picture_alone():
    class Batches:
        resolution = SIDE

        def answer(self, batch):
            if any(np.array_equal(p, PAIRS[2].source) for p in batch.pictures):
                raise MemoryError
            return [Answer(p, p[..., 0] * 0) for p in batch.pictures]

    seen = []
    guarded = Guarded(Batches(), lambda effect, source, answer: seen.append(answer))
    evaluate(guarded, RedJudge(), SAMPLE, batch=6)
    assert guarded.failures == {"raised MemoryError: MemoryError": 1}
    assert [isinstance(answer, Failed) for answer in seen] == [i == 2 for i in range(6)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "returned nothing"),
        ("done", "returned a str"),
        (Answer("a.png", None), "returned a str for a picture"),
        (Answer(np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)), "returned a picture of float64 instead of uint8"),
        (Answer(np.zeros((4, 4, 3), np.uint8), None), "returned nothing for a mask"),
        (Answer(np.uint8(3), None), "returned a uint8 for a picture"),
    ],
)
def test_what_is_no_answer_is_named(answer, said):
    assert checked(answer, np.zeros((4, 4, 3), np.uint8)) == Failed(said)


def test_pillow_images_are_answers():
    found = checked(Answer(Image.new("RGB", (4, 4)), Image.new("L", (4, 4))), np.zeros((4, 4, 3), np.uint8))
    assert isinstance(found, Answer) and found.edit.shape == (4, 4, 3)


def test_true_answers():
    truth = Truth(SAMPLE)
    found = {
        choose.__name__: evaluate(FromTruth(truth, SIDE, choose), RedJudge(), SAMPLE).document
        for choose in (lazy, oracle, teacher)
    }
    assert [found[name]["edit_success"] for name in found] == [0, 1, 1]
    assert [found[name]["mask_area_ratio"] for name in found] == [0, 1, 2]  # the true mask is one half
    assert found["oracle"]["edits"] == 6 and found["teacher"]["inside_target_error"] == 0


def test_ready_pictures_are_read_and_what_lacks_is_named(tmp_path):
    (tmp_path / "angry").mkdir()
    for i in (0, 1):
        Image.fromarray(PAIRS[i].target).save(tmp_path / "angry" / f"{i:04d}.png")
    Image.fromarray(PAIRS[1].mask).save(tmp_path / "angry" / "0001.mask.png")
    (tmp_path / "angry" / "0002.png").write_bytes(b"no picture")
    guarded = Guarded(FolderAnswers(tmp_path, Truth(SAMPLE), SIDE))
    rows = evaluate(guarded, RedJudge(), SAMPLE).rows
    assert guarded.failures["has no such picture"] == 3 and sum(guarded.failures.values()) == 4
    assert any(reason.startswith("has a picture that cannot be read") for reason in guarded.failures)
    precision = [row.figures["edit"]["mask_precision"] for row in rows]
    assert precision[:3] == [0.5, 1.0, None]  # no mask of its own: everything counts as marked


def test_editors_are_imported_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brush_of_mine.py").write_text(
        "class Brush:\n    resolution = 48\n    def edit(self, picture, effect, seed): return picture\n"
        "class Needs:\n    def __init__(self, colour): pass\n"
        "ready = Brush()\nnothing = 3\n"
    )
    (tmp_path / "broken_of_mine.py").write_text("1 / 0\n")
    assert load_editor("brush_of_mine:Brush").resolution == load_editor("brush_of_mine:ready").resolution == 48
    for name, said in {
        "brush_of_mine": "MODULE:NAME",
        "no_such_module_at_all:X": "no module 'no_such_module_at_all'",
        "brush_of_mine:Brushh": "has no 'Brushh'",
        "brush_of_mine:nothing": "no method edit",
    }.items():
        with pytest.raises(UsageError, match=said):
            load_editor(name)
    for name in ("brush_of_mine:Needs", "broken_of_mine:X"):
        with pytest.raises(Exception, match="fails|cannot be imported") as caught:
            load_editor(name)
        assert "\n" not in str(caught.value)
