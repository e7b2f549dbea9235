"""Art of one's own, tried on a portrait at once: no model is asked, and nothing is kept.

The browser sends ``effect.yaml`` and its art; they are checked and drawn as a folder of a user's is, in a temporary
folder that is gone with the answer.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from stillyou.app.service import Busy, FieldError, Service
from stillyou.app.service.own_effects import MOST_FILES, in_names, unpacked
from stillyou.editing.preview import dressed
from stillyou.effects.own import SPEC
from stillyou.errors import StillYouError
from stillyou.images import Picture

router = APIRouter()
_LARGEST: Final = 32 << 20
"""Bytes of a file that are read; fewer are taken."""
_SHOWN: Final = 1600
"""Longer side of the answer in pixels: it is looked at, not kept."""
_PLACES = threading.BoundedSemaphore(4)
"""How many are tried on or wait at a time; drawing itself is one after the other."""
_DRAWING = threading.Lock()


@router.post("/page/own")
async def try_on(request: Request) -> Response:
    """Return a portrait that wears the art."""
    service: Service = request.app.state.service
    async with request.form(max_files=MOST_FILES + 2, max_fields=4) as form:
        files, picture, sample = await _files(form), form.get("picture"), form.get("sample")
        if isinstance(picture, UploadFile):
            portrait = await picture.read()
        else:
            portrait = sample_bytes(sample if isinstance(sample, str) else "")
    return Response(await run_in_threadpool(_tried_on, service, files, portrait), media_type="image/png")


async def _files(form: FormData) -> dict[str, bytes]:
    """Return the files of an effect by name; `unpacked` refuses what is missing or unusual."""
    spec = form.get("effect")
    files = {SPEC: spec.encode()} if isinstance(spec, str) else {}
    for each in form.getlist("art"):
        if isinstance(each, UploadFile):
            files[each.filename or ""] = await each.read(_LARGEST)
    return files


def sample_bytes(name: str) -> bytes:
    """Return a sample's file; raises FieldError for an unknown one."""
    known = {each.name: each for each in _samples()}
    if name not in known:
        raise FieldError("sample", "there is no such sample", "Choose one of those that are shown.")
    return known[name].read_bytes()


def _samples() -> list[Path]:
    folder = Path(str(resources.files("stillyou") / "samples"))
    return [
        each for place in (folder, folder / "groups") for each in place.iterdir() if each.suffix in (".png", ".jpg")
    ]


def _tried_on(service: Service, files: Mapping[str, bytes], portrait: bytes) -> bytes:
    """Draw art on a portrait; raises StillYouError with names of files instead of paths."""
    if not _PLACES.acquire(blocking=False):
        raise Busy("others try their art on", 2)
    upload = None
    try:
        upload = service.take(portrait, once=True)
        picture = upload.read()
        with tempfile.TemporaryDirectory(prefix="own-", dir=service.folder.path) as name, _DRAWING:
            effect = unpacked(Path(name) / "own", files)
            try:
                return _png(dressed(picture, effect, effect.looks[0].name))
            except StillYouError as error:
                raise in_names(error, effect.folder) from error
    finally:
        _PLACES.release()
        if upload is not None:
            service.drop(upload)


def _png(picture: Picture) -> bytes:
    image = picture.image()
    image.thumbnail((_SHOWN, _SHOWN))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
