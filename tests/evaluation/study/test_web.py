"""The study from a comparison's pictures to its page and back, by the command line and over HTTP."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from stillyou.cli import main
from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.baselines.truth import Truth
from stillyou.evaluation.comparison.pictures import PictureFolder
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.splits import PairSample
from stillyou.evaluation.study.make import make_study, shuffled
from stillyou.evaluation.study.plan import read_plan
from stillyou.evaluation.study.sessions import session
from stillyou.evaluation.study.store import Store
from stillyou.evaluation.study.web import StudyServer
from tests.evaluation.people import person

EFFECT = load_effect("angry")
PAIRS = [person("angry", i) for i in range(7)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A comparison of three editors; `edit` failed at the last portrait."""
    folder = tmp_path_factory.mktemp("report")
    shelf = PictureFolder(folder, Truth(PairSample("people", 7, effects=[EFFECT], pairs={"angry": PAIRS})))
    shelf.pairs(EFFECT, PAIRS)
    for i, pair in enumerate(PAIRS):
        for k, name in enumerate(("edit", "sdedit", "oracle")):
            if (i, name) != (6, "edit"):
                shelf.answer(name, EFFECT, pair.source, Answer(pair.target + np.uint8(k), pair.mask))
    shelf.index("people", ["edit", "sdedit", "oracle"], [EFFECT], 7)
    return folder


@pytest.fixture
def study(report, tmp_path):
    plan, notes = make_study(report, tmp_path / "study", contact="Ada <ada@example.org>", trials=24, seed=1)
    assert plan.editors == ("edit", "sdedit") and plan.trials == 6
    assert "1 portraits are left out" in notes[0] and "6 trials" in notes[1]
    return tmp_path / "study"


@pytest.fixture
def client(study):
    plan = read_plan(study)
    with Store(study, plan.digest()) as store, TestClient(StudyServer(study, plan, store).app()) as client:
        yield client


def join(client):
    return client.post("/join", json={"agreed": True}).json()["code"]


def test_somebody_answers_everything(client, study):
    code, plan = join(client), read_plan(study)
    sheet = client.post("/trial", json={"code": code}).json()
    seen = []
    while not sheet["finished"]:
        seen.append(sheet["trial"])
        for key in ("source", "left", "right"):
            assert client.get("/" + sheet[key]).headers["content-type"] == "image/png"
        answer = {"code": code, "trial": sheet["trial"], "done": "left", "keeps": "right"}
        sheet = client.post("/answer", json=answer).json()
    assert seen == list(range(7)) and sheet == {"total": 7, "answered": 7, "finished": True}
    assert [t.correct is None for t in session(plan, 0)] == [True] * 6 + [False]


def test_the_page_tells_nobody_who_made_a_picture(client, study):
    code = join(client)
    sheet = client.post("/trial", json={"code": code})
    assert not any(name in sheet.text for name in ("edit.", "sdedit", "oracle", "editor", "correct"))
    text = sheet.json()
    sizes = [client.get("/" + text[side]).content for side in ("left", "right")]
    assert b"sdedit" not in sizes[0] + sizes[1]
    assert client.get("/study.json").status_code == client.get("/pictures/../study.json").status_code == 404


def test_two_browsers_go_on_where_the_other_is(client):
    code = join(client)
    answer = {"code": code, "trial": 0, "done": "left", "keeps": "left"}
    first = client.post("/answer", json=answer).json()  # then the other browser, or a line that was cut
    second = client.post("/answer", json={**answer, "done": "right"}).json()
    assert first["trial"] == second["trial"] == 1 and second["answered"] == 1
    ahead = client.post("/answer", json={**answer, "trial": 2})
    assert ahead.status_code == 409 and "not been shown" in ahead.json()["error"]
    assert client.post("/answer", json={**answer, "trial": 1}).json()["answered"] == 2


def test_a_robot_that_answers_backwards_gets_nowhere(client, study):
    """Trials that were never shown have no time: answered last to first they would pass the rule on speed."""
    code, plan = join(client), read_plan(study)
    for trial in reversed(range(len(session(plan, 0)))):
        answer = {"code": code, "trial": trial, "done": "left", "keeps": "right"}
        assert client.post("/answer", json=answer).status_code == (200 if trial == 0 else 409)
    assert client.post("/trial", json={"code": code}).json()["answered"] == 1


def test_after_a_restart_an_answer_that_was_kept_in_the_browser_counts(study):
    plan = read_plan(study)
    with Store(study, plan.digest()) as store, TestClient(StudyServer(study, plan, store).app()) as client:
        code = join(client)
        client.post("/trial", json={"code": code})
    with Store(study, plan.digest()) as store, TestClient(StudyServer(study, plan, store).app()) as client:
        answer = {"code": code, "trial": 0, "done": "left", "keeps": "right"}
        assert client.post("/answer", json=answer).json()["answered"] == 1
        assert store.answers()[0].seconds is None


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("malformed"), StillYouError("cannot write the journal")])
def test_a_disk_or_database_that_fails_is_told_and_the_browser_tries_again(study, monkeypatch, capsys, error):
    plan = read_plan(study)
    with Store(study, plan.digest()) as store, TestClient(StudyServer(study, plan, store).app()) as client:
        code = join(client)
        answer = {"code": code, "trial": 0, "done": "left", "keeps": "right"}
        with monkeypatch.context() as broken:
            broken.setattr(store, "answer", lambda *_: (_ for _ in ()).throw(error))
            refused = client.post("/answer", json=answer)
        assert refused.status_code == 503 and "sent again by itself" in refused.json()["error"]
        assert "Traceback" not in (said := capsys.readouterr().err) and str(error) in said
        assert client.post("/answer", json=answer).json()["answered"] == 1


def test_an_answer_that_comes_while_somebody_withdraws_leaves_nothing(client, monkeypatch):
    code, kept = join(client), Store.answer

    def late(store, *answer):
        store.withdraw(code)
        return kept(store, *answer)

    monkeypatch.setattr(Store, "answer", late)
    answer = {"code": code, "trial": 0, "done": "left", "keeps": "right"}
    assert client.post("/answer", json=answer).status_code == 404


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/join", {}, 403),
        ("/join", {"agreed": "yes"}, 403),
        ("/join", [], 422),
        ("/trial", {"code": "nobody"}, 404),
        ("/trial", {"code": {"$ne": 1}}, 404),
        ("/answer", {"code": "nobody", "trial": 0}, 404),
        ("/withdraw", {}, 404),
    ],
)
def test_what_a_robot_may_send_is_refused(client, path, sent, status):
    answer = client.post(path, json=sent)
    assert answer.status_code == status and answer.json()["error"]


def test_answers_that_make_no_sense_are_refused(client):
    code = join(client)
    good = {"code": code, "trial": 0, "done": "left", "keeps": "right"}
    for wrong in ({"trial": 7}, {"trial": -1}, {"trial": True}, {"trial": "0"}, {"done": "both"}, {"keeps": None}):
        assert client.post("/answer", json={**good, **wrong}).status_code == 422
    assert client.post("/answer", content=b"{" * 3000, headers={"content-type": "application/json"}).status_code == 413
    assert client.post("/answer", content=b"[" * 1500, headers={"content-type": "application/json"}).status_code == 422
    assert client.post("/answer", data=good).status_code == 415  # what a form of another site would send
    assert client.get("/answer").status_code == 405
    assert client.post("/trial", json={"code": code}).json()["answered"] == 0


def test_the_page_keeps_to_itself(client):
    page = client.get("/")
    assert "Taking part is voluntary" in page.text and "default-src 'self'" in page.headers["content-security-policy"]
    assert "http" not in client.get("/study.js").text and "set-cookie" not in page.headers
    icon = client.get("/icon.svg")
    assert 'href="icon.svg"' in page.text and icon.headers["content-type"].startswith("image/svg+xml")
    about = client.get("/about").json()
    assert about["contact"].startswith("Ada") and about["total"] == 7


def test_somebody_withdraws(client):
    code = join(client)
    client.post("/answer", json={"code": code, "trial": 0, "done": "left", "keeps": "right"})
    assert client.post("/withdraw", json={"code": code}).json() == {"withdrawn": True}
    assert client.post("/trial", json={"code": code}).status_code == 404


def test_checks_are_the_same_tiles_in_another_order():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    mixed = shuffled(picture, 3)
    assert not np.array_equal(mixed, picture)
    assert np.array_equal(np.sort(mixed.reshape(-1, 3), axis=0), np.sort(picture.reshape(-1, 3), axis=0))


def test_studies_that_cannot_be(report, study, tmp_path):
    for editors, said in ((("edit",), "at least two"), (("edit", "sdedt"), "Did you mean 'sdedit'")):
        with pytest.raises(UsageError, match=said):
            make_study(report, tmp_path / "other", editors=editors)
    with pytest.raises(UsageError, match="no pictures of a comparison"):
        make_study(tmp_path, tmp_path / "other")
    with pytest.raises(StillYouError, match="not an empty folder"):
        make_study(report, study)
    assert not (tmp_path / "other").exists()
    with pytest.raises(StillYouError, match="holds no study"):
        read_plan(tmp_path)
    next((study / "pictures").iterdir()).unlink()
    with pytest.raises(StillYouError, match="lacks 1 of its pictures"):
        read_plan(study)
    plan = json.loads((study / "study.json").read_text())
    plan["items"][0]["answers"]["edit"] = "../../secret.png"
    (study / "study.json").write_text(json.dumps(plan))
    with pytest.raises(StillYouError, match="damaged"):
        read_plan(study)
    index = json.loads((report / "pictures" / "comparison.json").read_text())
    index["effects"][0]["id"] = "../other"
    (tmp_path / "evil" / "pictures").mkdir(parents=True)
    (tmp_path / "evil" / "pictures" / "comparison.json").write_text(json.dumps(index))
    with pytest.raises(StillYouError, match="damaged"):
        make_study(tmp_path / "evil", tmp_path / "other")
    (study / "study.json").write_text('{"version": 1}')
    with pytest.raises(StillYouError, match="damaged"):
        read_plan(study)


def test_the_command_line(report, tmp_path, capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stop:
            main(["study", *map(str, words)])
        return stop.value.code, *capsys.readouterr()

    code, out, err = run("make", report, "-o", tmp_path / "s", "--editors", "edit,sdedit")
    assert code == 0 and out.strip() == str(tmp_path / "s") and "6 portraits, 2 editors" in err
    assert len(list((tmp_path / "s" / "pictures").iterdir())) == 6 * 3 + 6 * 2 - 6  # edits equal targets here
    code, out, err = run("result", tmp_path / "s", "-o", tmp_path / "r", "--json")
    assert code == 0 and json.loads(out)["participants"] == 0
    code, out, _ = run("power", "--share", 0.75, "--each", 10)
    assert code == 0 and "75.0% from 50%" in out
    assert run("power", "--share", 0.5)[0] == 2 and run("serve", tmp_path)[0] == 1
    with Image.open(next((tmp_path / "s" / "pictures").iterdir())) as picture:
        assert picture.size == (32, 32)
