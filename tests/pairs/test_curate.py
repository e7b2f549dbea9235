"""Curation: measurements against hand-computed values, every rule at its border, and the summary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stillyou.effects.lookup import catalogue
from stillyou.pairs.curation.rules import BOUNDS, judge_candidate, measure, summarise
from stillyou.pairs.pair import Pair

SIZE = 20


def _pair(mask: np.ndarray, change: int, **attributes: str) -> Pair:
    source = np.full((*mask.shape, 3), 100, np.uint8)
    target = source.copy()
    target[mask > 0] += np.uint8(change)
    return Pair(source, target, mask, "a", "b", "santa", "t", 0, attributes)


def _mask(*boxes: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for box in boxes:
        mask[box] = 255
    return mask


def test_measurements_of_a_known_pair():
    mask = _mask((slice(0, 10), slice(0, 10)), (slice(15, 16), slice(15, 16)))
    scores = measure(_pair(mask, 40))
    assert scores == {"mask_share": round(101 / 400, 6), "change_inside": 40.0, "speckle": round(1 / 101, 6)}


def test_an_empty_mask_measures_nothing():
    assert measure(_pair(_mask(), 40)) == {"mask_share": 0.0, "change_inside": 0.0, "speckle": 0.0}


@given(arrays.arrays(np.bool_, (7, 9)))
def test_speckle_counts_pixels_with_at_most_two_neighbours(marked: np.ndarray):
    mask = np.where(marked, 255, 0).astype(np.uint8)
    lonely = 0
    for y, x in np.argwhere(marked):
        window = marked[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        lonely += int(window.sum() - 1 <= 2)
    wanted = lonely / marked.sum() if marked.any() else 0.0
    assert measure(_pair(mask, 1))["speckle"] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({}, ""),
        ({"mask_share": 0.0}, "nothing changed"),
        ({"mask_share": 0.0499}, "the change is hidden or too small"),
        ({"mask_share": 0.05}, ""),
        ({"mask_share": 0.75}, ""),
        ({"mask_share": 0.7501}, "the change is too large"),
        ({"change_inside": 7.9}, "the change is too faint"),
        ({"speckle": 0.26}, "the mask is speckled"),
    ],
)
def test_rules_for_costumes(scores: dict[str, float], reason: str):
    measured = {"mask_share": 0.3, "change_inside": 50.0, "speckle": 0.0, **scores}
    status, why = judge_candidate(_pair(_mask(), 0), catalogue()["santa"], measured)
    assert (status, why) == ("rejected" if reason else "accepted", reason)


def test_a_source_that_shows_the_effect_is_rejected():
    scores = {"mask_share": 0.1, "change_inside": 50.0, "speckle": 0.0}
    for effect, attribute in (("santa", "source_costume"), ("angry", "source_expression")):
        spec = catalogue()[effect]
        assert judge_candidate(_pair(_mask(), 0, **{attribute: effect}), spec, scores)[0] == "rejected"
        assert judge_candidate(_pair(_mask(), 0, **{attribute: "none"}), spec, scores)[0] == "accepted"


def test_bounds_leave_room_for_what_effects_change():
    assert BOUNDS["expression"].least_share < 0.005 and BOUNDS["expression"].greatest_share > 0.055
    assert BOUNDS["costume"].least_share < 0.19 and BOUNDS["costume"].greatest_share > 0.44


@given(st.lists(st.tuples(st.sampled_from(["santa", "angry"]), st.sampled_from(["", "too small", "nothing"]))))
def test_the_summary_counts_every_row(rows: list[tuple[str, str]]):
    effects = [catalogue()["santa"], catalogue()["angry"]]
    given_rows = [{"effect": e, "status": "rejected" if why else "accepted", "reason": why} for e, why in rows]
    summary = summarise(given_rows, effects)
    for effect in ("santa", "angry"):
        assert summary.accepted[effect] == rows.count((effect, ""))
        for reason in ("too small", "nothing"):
            assert summary.rejected[effect].get(reason, 0) == rows.count((effect, reason))
        total = sum(e == effect for e, _ in rows)
        assert sum(summary.counts()[effect].values()) == total
