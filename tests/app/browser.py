"""A server in a thread and Chromium before it, for the tests of the page."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stillyou.app.api.application import create_app
from stillyou.app.page.routes import router
from stillyou.app.service import Service

DONE = "#status:has-text(' s.')"
"""Is there when an edit has come out."""
_CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
"""A camera that shows a test picture, and a user who allows it."""
_KNOWN = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str:
    """Return a browser of this machine, or skip: nothing is downloaded for a test."""
    path = os.environ.get("STILLYOU_BROWSER") or next(filter(None, map(shutil.which, _KNOWN)), None)
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return path


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve the page over a service on a free port; yields its address."""
    import uvicorn

    app = create_app(service)
    app.include_router(router)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@contextmanager
def browsing() -> Iterator[Any]:
    """Start Chromium; yields Playwright's browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the tests of the page need playwright")
    path = browser_path()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", *_CAMERA])
        yield browser
        browser.close()


@contextmanager
def visit(browser: Any, address: str, *, quiet: bool = True, **context: Any) -> Iterator[Any]:
    """Open the page in a context of its own.

    Errors of scripts fail the test, and so does what the console says; where failures are provoked (`quiet` False) a
    browser tells them there.
    """
    told: list[str] = []
    visitor = browser.new_context(**context)
    page = visitor.new_page()
    page.set_default_timeout(60_000)  # a crowded machine is slow, not broken
    page.on("console", lambda each: told.append(each.text) if quiet and each.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    try:
        yield page
    except Exception:
        print("the page said:", [page.text_content(part) for part in ("#status", "#failed", "#panel-mask")], told)
        raise
    visitor.close()
    assert told == []


def choose(page: Any, group: str, value: str) -> None:
    """Click on one of a group of radio buttons."""
    page.locator(f"label:has(input[name^={group}][value='{value}'])").first.click()


def drop(page: Any, name: str, data: bytes) -> None:
    """Drop a file on the page."""
    page.evaluate(
        "([name, data]) => { const dataTransfer = new DataTransfer();"
        " dataTransfer.items.add(new File([Uint8Array.from(data)], name));"
        " document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })); }",
        [name, list(data)],
    )


def saved(page: Any, click: str, folder: Path) -> Path:
    """Click on something that saves a file; return where it is."""
    with page.expect_download() as download:
        page.click(click)
    path = folder / str(download.value.suggested_filename)
    download.value.save_as(path)
    return path
