"""Dials chosen from curves: the rules by hand and by brute force, the sweep on a known editor, and what is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillyou.effects import groups, measured
from stillyou.effects.lookup import load_effect
from stillyou.effects.measured import Choice, Figure, Measured, add_choice, read_measured
from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning
from stillyou.errors import StillYouError
from stillyou.evaluation.comparison.run import Ground
from stillyou.evaluation.dials.__main__ import lines, main
from stillyou.evaluation.dials.choose import Point, at_target, frontier, knee
from stillyou.evaluation.dials.dials import DIALS, turned
from stillyou.evaluation.dials.sweep import sweep
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.evaluation.known_truth.splits import PairSample
from tests.evaluation.people import SIDE, RedJudge, person

CURVE = [Point(1, 0.2, 0.99), Point(2, 0.8, 0.97), Point(3, 0.9, 0.90), Point(4, 0.95, 0.6), Point(5, 0.94, 0.5)]


def test_rules_by_hand():
    assert at_target(CURVE, 0.85).value == 3 and at_target(CURVE, 0.8).value == 2
    assert at_target(CURVE, 0.99).value == 4, "where none reaches it, the greatest success"
    assert [point.value for point in frontier(CURVE)] == [1, 2, 3, 4]
    # s' + p' of 2: 0.6/0.75 + 0.37/0.39 = 1.749; of 3: 0.7/0.75 + 0.30/0.39 = 1.703
    assert knee(CURVE).value == 2
    assert knee(CURVE[:2]).value == 2 and knee(CURVE[:1]).value == 1
    equal = [Point(8, 0.9, 0.9, 12.0), Point(4, 0.9, 0.9, 6.0), Point(2, 0.9, 0.9, 6.0)]
    assert at_target(equal, 0.5).value == knee(equal).value == 4, "the cheaper one, then the first"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8))
def test_the_frontier_is_what_no_other_setting_beats(values):
    points = [Point(float(i), s / 6, p / 6) for i, (s, p) in enumerate(values)]

    def beaten(a):
        ahead = [b for b in points if b.success >= a.success and b.preservation >= a.preservation]
        return any((b.success, b.preservation) != (a.success, a.preservation) for b in ahead)

    brute = {(point.success, point.preservation) for point in points if not beaten(point)}
    found = frontier(points)
    assert {(point.success, point.preservation) for point in found} == brute and len(found) == len(brute)
    assert knee(points) in found


EFFECT = load_effect("angry")
PAIRS = [person("angry", i) for i in range(4)]
SAMPLE = PairSample("people", 4, effects=[EFFECT], pairs={"angry": PAIRS})


class Loud:
    """Succeeds at a text scale of 3 and more, and spills in proportion to it; steps cost evaluations alone."""

    resolution = SIDE

    def answer(self, batch):
        settings = batch.effect.defaults()
        answers = []
        for picture in batch.pictures:
            pair = next(pair for pair in PAIRS if np.array_equal(pair.source, picture))
            edit = (pair.target if settings.guidance.text >= 3 else picture).copy()
            spill = edit[-8:].astype(int) + (np.indices((8, SIDE)).sum(0) % 2 * 10 * settings.guidance.text)[..., None]
            edit[-8:] = np.clip(spill, 0, 255)
            answers.append(Answer(edit, pair.mask, settings.few_steps))
        return answers


def test_dials_are_turned_one_after_the_other():
    told = []
    ground = Ground(RedJudge(), SAMPLE, Settings(draft="none"))
    found = sweep(Loud(), ground, ["text", "steps"], lambda points: at_target(points, 1.0), told.append)
    assert found.tuning == Tuning(guidance=PartialGuidance(text=3.0), few_steps=2)
    assert [f.value for f in found.figures if f.chosen] == [3, 2]
    assert [f.value for f in found.figures if f.dial == "text"] == list(DIALS["text"].settings)
    success = {f.value: f.edit_success for f in found.figures if f.dial == "text"}
    assert success == {1.5: 0, 2: 0, 3: 1, 4.5: 1, 6: 1}
    kept = [f.preservation for f in found.figures if f.dial == "text"]
    assert kept == sorted(kept, reverse=True) and len(told) == 10
    assert all(f.edit_success == 1 for f in found.figures if f.dial == "steps"), "the chosen text scale stands"


partial = st.builds(
    Tuning,
    guidance=st.none() | st.builds(PartialGuidance, text=st.none() | st.sampled_from([1.0, 2.0])),
    mask=st.none() | st.builds(PartialMask, ratio=st.none() | st.just(3.0), maps=st.none() | st.just(2)),
    refine=st.none() | st.sampled_from([0.0, 0.5]),
    close_up=st.none() | st.booleans(),
)


@given(partial, partial)
def test_sayings_lie_over_each_other_key_by_key(one, other):
    laid = one.over(other)

    def said(tuning):
        flat = tuning.model_dump(exclude_none=True)
        parts = {f"{part}.{k}": v for part in ("guidance", "mask") for k, v in flat.pop(part, {}).items()}
        return {**flat, **parts}

    assert said(laid) == {**said(other), **said(one)}
    assert turned(EFFECT, one).defaults() == turned(turned(EFFECT, one), Tuning()).defaults()


def choice(**changed):
    figures = (Figure(dial="text", value=2, edit_success=0.9, preservation=0.98, evaluations=12, chosen=True),)
    about = {"n": 8, "seed": 1, "split": "people", "date": "2026-01-02", "effects": ("angry",), "model": "embedded"}
    tuning = Tuning(guidance=PartialGuidance(text=2.0))
    made = Choice(
        group="expression", domain="people", tuning=tuning, command="c", rule="knee", figures=figures, **about
    )
    return made.model_copy(update=changed)


def test_what_is_chosen_becomes_the_group_s_default(tmp_path, monkeypatch):
    path = tmp_path / "measured.json"
    assert read_measured(path) == Measured()
    add_choice(choice(tuning=Tuning(few_steps=7)), path)
    add_choice(choice(domain="cartoon", n=9), path)
    add_choice(choice(), path)
    found = read_measured(path)
    assert [(each.domain, each.n) for each in found.choices] == [("cartoon", 9), ("people", 8)]
    before = EFFECT.defaults("people")
    monkeypatch.setattr(groups, "read_measured", lambda: found)
    monkeypatch.setattr("stillyou.effects.spec.GROUPS", groups._with_measured())
    after = EFFECT.defaults("people")
    assert after.guidance.text == 2.0 and after.mask == before.mask and after.few_steps == before.few_steps
    assert EFFECT.defaults() == replace(before, mask=EFFECT.defaults().mask), "without a domain nothing has changed"
    own = EFFECT.model_copy(update={"guidance": PartialGuidance(text=5.0)})
    assert own.defaults("people").guidance.text == 5.0, "what an effect says counts before"
    with pytest.raises(StillYouError):
        add_choice(choice(), tmp_path / "measured.json" / "below")


def test_the_package_says_where_its_choices_come_from():
    for each in read_measured(measured.FILE).choices:
        assert each.command.startswith("python -m stillyou.evaluation.dials") and each.figures and each.n >= 8
        assert any(figure.chosen for figure in each.figures) and each.split != "unseen-styles"


def test_figures_are_a_table():
    table = lines(choice())
    assert table[0] == "| dial | setting | success | preservation | evaluations | chosen |"
    assert table[2] == "| text | 2 | 0.900 | 0.9800 | 12 | x |"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--group expression --split unseen-styles", "held out"),
        ("--group expression --split nowhere", "unknown split"),
        ("--group expression --dials texd", "Did you mean 'text'"),
        ("--group expression --dials refine", "changes nothing from noise"),
        ("--group costume --dials text", "changes nothing from a draft"),
        ("--group expression -n 0", "out of range"),
        ("--group expression --target 2", "out of range"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_loaded(words, said, capsys):
    assert main(words.split()) == 2 and said in capsys.readouterr().err
