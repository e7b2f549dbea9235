"""Who may come in: tokens, names of the host, other sites, large bodies; and what browsers are told."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from stillyou.app.api.application import create_app
from stillyou.app.service import Service
from tests.app.conftest import sent


@pytest.fixture
def locked(service: Service) -> TestClient:
    app = create_app(service, "s3cret", ("faces.example",))
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer S3CRET", "Basic s3cret", "s3cret", "Bearer s3cret2", "Bearer s3cre"],
)
def test_without_the_token_nobody_comes_in(locked: TestClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (
        ("POST", "/v1/edits"),
        ("GET", "/v1/effects"),
        ("GET", "/metrics"),
        ("GET", "/docs"),
        ("GET", "/"),
    ):
        response = locked.request(method, path, headers={**headers, "Accept": "*/*"})
        assert response.status_code == 401 and response.headers["www-authenticate"] == "Bearer"
        assert response.headers["content-type"] == "application/problem+json"
    assert locked.get("/health", headers=headers).status_code == 200


def test_with_the_token_programs_come_in(locked: TestClient) -> None:
    token = {"Authorization": "bearer s3cret"}
    assert locked.get("/v1/effects", headers=token).status_code == 200
    assert locked.post("/v1/edits", headers=token, **sent()).status_code == 200


def test_browsers_get_a_cookie_for_the_token(locked: TestClient) -> None:
    asked = locked.get("/", headers={"Accept": "text/html"})
    assert asked.status_code == 303 and asked.headers["location"] == "/login"
    assert 'name="token"' in locked.get("/login").text and 'href="/page/icon.svg"' in locked.get("/login").text
    assert locked.get("/page/icon.svg").status_code == 404  # the page is not mounted here; no token is asked
    assert locked.post("/login", data={"token": "wrong"}).status_code == 401
    assert locked.get("/v1/effects").status_code == 401
    entered = locked.post("/login", data={"token": "s3cret"})
    assert entered.status_code == 303 and entered.headers["location"] == "/"
    assert all(word in entered.headers["set-cookie"] for word in ("HttpOnly", "SameSite=strict"))
    assert "s3cret" not in entered.headers["set-cookie"]
    assert locked.get("/v1/effects").status_code == 200
    locked.cookies.set("stillyou", "guess")
    locked.cookies.clear()
    assert locked.get("/v1/effects", headers={"Cookie": "stillyou=guess; =;;"}).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:7860", 200),
        ("127.0.0.1:7860", 200),
        ("[::1]:7860", 200),
        ("192.168.1.20", 200),
        ("faces.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("a b", 421),
        ("[::1", 421),
        ("[evil]", 421),
    ],
)
def test_foreign_names_lead_nowhere(locked: TestClient, host: str, status: int) -> None:
    assert locked.get("/health", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[localhost"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:7860", "Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_sites_may_not_send(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/v1/edits", headers=headers, **sent()).status_code == status
    preflight = client.options("/v1/edits", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in preflight.headers


def test_large_bodies_are_refused_declared_or_not(client: TestClient, service: Service) -> None:
    limit = service.limits.body_bytes

    def chunks() -> Any:
        for _ in range(limit // 100_000 + 2):
            yield b"x" * 100_000

    declared = client.post("/v1/edits", content=b"", headers={"Content-Length": str(limit + 1)})
    assert declared.status_code == 413
    for kind in ("application/json", "multipart/form-data; boundary=x"):
        poured = client.post("/v1/edits", content=chunks(), headers={"Content-Type": kind})
        assert poured.status_code in (400, 413), poured.text
    assert client.post("/v1/edits", content=chunks(), headers={"Content-Type": "application/json"}).status_code == 413
    assert client.get("/health").json()["waiting"] == 0


def test_browsers_are_told_to_keep_to_themselves(client: TestClient) -> None:
    for path in ("/health", "/docs", "/nothing", "/v1/edits/x"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer"
        assert "'self'" in headers["content-security-policy"] and "https:" not in headers["content-security-policy"]
    assert 'href="/page/icon.svg"' in client.get("/docs").text
    assert "script-src" not in client.get("/docs").headers["content-security-policy"]


def test_what_nobody_foresaw_is_a_problem_without_a_trace(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "effects", lambda: 1 / 0)
    response = client.get("/v1/effects")
    assert response.status_code == 500 and response.headers["content-type"] == "application/problem+json"
    assert "division" not in response.text and response.headers["cache-control"] == "no-store"
