"""Art of one's own, tried on a portrait at once: no model is asked, and nothing is kept.

The browser sends ``effect.yaml`` and its art; they are checked and drawn as a folder of a user's is, in a temporary
folder that is gone with the answer.
"""

from __future__ import annotations

import io
import re
import tempfile
import threading
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from stillyou.app.service import Busy, FieldError, Service, TooLarge
from stillyou.drafts.folder import check_art
from stillyou.editing.preview import dressed
from stillyou.effects.own import SPEC, load_folder
from stillyou.errors import StillYouError
from stillyou.images import Picture

router = APIRouter()
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}\.(svg|png|webp)")
_MOST_ART, _MOST_BYTES, _MOST_SPEC = 8, 8 << 20, 1 << 14
_SHOWN: Final = 1600
"""Longer side of the answer in pixels: it is looked at, not kept."""
_PLACES = threading.BoundedSemaphore(4)
"""How many are tried on or wait at a time; drawing itself is one after the other."""
_DRAWING = threading.Lock()


@dataclass(frozen=True)
class Trial:
    """What somebody wants to see.

    Attributes:
        spec: Text of ``effect.yaml``.
        art: Files by name.
        picture: Bytes of a portrait.
    """

    spec: str
    art: dict[str, bytes]
    picture: bytes


@router.post("/page/own")
async def try_on(request: Request) -> Response:
    """Return a portrait that wears the art."""
    service: Service = request.app.state.service
    async with request.form(max_files=_MOST_ART + 1, max_fields=4) as form:
        trial = await _read(form)
    return Response(await run_in_threadpool(_tried_on, service, trial), media_type="image/png")


async def _read(form: FormData) -> Trial:
    """Read a form; raises FieldError for what is missing or has a wrong name."""
    spec, sample, picture = form.get("effect"), form.get("sample"), form.get("picture")
    if not isinstance(spec, str) or len(spec) > _MOST_SPEC:
        raise FieldError("effect", "effect.yaml is missing or too long", "Send its text as the field 'effect'.")
    art = {}
    for each in form.getlist("art"):
        if not isinstance(each, UploadFile) or not _NAME.fullmatch(each.filename or ""):
            raise FieldError(
                "art", "a file of art has an unusual name", "Small letters, digits, - and .svg, .png, .webp."
            )
        art[each.filename or ""] = await _bytes(each)
    if isinstance(picture, UploadFile):
        return Trial(spec, art, await picture.read())
    return Trial(spec, art, sample_bytes(sample if isinstance(sample, str) else ""))


async def _bytes(file: UploadFile) -> bytes:
    data = await file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise TooLarge("art", "a file of art has more than 8 MB", "Scale it down to 2000 pixels or so.")
    return data


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


def _tried_on(service: Service, trial: Trial) -> bytes:
    """Draw a trial; raises StillYouError with names of files instead of paths."""
    if not _PLACES.acquire(blocking=False):
        raise Busy("others try their art on", 2)
    upload = None
    try:
        upload = service.take(trial.picture)
        picture = upload.read()
        with tempfile.TemporaryDirectory(prefix="own-", dir=service.folder.path) as name, _DRAWING:
            return _png(_worn(Path(name) / "effect", trial, picture))
    finally:
        _PLACES.release()
        if upload is not None:
            service.drop(upload)


def _worn(folder: Path, trial: Trial, picture: Picture) -> Picture:
    folder.mkdir()
    (folder / SPEC).write_text(trial.spec, encoding="utf-8")
    for name, data in trial.art.items():
        (folder / name).write_bytes(data)
    try:
        effect = load_folder(folder)
        check_art(effect)
        return dressed(picture, effect, effect.looks[0].name)
    except StillYouError as error:
        what, remedy = (
            text.replace(f"{folder}/", "").replace(str(folder), "the effect") for text in (error.what, error.remedy)
        )
        raise FieldError("art", what, remedy) from error


def _png(picture: Picture) -> bytes:
    image = picture.image()
    image.thumbnail((_SHOWN, _SHOWN))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
