"""The load of many clients: honest servers pass, and a server that mixes its clients up is caught."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import os

import pytest

from stillyou.app.service import Limits, Service
from stillyou.bench.app_load import Figures, load, summary
from stillyou.editing.editor import Editor
from stillyou.errors import StillYouError
from tests.app.browser import serving
from tests.app.conftest import encoded, portrait
from tests.editing.fakes import RedPipeline


def loaded(folder, monkeypatch: pytest.MonkeyPatch, *, mixed_up: bool) -> Figures:
    with Service(Editor(RedPipeline(), "fake", lambda rgb: []), Limits(queue=2), root=folder) as service:
        if mixed_up:
            wrong, given = encoded(portrait(256, 256)), service.open_result

            def others(id: str, kind: str = "picture"):
                file, handle = given(id, kind)
                if kind != "picture":
                    return file, handle
                handle.close()
                return dataclasses.replace(file, bytes=len(wrong)), io.BytesIO(wrong)

            monkeypatch.setattr(service, "open_result", others)
        with serving(service) as address:
            return asyncio.run(load(address, os.getpid(), clients=6, seconds=1.0))


def test_an_honest_server_passes(tmp_path, monkeypatch) -> None:
    figures = loaded(tmp_path, monkeypatch, mixed_up=False)
    assert not figures.faults and figures.answers["ended done"] == len(figures.seconds) > 0
    found = summary(figures, 6, 1.0)
    assert (
        found["edits_a_minute"] == pytest.approx(60 * len(figures.seconds) / figures.elapsed, abs=0.1)
        and found["memory_mb"]["most"] > 10
    )


def test_a_server_that_gives_results_to_others_is_caught(tmp_path, monkeypatch) -> None:
    figures = loaded(tmp_path, monkeypatch, mixed_up=True)
    assert figures.faults["a result was not its client's"] == len(figures.seconds) > 0


def test_why_edits_failed_is_noted(tmp_path, monkeypatch) -> None:
    def broken(*_):
        raise StillYouError("the model is tired", "Let it rest.")

    editor = Editor(RedPipeline(), "fake", lambda rgb: [])
    monkeypatch.setattr(editor, "run_all", broken)
    with Service(editor, Limits(queue=2), root=tmp_path) as service, serving(service) as address:
        figures = asyncio.run(load(address, os.getpid(), clients=1, seconds=0.5))
    failed = figures.answers["ended failed"]
    assert failed > 0 and summary(figures, 1, 0.5)["reasons"] == {"the model is tired. Let it rest.": failed}
