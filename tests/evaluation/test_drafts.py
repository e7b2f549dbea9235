"""Evaluation from drafts: pairs of named designs, and edits that are asked for the same ones."""

from types import SimpleNamespace

import numpy as np
import pytest

from stillyou.config import GuidanceScales
from stillyou.effects.lookup import load_effect
from stillyou.errors import UsageError
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.benchmark import evaluate
from stillyou.evaluation.known_truth.drawing import Drawing
from stillyou.evaluation.known_truth.settings import Settings, Worn, parse_start, start_told, worn
from stillyou.evaluation.known_truth.splits import PairSample, cases
from stillyou.evaluation.report.looks import looks_lines, looks_rows
from tests.evaluation.fakes import LazyEditor
from tests.evaluation.people import RedJudge, person

SANTA = load_effect("santa")
SPLIT = "unseen-characters"


class Remembers(LazyEditor):
    """Answers with the source, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def answer(self, batch):
        pictures = zip(batch.pictures, batch.costumes, strict=True)
        self.asked += [(len(picture), batch.settings, costume) for picture, costume in pictures]
        return super().answer(batch)


def test_designs_change_targets_and_prompts_alone():
    plain, named = (list(cases(SANTA, SPLIT, 2, size=64, designs=designs)) for designs in (False, True))
    for one, other in zip(plain, named, strict=True):
        assert np.array_equal(one.source, other.source)
        assert "design" not in one.attributes
        assert other.target_prompt == f"{one.target_prompt}, {other.attributes['design']} design"


def test_edits_are_asked_for_the_design_of_the_target_at_the_size_asked_for():
    editor = Remembers()
    found = evaluate(editor, RedJudge(), PairSample(SPLIT, 2, effects=[SANTA], size=64, designs=True)).document
    pairs = cases(SANTA, SPLIT, 2, size=64, designs=True)
    assert [costume for _, _, costume in editor.asked] == [Worn(p.attributes["design"], "both") for p in pairs]
    assert {side for side, _, _ in editor.asked} == {64} == {found["size"]}
    assert found["designs"] is True and (found["draft"], found["refine"]) == ("auto", None)


def test_without_designs_nothing_is_asked_for():
    editor = Remembers()
    evaluate(editor, RedJudge(), PairSample(SPLIT, 1, effects=[SANTA]))
    assert [costume for _, _, costume in editor.asked] == [Worn()]


@pytest.mark.parametrize(("completeness", "wear"), [("head", "hat"), ("body", "coat"), ("both", "both")])
def test_what_a_person_wears_is_what_an_edit_is_asked_for(completeness, wear):
    assert worn({"design": "green", "completeness": completeness}) == Worn("green", wear)
    assert worn({"completeness": completeness}) == Worn()


def test_scales_and_steps_that_nobody_named_are_the_edits_own():
    own, named = Settings(refine=0.3), Settings(steps=5, guidance=GuidanceScales(image=1, source=2, text=3))
    assert own.options(SANTA)["guidance"] is None and own.options(SANTA)["steps"] is None
    assert own.options(SANTA)["refine"] == 0.3 and own.options(SANTA)["draft"] == "auto"
    assert named.options(SANTA)["guidance"] == named.guidance
    assert Settings(draft="none").options(SANTA)["guidance"] == SANTA.defaults().guidance
    assert Settings(text_scale=2.0).options(SANTA)["guidance"].text == 2.0


def test_what_edits_start_from_is_a_word():
    assert parse_start("none") == "none"
    with pytest.raises(UsageError, match="auto"):
        parse_start("autos")
    assert start_told({}) == start_told({"draft": "none"}) == "edits start from noise"
    assert "refined by 0.3" in start_told({"draft": "auto", "refine": 0.3})


class Copies:
    """A subject whose autoencoder is perfect, and whose drafts are the sources."""

    def copies(self, pairs):
        return [pair.target for pair in pairs]

    def answer(self, batch):
        assert batch.settings.refine == 0
        return [Answer(picture, picture[..., 0]) for picture in batch.pictures]


def test_looks_stand_beside_autoencoder_draft_lazy_and_oracle():
    effects = [SANTA, load_effect("angry")]
    pairs = {effect.id: [person(effect.id, index) for index in range(2)] for effect in effects}
    editor = SimpleNamespace(resolution=32, answer=LazyEditor().answer)
    sample = PairSample("people", 2, effects=effects, pairs=pairs)
    document = evaluate(editor, RedJudge(), sample, looks=Drawing(Copies())).document
    looks = document["looks"]
    assert list(looks) == ["edit", "lazy", "autoencoder", "draft", "oracle"]
    assert looks["edit"]["error_ratio"] == looks["draft"]["error_ratio"] == 1
    assert looks["autoencoder"]["error_ratio"] == 0 and looks["oracle"]["high_pass_ratio"] == 1
    assert looks["draft"]["edits"] == 4
    assert list(looks["edit"]["groups"]) == ["costume", "expression"]
    assert looks_rows(document)[1] == ["edit", "4", "1.00", looks_rows(document)[1][3], "-"]
    assert any("autoencoder costume" in line for line in looks_lines(document))
    assert not looks_lines({})
    none = evaluate(editor, RedJudge(), sample, settings=Settings(draft="none"), looks=Drawing(Copies()))
    assert "draft" not in none.document["looks"]
