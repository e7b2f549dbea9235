"""The benchmark with editors whose figures are known: the lazy one and the oracle."""

import json
from collections import Counter

import numpy as np
import pytest

from stillyou.config import GuidanceScales
from stillyou.effects.lookup import catalogue, load_effect
from stillyou.errors import UsageError
from stillyou.evaluation.figures import MEANS
from stillyou.evaluation.judge.pictures import judge_seed
from stillyou.evaluation.known_truth.benchmark import Settings, evaluate
from stillyou.evaluation.known_truth.curves import STRENGTHS, TEXT_SCALES, curve_edits, measure_curves
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.evaluation.known_truth.splits import SPLITS, PairSample, cases, evaluation_seed
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from tests.evaluation.fakes import SIZE, LazyEditor, OracleEditor, TruthJudge

N = 3
SPLIT = SPLITS[0]
SAMPLE = PairSample(SPLIT, N)


@pytest.fixture(scope="module")
def oracle():
    return OracleEditor(SPLIT, N)


@pytest.fixture(scope="module")
def judge(oracle):
    return TruthJudge(oracle)


@pytest.fixture(scope="module")
def lazy_document(judge):
    return evaluate(LazyEditor(), judge, SAMPLE, batch=2).document


@pytest.fixture(scope="module")
def oracle_evaluation(oracle, judge):
    return evaluate(oracle, judge, SAMPLE, batch=2)


def test_sources_are_neutral_and_plain_and_styles_take_turns():
    for split, styles in zip(SPLITS[:2], (TRAIN_STYLES, HELD_OUT_STYLES), strict=True):
        names = {style.name for style in styles}
        for effect in (load_effect("santa"), load_effect("crying")):
            pairs = list(cases(effect, split, 12, size=SIZE))
            assert {p.attributes["source_expression"] for p in pairs} == {"neutral"}
            assert {p.attributes["source_costume"] for p in pairs} == {"none"}
            assert {p.attributes[f"target_{effect.group}"] for p in pairs} == {effect.id}
            turns = Counter(p.attributes["style"] for p in pairs)
            assert set(turns) <= names
            assert max(turns.values()) - min(turns.values()) <= 1


def test_the_same_pairs_come_again_and_other_seeds_give_others():
    first, again, other = (
        [p.source.tobytes() for p in cases(load_effect("angry"), SPLIT, 2, size=SIZE, seed=seed)] for seed in (0, 0, 1)
    )
    assert first == again
    assert not set(first) & set(other)


def test_seeds_of_evaluation_and_judge_differ_by_their_keys():
    evaluation = {evaluation_seed(split, 0, e, i) for split in SPLITS for e in catalogue() for i in range(64)}
    judging = {judge_seed(purpose, 0, i) for purpose in ("learn", "held back") for i in range(1024)}
    assert len(evaluation) == 3 * 8 * 64
    assert len(judging) == 2 * 1024
    assert not evaluation & judging


def test_a_lazy_editor_gets_the_lazy_figures(lazy_document):
    for name in (*MEANS, "mask_area_ratio", "outside_change", "effects", "styles"):
        assert lazy_document[name] == lazy_document["lazy"][name]
    assert lazy_document["edit_success"] == lazy_document["outside_true_error"] == 0
    assert lazy_document["mask_recall"] == lazy_document["mask_area_ratio"] == 0
    assert lazy_document["inside_source_error"] == 0 < lazy_document["inside_target_error"]


def test_an_oracle_gets_the_oracle_figures(oracle_evaluation):
    document = oracle_evaluation.document
    for name in (*MEANS, "mask_area_ratio", "outside_change", "effects", "styles"):
        assert document[name] == document["oracle"][name]
    ones = ("edit_success", "mask_recall", "mask_precision", "mask_area_ratio")
    assert [document[name] for name in ones] == [1, 1, 1, 1]
    assert document["outside_change"] == document["outside_true_error"] == document["inside_target_error"] == 0


@pytest.mark.parametrize("verdict", [True, False])
def test_a_judge_that_cannot_tell_the_oracle_from_the_lazy_answer_is_unfit(verdict, oracle, oracle_evaluation):
    class Blind:
        def scores(self, effect, pictures):
            return [verdict] * len(pictures), [0.5] * len(pictures)

        def seen(self, effect, pictures):
            return [effect.id] * len(pictures)

    assert oracle_evaluation.document["judge_fit"] is True
    assert (
        evaluate(oracle, Blind(), PairSample(SPLIT, 1, effects=[load_effect("angry")])).document["judge_fit"] is False
    )


def test_the_document_has_all_effects_and_is_plain_json(oracle_evaluation):
    document = json.loads(json.dumps(oracle_evaluation.document, allow_nan=False))
    needed = {"split", "n", "seed", "steps", "guidance", "seconds", "effects", "styles", "lazy", "oracle"}
    assert needed <= set(document)
    assert document["n"] == N and document["edits"] == 8 * N
    assert list(document["effects"]) == list(document["lazy"]["effects"]) == list(catalogue())
    assert all(table["edits"] == N for table in document["effects"].values())
    assert sum(table["edits"] for table in document["styles"].values()) == 8 * N


def test_batches_hold_one_effect_and_at_most_the_batch_size(oracle, judge):
    oracle.batches.clear()
    done = []
    settings = Settings(steps=7, guidance=GuidanceScales(image=1, source=2, text=3))
    found = evaluate(oracle, judge, SAMPLE, batch=2, settings=settings, progress=done.append)
    assert [size for _, size, _ in oracle.batches] == [2, 1] * 8
    assert [effect for effect, _, _ in oracle.batches[::2]] == list(catalogue())
    assert sum(done) == 8 * N
    assert found.document["guidance"]["santa"] == {"image": 1, "source": 2, "text": 3}


def test_examples_are_the_first_pairs_of_each_effect(oracle_evaluation):
    assert Counter(example.pair.effect for example in oracle_evaluation.examples) == dict.fromkeys(catalogue(), 3)
    assert all(example.success for example in oracle_evaluation.examples)
    assert all(np.array_equal(e.answer.edit, e.pair.target) for e in oracle_evaluation.examples)


def test_the_figures_do_not_depend_on_the_batch(oracle, judge, oracle_evaluation):
    other = evaluate(oracle, judge, SAMPLE, batch=8).document
    timed = {"seconds", "seconds_per_edit"}
    same = {k: v for k, v in oracle_evaluation.document.items() if k not in timed}
    assert same == {k: v for k, v in other.items() if k not in timed}


def test_curves_move_one_scale_at_a_time(judge, oracle):
    oracle.batches.clear()
    done = []
    found = measure_curves(oracle, judge, PairSample(SPLIT, 1), settings=Settings(), progress=done.append)
    assert [point["text"] for point in found["text"]] == list(TEXT_SCALES)
    assert [point["strength"] for point in found["strength"]] == list(STRENGTHS)
    assert [point["edit_success"] for point in found["strength"]] == [0, 1, 1, 1, 1]
    assert sum(done) == curve_edits(8, 1)
    # 0 at strength 0 and equal at the other four: ranks 1, 3.5, 3.5, 3.5, 3.5 against 1 to 5
    assert found["linearity"] == pytest.approx({"judge_score": 0.5**0.5, "inside_source_error": 0.5**0.5})
    used = [(s.scales(load_effect(e)).text, s.strength) for e, _, s in oracle.batches if e == "santa"]
    own = load_effect("santa").defaults().guidance.text
    assert used == [(text, 1.0) for text in TEXT_SCALES] + [(own, strength) for strength in STRENGTHS]
    assert found["lazy"]["edit_success"] == 0 and found["oracle"]["edit_success"] == 1


def test_an_unknown_split_names_those_there_are():
    with pytest.raises(UsageError, match="unseen-characters.*unseen-styles") as caught:
        evaluate(LazyEditor(), None, PairSample("unseen-character", N))
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="unseen-characters.*unseen-styles"):
        evaluate(LazyEditor(), None, PairSample("test", N))
