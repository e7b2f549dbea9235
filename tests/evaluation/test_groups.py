"""Groups of people: who belongs where, who comes first, and how sure a share is."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillyou.draws import stable_seed
from stillyou.evaluation.known_truth.groups import AXES, FEWEST_OF_GROUP, wilson, with_certainty, worst_first
from stillyou.pairs.teachers.people.person import draw_person

PEOPLE = [draw_person(stable_seed("groups", index)).attributes for index in range(300)]


def test_everybody_belongs_to_one_group_of_every_axis():
    groups = {axis: Counter(map(group, PEOPLE)) for axis, group in AXES.items()}
    assert set(groups["age band"]) == {"child", "teen", "young", "middle", "old"}
    assert set(groups["gender"]) == {"female", "male"}
    assert set(groups["skin tone"]) == {"light (1-3)", "medium (4-6)", "dark (7-10)"}
    assert set(groups["hair"]) == {"short", "medium", "long", "curly", "bald", "covered"}


@pytest.mark.parametrize(
    ("tone", "style", "length", "covering", "groups"),
    [
        (3, "bob", "medium", "none", ("light (1-3)", "medium")),
        (4, "bald", "short", "none", ("medium (4-6)", "bald")),
        (10, "afro_short", "short", "none", ("dark (7-10)", "curly")),
        (7, "bald", "short", "cap", ("dark (7-10)", "covered")),
    ],
)
def test_groups_by_hand(tone, style, length, covering, groups):
    person = {"skin_tone": tone, "hair": style, "hair_length": length, "head_covering": covering}
    assert (AXES["skin tone"](person), AXES["hair"](person)) == groups


def test_the_worst_group_comes_first_and_ties_go_by_score():
    tables = {
        "a": {"edit_success": 0.9, "judge_score": 0.5},
        "b": {"edit_success": 0.2, "judge_score": 0.9},
        "c": {"edit_success": 0.9, "judge_score": 0.4},
    }
    assert worst_first(tables) == ["b", "c", "a"]


def test_intervals_by_hand():
    low, high = wilson(0.8, 10)  # published tables: 0.490 to 0.943
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    low, high = wilson(0.0, 20)
    assert low == 0 and round(high, 3) == 0.161


@given(st.integers(1, 1000), st.data())
def test_an_interval_holds_its_share(n, data):
    share = data.draw(st.integers(0, n)) / n
    low, high = wilson(share, n)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1


def test_small_groups_are_marked():
    assert with_certainty({"edit_success": 0.5, "edits": FEWEST_OF_GROUP - 1})["few"] is True
    assert with_certainty({"edit_success": 0.5, "edits": FEWEST_OF_GROUP})["few"] is False
