"""A service over a pipeline with a known answer, and clients of its API."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from stillyou.app.api.application import create_app
from stillyou.app.service import EditTask, JobView, Limits, Service
from stillyou.editing.editor import Editor
from tests.app.browser import browsing, serving
from tests.editing.fakes import CARD, RedPipeline


class HeldPipeline(RedPipeline):
    """Works only while `go` is set, and tells when it has begun; asks for progress all the while."""

    def __init__(self) -> None:
        super().__init__(CARD)
        self.go, self.begun = threading.Event(), threading.Event()
        self.go.set()

    def edit(self, pixels: Any, prompts: Any, settings: Any, seeds: Any, **more: Any) -> Any:
        self.begun.set()
        progress = more.get("progress") or (lambda done, steps: None)
        while not self.go.wait(0.01):
            progress(1, settings.steps)
        return super().edit(pixels, prompts, settings, seeds, **more)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the page: costumes by the real fit network and art, expressions by a pipeline with a known answer."""
    card = CARD.model_copy(update={"drafts": True, "domains": ("cartoon", "people")})
    with Service(Editor(RedPipeline(card), "fake"), root=tmp_path_factory.mktemp("service")) as running:
        with serving(running) as address:
            yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, or a skip where there is none."""
    with browsing() as browser:
        yield browser


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def portrait(width: int = 96, height: int = 80, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture
def pipeline() -> HeldPipeline:
    return HeldPipeline()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(pipeline: HeldPipeline, clock: Clock, tmp_path: Path) -> Iterator[Service]:
    limits = Limits(queue=3, batch=2, upload_bytes=200_000, pixels=1_000_000)
    with Service(Editor(pipeline, "fake", lambda rgb: []), limits, clock, tmp_path) as running:
        yield running
        pipeline.go.set()


def task(service: Service, seed: int = 0, effect: str = "laughing", **options: Any) -> EditTask:
    """Return an edit of a picture of its own; the whole square, so that nothing has to be found."""
    upload = service.take(encoded(portrait(seed=seed)))
    return EditTask(upload, service.request(effect, {"seed": seed, "crop": "0,0,80", "close_up": False, **options}))


def finished(service: Service, id: str) -> JobView:
    view = service.wait(id, 30)
    assert view.state.final
    return view


def hold(pipeline: HeldPipeline, service: Service) -> str:
    """Have the worker begin an edit and stay at it; return the edit."""
    pipeline.go.clear()
    pipeline.begun.clear()
    id = service.submit(task(service, 99, steps=7)).id
    assert pipeline.begun.wait(30)
    return id


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), base_url="http://localhost:7860") as opened:
        yield opened


WHOLE = {"effect": "laughing", "crop": "0,0,80", "close_up": "false", "seed": "3"}
"""Fields of an edit in which nothing has to be found."""


def sent(image: bytes | None = None, **fields: Any) -> dict[str, Any]:
    """Return the arguments of a multipart request for an edit."""
    picture = encoded(portrait()) if image is None else image
    return {"files": {"picture": ("../../etc/passwd", picture)}, "data": {**WHOLE, **fields}}


def problem(response: Any, status: int, field: str | None = None) -> str:
    """Check that a response is a problem of this kind; return its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status and body.get("field") == field and body["title"]
    assert "Traceback" not in response.text and "/tmp" not in response.text
    return str(body["detail"])
