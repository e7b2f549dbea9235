"""The API: pictures in and out, jobs, errors that name the field, idempotency, cancelling, a full queue."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from stillyou.app.api.application import create_app
from stillyou.app.service import Limits, Service, State
from tests.app.conftest import WHOLE, Clock, HeldPipeline, decoded, encoded, finished, portrait, problem, sent

EDITS = "/v1/edits"
ASYNC = {"Prefer": "respond-async"}


def started(client: TestClient, **fields: Any) -> str:
    response = client.post(EDITS, headers=ASYNC, **sent(**fields))
    assert response.status_code == 202, response.text
    return str(response.headers["location"])


def test_a_form_gives_the_picture(client: TestClient) -> None:
    response = client.post(EDITS, **sent())
    assert response.status_code == 200 and response.headers["content-type"] == "image/png"
    assert int(response.headers["content-length"]) == len(response.content)
    assert response.headers["content-disposition"] == 'attachment; filename="laughing-3.png"'
    mask = decoded(client.get(response.headers["location"] + "/mask").content)
    before, after = np.asarray(portrait()), decoded(response.content)
    assert np.array_equal(after[mask == 0], before[mask == 0]) and (mask == 255).any()


def test_json_gives_the_same_picture_and_a_document_if_wanted(client: TestClient) -> None:
    body = {
        "picture": base64.b64encode(encoded(portrait())).decode(),
        "effect": "laughing",
        "crop": "0,0,80",
        "seed": 3,
    }
    body |= {
        "close_up": False,
        "strength": 0.5,
        "guidance": [3, 2, 4],
        "variables": {"subject": "man"},
        "draft": "none",
    }
    fields = {"strength": "0.5", "guidance": "3,2,4", "variables": '{"subject": "man"}', "draft": "none"}
    form = client.post(EDITS, **sent(**fields))
    response = client.post(EDITS, json=body)
    assert response.content == form.content
    document = client.post(EDITS, json=body, headers={"Accept": "application/json"}).json()
    assert document["state"] == "done" and document["report"]["strength"] == 0.5
    assert client.get(document["links"]["picture"]).content == form.content
    assert document["recipes"]["command"] == (
        "stillyou edit me.png -e laughing --strength 0.5 --seed 3 --guidance 3,2,4 --var subject=man "
        "--crop 0,0,80 --draft none --no-close-up --model fake -o out.png"
    )


def test_a_mask_and_a_draft_come_with_the_picture(client: TestClient) -> None:
    painted = np.zeros((80, 96), np.uint8)
    painted[10:30, 40:60] = 200
    draft = Image.new("RGBA", (96, 80))
    draft.paste((0, 90, 0, 255), (45, 12, 55, 25))
    request = sent(refine="0")
    request["files"] |= {"mask": encoded(Image.fromarray(painted)), "draft": encoded(draft)}
    response = client.post(EDITS, **request)
    assert (decoded(response.content)[14:24, 46:54] != np.asarray(portrait())[14:24, 46:54]).any()
    place = response.headers["location"]
    assert np.array_equal(
        decoded(client.get(place + "/mask").content) > 0, (np.asarray(draft)[..., 3] > 0) & (painted > 0)
    )
    drawn = decoded(client.get(place + "/draft").content)
    assert drawn.shape == (80, 96, 4) and (drawn[15, 50] == (0, 90, 0, 255)).all()


def test_a_job_is_followed_and_read(client: TestClient, service: Service, pipeline: HeldPipeline) -> None:
    pipeline.go.clear()
    place = started(client)
    waiting = started(client, steps="4")
    assert pipeline.begun.wait(30)
    assert client.get(waiting).json()["position"] == 1 and client.get(place).json()["state"] == "running"
    detail = problem(client.get(place + "/picture"), 409)
    assert "not finished" in detail
    pipeline.go.set()
    finished(service, waiting.rpartition("/")[2])
    document = client.get(place).json()
    assert document["state"] == "done" and set(document["links"]) == {"self", "events", "picture", "mask", "draft"}
    assert document["links"]["draft"] is None
    assert decoded(client.get(document["links"]["picture"]).content).shape == (80, 96, 3)
    problem(client.get(place + "/draft"), 404)


def test_progress_comes_as_events_to_the_end(client: TestClient, pipeline: HeldPipeline) -> None:
    pipeline.go.clear()
    place = started(client, steps="6")
    assert pipeline.begun.wait(30)
    told: list[tuple[str, dict[str, Any]]] = []
    with client.stream("GET", place + "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        pipeline.go.set()
        for line in lines:
            if line.startswith("event: "):
                told.append((line[7:], json.loads(next(lines).removeprefix("data: "))))
    assert told[-1][0] == "done" and told[-1][1]["links"]["picture"] == place + "/picture"
    assert all(name == "progress" for name, _ in told[:-1]) and told[-1][1]["steps"] == 6
    with client.stream("GET", place + "/events") as stream:  # of a finished edit: its end at once
        assert next(stream.iter_lines()) == "event: done"


def test_patience_is_what_the_client_says(client: TestClient, pipeline: HeldPipeline) -> None:
    pipeline.go.clear()
    response = client.post(EDITS, headers={"Prefer": "wait=0"}, **sent())
    assert response.status_code == 202 and response.headers["preference-applied"] == "wait=0"
    assert response.headers["retry-after"] == "1" and response.json()["state"] in ("queued", "running")


def test_a_wrong_field_is_named(client: TestClient) -> None:
    refused = {
        "strength": "2",
        "seed": "x",
        "steps": "1000",
        "design": "gren",
        "wear": "shoes",
        "guidance": "1,2",
        "format": "gif",
        "draft": "/etc/passwd",
        "variables": "[1]",
        "mask": "text",
        "colour": "red",
        "nudge": "hat",
        "keep_location": "perhaps",
        "effect": "sant",
    }
    for field, value in refused.items():
        problem(client.post(EDITS, **sent(**{field: value})), 422, field)
    assert "Did you mean 'santa'" in problem(client.post(EDITS, **sent(effect="sant")), 422, "effect")
    problem(client.post(EDITS, data=WHOLE, files={"mask": b"x"}), 422, "picture")
    problem(client.post(EDITS, files={"picture": b"x", "other": b"y"}, data=WHOLE), 422, "other")
    problem(client.post(EDITS, json={"effect": "santa", "picture": "no base64!"}), 422, "picture")
    problem(client.post(EDITS, json={"effect": "santa", "picture": 7}), 422, "picture")
    problem(client.post(EDITS, json={"effect": 7, "picture": ""}), 422, "effect")
    outside = problem(client.post(EDITS, **sent(crop="0,0,9999")), 422, "crop")  # told only beside the picture
    assert "mostly outside" in outside
    assert client.get("/metrics").text.count('stillyou_edits_total{state="done"} 0.0') == 1


def test_pictures_that_cannot_be_used_are_told(client: TestClient) -> None:
    problem(client.post(EDITS, **sent(b"GIF89a")), 422, "picture")
    problem(client.post(EDITS, **sent(encoded(Image.new("1", (2000, 1000))))), 413, "picture")
    data = encoded(portrait(200, 200))
    assert "damaged" in problem(client.post(EDITS, **sent(data[:9000])), 422, "picture")
    place = started(client)  # the same later: in the document, and where the picture would be
    request = sent()
    request["files"]["mask"] = encoded(Image.new("L", (5, 5)))
    problem(client.post(EDITS, **request), 422, "mask")
    assert client.get(place).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b'{"effect": "a", "effect": "b"}', 400),
        ("application/json", b'{"strength": NaN}', 400),
        ("application/json", b'{"effect":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        ("text/plain", b"hello", 415),
        ("multipart/form-data", b"hello", 400),
        ("multipart/form-data; boundary=x", b"hello", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--x--", 400),
    ],
)
def test_bodies_that_are_none_are_refused(client: TestClient, kind: str, body: bytes, status: int) -> None:
    problem(client.post(EDITS, content=body, headers={"Content-Type": kind}), status)
    assert client.get("/health").json()["waiting"] == 0


def test_many_fields_and_files_are_refused(client: TestClient) -> None:
    picture = encoded(portrait())
    problem(client.post(EDITS, files=[("picture", picture)] * 2, data=WHOLE), 422, "picture")
    problem(client.post(EDITS, files=[("picture", b"x")] * 100, data=WHOLE), 400)
    problem(client.post(EDITS, files={"picture": picture}, data={f"a{k}": "x" for k in range(100)}), 400)
    problem(client.post(EDITS, files={"picture": picture}, data={"effect": "x" * 100_000}), 400)


def test_a_key_means_the_same_edit_again(client: TestClient, service: Service, pipeline: HeldPipeline) -> None:
    key = {"Idempotency-Key": "one"}
    first, second = (client.post(EDITS, headers=key, **sent()) for _ in range(2))
    assert first.content == second.content and first.headers["location"] == second.headers["location"]
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    assert service.tally.submitted == 1
    problem(client.post(EDITS, headers=key, **sent(seed="4")), 422, "Idempotency-Key")
    problem(client.post(EDITS, headers={"Idempotency-Key": "x" * 256}, **sent()), 400, "Idempotency-Key")
    client.delete(first.headers["location"])  # gone: the key stands for nothing any more
    assert client.post(EDITS, headers=key, **sent(seed="4")).status_code == 200


def test_a_key_is_answered_even_when_the_queue_is_full(client: TestClient, pipeline: HeldPipeline) -> None:
    pipeline.go.clear()
    key = {"Idempotency-Key": "one", **ASYNC}
    place = client.post(EDITS, headers=key, **sent()).headers["location"]
    assert pipeline.begun.wait(30)
    for steps in "123":
        started(client, steps=steps)
    refused = client.post(EDITS, headers=ASYNC, **sent())
    assert "queue is full (3 edits wait)" in problem(refused, 503)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.post(EDITS, headers=key, **sent()).headers["location"] == place
    assert "stillyou_edits_refused_total 1.0" in client.get("/metrics").text


def test_deleting_cancels_or_removes(client: TestClient, service: Service, pipeline: HeldPipeline) -> None:
    done = client.post(EDITS, **sent()).headers["location"]
    pipeline.go.clear()
    pipeline.begun.clear()
    running = started(client)
    assert pipeline.begun.wait(30)
    for place in (done, running):
        assert client.delete(place).status_code == 204
    problem(client.get(done), 410)
    assert client.get(running).json()["state"] == "cancelled"
    assert "cancelled" in problem(client.get(running + "/picture"), 410)
    for method in (client.get, client.delete):
        problem(method(EDITS + "/unknown"), 404)
    problem(client.get(EDITS + "/unknown/events"), 404)
    problem(client.get(done + "/passwd"), 404)


def test_old_results_are_gone(client: TestClient, service: Service, clock: Clock) -> None:
    place = client.post(EDITS, **sent()).headers["location"]
    clock.now += service.limits.keep_seconds + 1
    service.tidy()
    for address in (place, place + "/picture", place + "/events"):
        assert "no longer kept" in problem(client.get(address), 410)


def test_addresses_cannot_be_guessed_and_nothing_is_cached(client: TestClient) -> None:
    places = {started(client, steps=steps) for steps in "123"}
    assert len(places) == 3 and all(len(place.rpartition("/")[2]) == 32 for place in places)
    for address in (*places, "/health", "/v1/effects", EDITS + "/x/picture"):
        assert client.get(address).headers["cache-control"] == "no-store"
    problem(client.get(EDITS), 405)


def test_a_client_that_leaves_cancels_its_edit_unless_it_has_a_key(service: Service, pipeline: HeldPipeline) -> None:
    pipeline.go.clear()
    for headers, state in (([], State.CANCELLED), ([(b"idempotency-key", b"k")], State.DONE)):
        asyncio.run(_leave(service, pipeline, headers))
        (id,) = [
            id
            for id in service.board._jobs
            if service.view(id).state is not State.CANCELLED or state is State.CANCELLED
        ]
        if state is State.DONE:
            pipeline.go.set()
        assert finished(service, id).state is state


async def _leave(service: Service, pipeline: HeldPipeline, more: list[tuple[bytes, bytes]]) -> None:
    """Send an edit, wait until the model has begun, and cut the connection."""
    request = TestClient(create_app(service), base_url="http://localhost").build_request("POST", EDITS, **sent())
    body, pipeline_begun = request.read(), pipeline.begun
    pipeline_begun.clear()
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": EDITS,
        "raw_path": EDITS.encode(),
        "query_string": b"",
        "headers": headers + more,
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.to_thread(pipeline_begun.wait, 30)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    await create_app(service)(scope, receive, send)


def test_effects_are_listed_with_designs(client: TestClient) -> None:
    effects = {effect["id"]: effect for effect in client.get("/v1/effects").json()}
    assert list(effects) == ["flower", "santa", "sheep", "royal", "angry", "shocked", "laughing", "crying"]
    assert [design["name"] for design in effects["santa"]["designs"]] == ["classic", "green", "burgundy", "blue"]
    assert effects["santa"]["thumbnail"] is None and effects["angry"]["designs"] == []
    problem(client.get("/v1/effects/santa/thumbnail"), 404)
    problem(client.get("/v1/effects/..%2f..%2fetc/thumbnail"), 404)


def test_a_look_tells_size_kind_and_faces(client: TestClient) -> None:
    seen = client.post("/v1/look", files={"picture": encoded(portrait())}).json()
    assert (seen["width"], seen["height"], seen["domain"], seen["faces"]) == (96, 80, "cartoon", [])
    problem(client.post("/v1/look", files={"picture": b"x"}), 422, "picture")
    problem(client.post("/v1/look", files={"mask": b"x"}), 422, "picture")


def test_health_and_the_end_of_the_worker(client: TestClient, service: Service) -> None:
    assert client.get("/health").json()["status"] == "ok"
    service.board.close()
    assert client.get("/health").status_code == 503


def test_the_page_of_the_api_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "/v1/edits/{id}/events" in page and "hat, coat or both" in page
    assert "http://" not in page and "https://" not in page and "<script" not in page
    document = client.get("/openapi.json").json()
    body = document["paths"][EDITS]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}
    assert set(WHOLE) < set(body["application/json"]["schema"]["properties"])


def test_defaults_bound_what_one_request_may_hold() -> None:
    assert Limits().body_bytes < 200e6 and Limits().queue == 64
