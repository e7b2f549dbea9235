"""Sessions are balanced, no answer is lost, and a study with known preferences recovers them."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from stillyou.errors import StillYouError
from stillyou.evaluation.study.plan import QUESTIONS
from stillyou.evaluation.study.results import read_sheets, results, write_results
from stillyou.evaluation.study.sessions import EVERY, session
from stillyou.evaluation.study.store import DATABASE, Store
from tests.evaluation.study.plans import plan, prefer, take_part

PLAN = plan()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path, PLAN.digest()) as made:
        yield made


def test_sessions_are_balanced_mirrored_and_hold_checks():
    blocks = [session(PLAN, slot) for slot in range(6)]
    assert session(PLAN, 3) == blocks[3]
    for first, second in zip(blocks[::2], blocks[1::2], strict=True):
        sides = [{(t.item, t.editors) for t in each if t.editors} for each in (first, second)]
        assert {(item, (b, a)) for item, (a, b) in sides[0]} == sides[1]  # the same comparisons, mirrored
    for trials in blocks:
        assert len([t for t in trials if t.editors]) == 12 and len([t for t in trials if t.correct]) == 2
        assert trials[EVERY].correct and len({t.item for t in trials if t.editors}) == 12
        assert set(Counter(frozenset(t.editors) for t in trials if t.editors).values()) == {4}
    everything = Counter((t.item, frozenset(t.editors)) for trials in blocks for t in trials if t.editors)
    assert len(everything) == 36 and set(everything.values()) == {2}
    left = Counter(t.editors[0] for trials in blocks for t in trials if t.editors)
    assert len(set(left.values())) == 1


def test_equal_pictures_are_not_compared():
    item = PLAN.items[0]
    same = item.model_copy(update={"answers": {**item.answers, "draft": item.answers["ours"]}})
    made = PLAN.model_copy(update={"items": (same, *PLAN.items[1:])})
    seen = [t for slot in range(8) for t in session(made, slot) if t.item == 0]
    assert seen and all(set(t.editors) != {"ours", "draft"} for t in seen)


def test_known_preferences_are_recovered(store):
    """Editors differ in what is done better and in who is kept better; the two questions tell them apart."""
    done, keeps = {"ours": 1.0, "sdedit": 0.0, "draft": -1.0}, {"ours": 0.2, "sdedit": -1.2, "draft": 1.0}
    for person in range(40):
        take_part(store, PLAN, prefer(done, person * 2), prefer(keeps, person * 2 + 1))
    found = results(PLAN, read_sheets(store, PLAN))
    assert found["participants"] == 40 and not found["excluded"] and found["answers"] == 480
    for question, true in (("done", done), ("keeps", keeps)):
        for name, strength in found["questions"][question]["strengths"].items():
            assert strength["low"] - 0.1 < true[name] < strength["high"] + 0.1
            assert strength["strength"] == pytest.approx(true[name], abs=0.3)
        assert found["questions"][question]["alpha"] > 0.1
    assert found["left"] == pytest.approx(0.5, abs=0.05)


def test_robots_are_left_out_with_a_reason(store, tmp_path):
    taste = prefer(dict.fromkeys(PLAN.editors, 0.0), 1)
    for person in range(3):
        take_part(store, PLAN, prefer({"ours": 1, "sdedit": 0, "draft": 0}, person), taste)
    take_part(store, PLAN, lambda t: "left", lambda t: "left")
    take_part(store, PLAN, taste, taste, seconds=0.2)
    take_part(store, PLAN, lambda t: {"left": "right", "right": "left"}.get(t.correct, "left"), taste)
    take_part(store, PLAN, taste, taste, most=2)
    document, files = write_results(tmp_path / "result", PLAN, store)
    assert set(document["excluded"]) == {"3", "4", "5", "6"}
    reasons = [document["excluded"][key].split(":")[0] for key in "3456"]
    assert reasons[0] in ("attention", "one side") and reasons[1:] == ["speed", "attention", "too few"]
    assert document["answers"] == 36
    table = pq.read_table(tmp_path / "result" / "answers.parquet").to_pylist()
    assert len(table) == 6 * 14 + 2 and {row["participant"] for row in table} == set(range(7))
    assert all(bool(row["excluded"]) == (row["participant"] > 2) for row in table)
    assert {row["check"] for row in table} == {True, False} and "participant 4: speed" in files[-2].read_text()
    assert json.loads(files[-1].read_text()) == document


def test_nobody_yet_is_a_result(store, tmp_path):
    document, _ = write_results(tmp_path / "result", PLAN, store)
    assert document["participants"] == document["answers"] == 0 and document["left"] is None
    assert all(document["questions"][q]["strengths"] == {} for q in QUESTIONS)


def test_the_first_answer_counts(store):
    code = store.join()
    assert store.answer(code, 0, "left", "left", 3.0)
    assert not store.answer(code, 0, "right", "right", 3.0)
    (answer,) = store.answers()
    assert (answer.done, answer.keeps, answer.repeated) == ("left", "left", 1)


def test_a_second_server_and_a_restart_see_the_same(store, tmp_path):
    code = store.join()
    store.answer(code, 0, "left", "right", 3.0)
    with Store(tmp_path, PLAN.digest()) as other:
        assert other.answered(code) == {0} and not other.notes
        assert not other.answer(code, 0, "right", "right") and other.answer(code, 1, "right", "right")
        assert other.slot(other.join()) == 1
    assert store.answered(code) == {0, 1} and store.participants() == [0, 1]


@pytest.mark.parametrize("damage", ["text", "empty", "half", "flipped", "gone"])
def test_a_damaged_database_is_made_again_and_no_answer_is_lost(tmp_path, damage):
    taste = prefer(dict.fromkeys(PLAN.editors, 0.0), 1)
    with Store(tmp_path, PLAN.digest()) as store:
        for _ in range(4):
            take_part(store, PLAN, taste, taste)
        before = store.answers()
    path = tmp_path / DATABASE
    data = bytearray(path.read_bytes())
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"{DATABASE}{suffix}").unlink(missing_ok=True)
    if damage == "gone":
        path.unlink()
    else:
        flipped = data[:200] + bytes(255 - b for b in data[200:])
        wrong = {"text": b"no database" * 99, "empty": b"", "half": data[: len(data) // 2], "flipped": flipped}
        path.write_bytes(wrong[damage])
    with Store(tmp_path, PLAN.digest()) as store:
        assert store.answers() == before
        assert any("brought back" in note for note in store.notes)
        aside = list(tmp_path.glob("*.damaged-1"))
        assert len(aside) == (damage in ("text", "half", "flipped"))
        assert store.answer(store.join(), 0, "left", "left")


def test_a_cut_journal_loses_nothing_that_the_database_has(tmp_path):
    with Store(tmp_path, PLAN.digest()) as store:
        code = store.join()
        store.answer(code, 0, "left", "right", 3.0)
        store.answer(code, 1, "left", "right", 3.0)
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    with Store(tmp_path, PLAN.digest()) as store:
        assert store.answered(code) == {0, 1} and "1 lines" in store.notes[0]
        store.answer(code, 2, "left", "right", 3.0)  # goes behind a line break of its own
    (tmp_path / DATABASE).unlink()
    with Store(tmp_path, PLAN.digest()) as store:
        assert store.answered(code) == {0, 2}


def test_entries_that_make_no_sense_are_passed_over(tmp_path):
    with Store(tmp_path, PLAN.digest()) as store:
        code = store.join()
    entries = [
        *({"kind": "join", "participant": "x", "slot": slot} for slot in (-1, 2**80, True, "0", None)),
        {"kind": "answer", "participant": code, "trial": 0, "done": "up", "keeps": "left"},
        {"kind": "answer", "participant": code, "trial": 0, "done": ["left"], "keeps": "left"},
        {"kind": "answer", "participant": code, "trial": 2**70, "done": "left", "keeps": "left"},
        {"kind": "answer", "participant": code, "trial": 0, "done": "left", "keeps": "left", "seconds": {}},
        {"kind": "dance", "participant": code},
        {"kind": "join", "participant": 3, "slot": 3},
        [1],
    ]
    with open(tmp_path / "journal.jsonl", "a") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)
    with Store(tmp_path, PLAN.digest()) as store:
        assert store.participants() == [0] and store.answers() == []
        assert store.notes == ["2 lines of the journal cannot be read and are passed over"]


def test_who_withdraws_leaves_nothing_behind(store, tmp_path):
    stays, goes = store.join(), store.join()
    for code in (stays, goes):
        store.answer(code, 0, "left", "left", 3.0)
    store.withdraw(goes)
    assert store.slot(goes) is None and [a.slot for a in store.answers()] == [0]
    store.close()
    assert all(goes.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    with Store(tmp_path, PLAN.digest()) as again:
        assert again.participants() == [0]


def test_answers_of_another_study_are_not_mixed(store, tmp_path):
    with pytest.raises(StillYouError, match="another study"):
        Store(tmp_path, plan(seed=6).digest())


def test_a_robot_that_joins_without_end_keeps_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr("stillyou.evaluation.study.store.MOST", 3)
    with Store(tmp_path, PLAN.digest()) as store:
        person = store.join()
        store.answer(person, 0, "left", "left", 3.0)
        robots = [store.join() for _ in range(5)]
        assert store.slot(person) == 0 and store.participants() == [0, 1, 2]
        assert [store.slot(code) is None for code in robots] == [True, True, True, False, False]
        late = [store.join() for _ in range(2)]
        for code in late:
            assert store.answer(code, 0, "right", "left", 3.0)
        assert store.join() is None, "everybody in it has answered"
        before = store.answers()
    (tmp_path / DATABASE).unlink()
    with Store(tmp_path, PLAN.digest()) as store:
        assert store.answers() == before, "the journal knows who took whose number"


def test_nothing_is_kept_of_somebody_who_has_withdrawn(tmp_path):
    with Store(tmp_path, PLAN.digest()) as store:
        code = store.join()
        store.withdraw(code)
        assert not store.answer(code, 0, "left", "left", 3.0)
    assert code not in (tmp_path / "journal.jsonl").read_text()
    (tmp_path / DATABASE).unlink()
    with Store(tmp_path, PLAN.digest()) as store:
        assert not store.answers() and not store.participants()
