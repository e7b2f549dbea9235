"""What the API keeps for further edits: pictures and effects of users' own; and errors that speak of fields."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from stillyou.app.service import Service
from tests.app.conftest import WHOLE, Clock, decoded, encoded, portrait, problem, sent

EDITS = "/v1/edits"


def test_a_picture_is_kept_for_many_edits(client: TestClient, clock: Clock) -> None:
    kept = client.post("/v1/pictures", files={"picture": encoded(portrait())})
    assert kept.status_code == 201 and kept.json()["width"] == 96 and kept.json()["kept_seconds"] == 900
    id = kept.json()["id"]
    by_id = [client.post(EDITS, data={**WHOLE, "picture": id, "seed": seed}) for seed in ("3", "4")]
    assert by_id[0].content == client.post(EDITS, **sent()).content and by_id[1].status_code == 200
    as_json = {**WHOLE, "picture": id, "seed": 3, "close_up": False}
    assert client.post(EDITS, json=as_json).content == by_id[0].content
    assert client.post("/v1/look", data={"picture": id}).json()["height"] == 80
    both = {"files": {"picture": encoded(portrait())}, "data": {**WHOLE, "picture": id}}
    assert "came twice" in problem(client.post(EDITS, **both), 422, "picture")
    assert kept.headers["location"] == f"/v1/pictures/{id}"
    assert client.delete(f"/v1/pictures/{id}").status_code == 204
    problem(client.delete(f"/v1/pictures/{id}"), 404)
    assert "no longer" in problem(client.post(EDITS, data={**WHOLE, "picture": id}), 422, "picture")
    problem(client.post(EDITS, data={**WHOLE, "picture": "../../etc/passwd"}), 422, "picture")
    problem(client.post(EDITS, data={**WHOLE, "picture": id, "effect": ["santa", "royal"]}), 422, "effect")
    problem(client.post(EDITS, data={**WHOLE, "design": "x" * 70_000}), 400)


def test_what_one_edit_brought_is_not_to_be_had_by_others(client: TestClient, service: Service) -> None:
    upload = service.take(encoded(portrait()), once=True)
    problem(client.post(EDITS, data={**WHOLE, "picture": upload.id}), 422, "picture")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("strength", "much", "strength 'much' is not a number"),
        ("seed", "1.5", "seed '1.5' is not a whole number"),
        ("close_up", "perhaps", "close_up 'perhaps' is not true or false"),
        ("variables", "subject", "variables 'subject' is not a JSON object"),
        ("strenght", "1", "there is no field 'strenght'. Did you mean 'strength'?"),
        ("face", "2", "a crop and a face exclude each other. Give crop or face."),
        ("nudge", "hat:x", "nudge"),
    ],
)
def test_errors_speak_of_fields(client: TestClient, field: str, value: str, words: str) -> None:
    found = client.post(EDITS, **sent(**{field: value}))
    detail = problem(found, 422, "crop" if field == "face" else field)
    assert words in detail and "--" not in detail and "nput should" not in detail


HAT = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 160">'
    '<path d="M5 150 Q160 -90 315 150 Z" fill="{felt}"/></svg>'
)
SPEC = 'title: Pirate\ncolours: {felt: "#23242b"}\ndesigns: {black: {}, red: {colours: {felt: "#8c1c24"}}}\n'


def packed(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zip:
        for name, text in files.items():
            zip.writestr(name, text)
    return buffer.getvalue()


def test_an_effect_of_ones_own_is_kept_and_edited_with(client: TestClient, service: Service, clock: Clock) -> None:
    form = {"data": {"effect": SPEC}, "files": {"art": ("hat.svg", HAT)}}
    zipped = {"files": {"zip": packed({"pirate/effect.yaml": SPEC, "pirate/hat.svg": HAT, "__MACOSX/x": "x"})}}
    portrait = Path("src/stillyou/samples/micah.png").read_bytes()
    results = []
    for body in (form, zipped):
        kept = client.post("/v1/effects", **body)
        assert kept.status_code == 201, kept.text
        document = kept.json()
        assert document["title"] == "Pirate" and [each["name"] for each in document["designs"]] == ["black", "red"]
        wish = {"effect": document["id"], "design": "red", "domain": "cartoon"}
        edit = client.post(EDITS, files={"picture": portrait}, data=wish)
        assert edit.status_code == 200, edit.text
        results.append(edit.content)
    assert results[0] == results[1] and (decoded(results[0]) != decoded(portrait)).any()
    recipe = client.get(edit.headers["location"]).json()["recipes"]["command"]
    assert recipe.startswith("stillyou edit me.png -e effect/ --domain cartoon --design red")
    assert not any(document["id"] == each["id"] for each in client.get("/v1/effects").json())
    place = kept.headers["location"]
    assert client.delete(place).status_code == 204 and not (service.folder.path / document["id"]).exists()
    problem(client.delete(place), 404)
    problem(client.post(EDITS, files={"picture": portrait}, data=wish), 422, "effect")
    assert len(list(service.folder.path.glob("own-*"))) == 1
    clock.now += service.limits.keep_seconds + 1
    service.tidy()
    assert not list(service.folder.path.glob("own-*"))


@pytest.mark.parametrize(
    ("data", "files", "field"),
    [
        ({}, {"art": ("hat.svg", HAT)}, "effect"),
        ({"effect": "title: [" * 5000}, {"art": ("hat.svg", HAT)}, "effect"),
        ({"effect": "titel: Pirate"}, {"art": ("hat.svg", HAT)}, "effect"),
        ({"effect": "title: Pirate\nfolder: /etc"}, {"art": ("hat.svg", HAT)}, "effect"),
        ({"effect": SPEC}, {"art": ("../hat.svg", HAT)}, "art"),
        ({"effect": SPEC}, {"art": ("/etc/hat.svg", HAT)}, "art"),
        ({"effect": SPEC}, {"art": ("hat.exe", HAT)}, "art"),
        ({"effect": SPEC}, {"art": ("hat.svg", HAT.replace("<path", "<script>x()</script><path"))}, "art"),
        ({"effect": SPEC}, {"art": ("hat.svg", HAT.replace("<path", '<image href="/etc/passwd"/><path'))}, "art"),
        ({"effect": SPEC}, {"art": ("hat.png", b"no picture")}, "art"),
        ({}, {"zip": packed({"effect.yaml": SPEC, "../../hat.svg": HAT})}, "art"),
        ({}, {"zip": packed({f"a{number}.svg": HAT for number in range(100)})}, "zip"),
        ({}, {"zip": packed({"effect.yaml": SPEC, "hat.svg": " " * (40 << 20)})}, "zip"),
    ],
)
def test_effects_that_are_none_are_refused(
    client: TestClient, service: Service, data: dict[str, str], files: dict[str, Any], field: str
) -> None:
    detail = problem(client.post("/v1/effects", data=data, files=files), 413 if field == "zip" else 422, field)
    assert str(service.folder.path) not in detail and "own-" not in detail
    assert not list(service.folder.path.glob("own-*"))


def test_a_zip_file_that_is_none_is_refused(client: TestClient) -> None:
    problem(client.post("/v1/effects", files={"zip": b"PK no zip"}), 422, "zip")
    problem(client.post("/v1/effects", json={"effect": SPEC}), 415)
