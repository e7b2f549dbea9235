"""Figures of one answer and their summary, on a picture small enough to work out by hand."""

import numpy as np
import pytest

from stillyou.evaluation.figures import MEANS, Answer, figures, summary
from stillyou.pairs.pair import Pair


def grey(*rows):
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


PAIR = Pair(
    source=grey([10, 20], [30, 40]),
    target=grey([10, 20], [90, 80]),
    mask=np.array([[0, 0], [255, 255]], np.uint8),
    source_prompt="",
    target_prompt="",
    effect="santa",
    teacher="cartoon",
    seed=0,
)


def test_an_edit_by_hand():
    answer = Answer(grey([10, 26], [90, 60]), np.array([[0, 200], [255, 100]], np.uint8))
    found = figures(answer, PAIR, True, 0.75)
    assert found["edit_success"] == 1 and found["judge_score"] == 0.75
    assert found["inside_target_error"] == (0 + 20) / 2
    assert found["inside_source_error"] == (60 + 20) / 2
    assert found["outside_true_error"] == found["outside_target_error"] == (0 + 6) / 2
    assert found["inside_target_psnr"] == pytest.approx(10 * np.log10(255**2 / (400 / 2)))
    assert found["mask_recall"] == found["mask_precision"] == 1 / 2
    assert (found["predicted_area"], found["true_area"]) == (2, 2)
    assert found["outside_change"] == 0


def test_the_lazy_answer_and_the_oracle_by_hand():
    lazy = figures(Answer(PAIR.source, PAIR.mask * 0), PAIR, False, 0.1)
    assert lazy["inside_target_error"] == (60 + 40) / 2 and lazy["inside_source_error"] == 0
    assert lazy["mask_recall"] == 0 and lazy["mask_precision"] is None and lazy["predicted_area"] == 0
    oracle = figures(Answer(PAIR.target, PAIR.mask), PAIR, True, 0.9)
    assert oracle["inside_target_error"] == oracle["outside_true_error"] == oracle["outside_change"] == 0
    assert oracle["mask_recall"] == oracle["mask_precision"] == 1


def test_a_summary_is_means_totals_and_the_worst():
    edit = Answer(grey([10, 26], [90, 60]), np.array([[0, 0], [255, 100]], np.uint8))
    rows = [figures(edit, PAIR, True, 0.75), figures(Answer(PAIR.source, PAIR.mask * 0), PAIR, False, 0.25)]
    found = summary(rows)
    assert found["edits"] == 2
    assert found["edit_success"] == found["judge_score"] == 0.5
    assert found["mask_recall"] == 0.25
    assert found["mask_precision"] == 1  # of the one edit that marked something
    assert found["mask_area_ratio"] == 1 / 4
    assert found["outside_change"] == 6
    assert set(MEANS) < set(found)


def test_a_summary_without_a_value_says_none():
    lazy = figures(Answer(PAIR.source, PAIR.mask * 0), PAIR, False, 0.1)
    assert summary([lazy])["mask_precision"] is None
