"""Routes of the page: its files, the samples, and trying on art of one's own."""

from __future__ import annotations

from importlib import resources
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from stillyou.app.page import own
from stillyou.app.service import Service

router = APIRouter(include_in_schema=False)
router.include_router(own.router)
MEDIA: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SAMPLES: Final = {
    "astronaut.jpg": ("a woman in a space suit, photograph", "image/jpeg"),
    "micah.png": ("a drawn character with glasses", "image/png"),
    "toon-head.png": ("a cartoon head", "image/png"),
    "critters.png": ("a drawn creature", "image/png"),
    "two-faces.jpg": ("two people, photograph", "image/jpeg"),
}
"""What can be tried without a picture of one's own: file, words, media type."""
_FILES: Final = {
    each.name: each for each in (resources.files("stillyou.app.page") / "static").iterdir() if each.is_file()
}
"""The page's own files by name: names that come in are looked up here, and never become paths."""


@router.get("/")
def page(request: Request) -> Response:
    """Return the page, with what this server takes."""
    service: Service = request.app.state.service
    text = _FILES["index.html"].read_text(encoding="utf-8")
    return Response(text.replace("{upload_bytes}", str(service.limits.upload_bytes)), media_type=MEDIA[".html"])


@router.get("/page/samples.json")
def samples() -> list[dict[str, str]]:
    """List the samples."""
    return [{"name": name, "words": words} for name, (words, _) in SAMPLES.items()]


@router.get("/page/samples/{name}")
def sample(name: str) -> Response:
    """Return a sample."""
    if name not in SAMPLES:
        raise HTTPException(404, "There is no such sample")
    return Response(own.sample_bytes(name), media_type=SAMPLES[name][1])


@router.get("/page/{name}")
def file(name: str) -> Response:
    """Return one of the page's files."""
    if name not in _FILES:
        raise HTTPException(404, "There is no such file")
    return _file(name)


def _file(name: str) -> Response:
    media = MEDIA["." + name.rpartition(".")[2]]
    return Response(_FILES[name].read_bytes(), media_type=media)
