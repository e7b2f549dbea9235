"""`stillyou app`: clear lines where it cannot start, and a start after a kill that leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources, util
from pathlib import Path

import httpx
import pytest

from stillyou.app.service.folder import PREFIX
from stillyou.cli import main
from tests.app.conftest import decoded

SAMPLE = (resources.files("stillyou") / "samples" / "micah.png").read_bytes()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["app", *arguments])
    assert stop.value.code in (1, 2)
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0 and "Traceback" not in said
    return said


def test_a_port_in_use_is_a_line_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(capsys, "--port", str(port))
    assert f"port {port} of 127.0.0.1 is in use" in said and f"--port {port + 1}" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
        (["--max-queue", "0"], "no place for an edit"),
        (["--token", "with a space"], "headers cannot carry"),
        (["--port", "0", "--model", "nothing-like-it"], "nothing-like-it"),
        (["--port", "0", "--device", "tpu"], "unknown device 'tpu'"),
    ],
)
def test_what_cannot_start_says_why(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    with pytest.raises(SystemExit):
        main(["app", *arguments])
    assert words in capsys.readouterr().err


def test_a_missing_extra_names_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "uvicorn" else found(name, *more))
    assert "pip install 'stillyou[app]'" in refused(capsys)


@contextmanager
def server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server of the embedded model on a free port; yield it with its address."""
    environment = {**os.environ, "TMPDIR": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "STILLYOU_TOKEN": "t"}
    command = [sys.executable, "-m", "stillyou", "app", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        address = next(found[0] for line in lines if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        yield process, address
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_killed_in_the_middle_it_comes_back_clean(tmp_path: Path) -> None:
    fields = {"effect": "santa", "design": "green"}
    token = {"Authorization": "Bearer t"}
    with server(tmp_path) as (process, address), httpx.Client(base_url=address, headers=token, timeout=120) as client:
        for _ in range(3):
            sent = client.post("/v1/edits", files={"picture": SAMPLE}, data=fields, headers={"Prefer": "respond-async"})
            assert sent.status_code == 202
        (left,) = [each for each in tmp_path.iterdir() if each.name.startswith(PREFIX)]
        assert any(left.iterdir())
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.exists()
    with server(tmp_path) as (process, address), httpx.Client(base_url=address, headers=token, timeout=120) as client:
        assert not left.exists()
        assert client.get(sent.headers["location"]).status_code == 404
        edited = client.post("/v1/edits", files={"picture": SAMPLE}, data=fields)
        assert edited.status_code == 200 and decoded(edited.content).shape == decoded(SAMPLE).shape
        process.send_signal(signal.SIGTERM)
        process.wait(300)  # a crowded machine is slow, not stuck
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(PREFIX)]
