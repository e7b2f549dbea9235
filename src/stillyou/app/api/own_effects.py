"""Effects of one's own: art that is sent once, and edited with by its id from then on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from stillyou.app.api import schemas
from stillyou.app.api.depends import TheService
from stillyou.app.api.documents import EffectDocument, own_document
from stillyou.app.api.problems import RESPONSES, ProblemError
from stillyou.app.service import FieldError, NotFound
from stillyou.app.service.own_effects import MOST_FILES, from_zip
from stillyou.effects.own import SPEC

router = APIRouter(tags=["effects"], responses=RESPONSES)
_LARGEST = 32 << 20


@router.post("/v1/effects", openapi_extra=schemas.OWN, status_code=201, response_model=EffectDocument)
async def keep(request: Request, service: TheService) -> Response:
    """Keep an effect of one's own for further edits: `effect` of an edit then takes its id."""
    files = await effect_files(request)
    id = await run_in_threadpool(service.own.take, files)
    document = own_document(id, service.own.find(id))
    return JSONResponse(document.model_dump(), 201, {"Location": f"/v1/effects/{id}"})


@router.delete("/v1/effects/{id}", status_code=204)
def forget(id: str, service: TheService) -> None:
    """Remove an effect of one's own before its time; edits with it that still wait will fail."""
    try:
        service.own.find(id)
    except FieldError as error:
        raise NotFound("there is no such effect of your own, or no longer") from error
    service.own.drop(id)


async def effect_files(request: Request) -> dict[str, bytes]:
    """Return the files of an effect that a form holds: packed as `zip`, or `effect` as text and `art` as files.

    Raises:
        FieldError: What is missing or has a wrong name.
        ProblemError: No form.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(415, "Send multipart/form-data.")
    try:
        async with request.form(max_files=MOST_FILES + 2, max_fields=4) as form:
            return await files_of(form)
    except HTTPException as error:
        raise ProblemError(error.status_code, f"The form cannot be read: {error.detail}") from error


async def files_of(form: FormData) -> dict[str, bytes]:
    """Return the files of an effect of a form that was read; raises FieldError."""
    packed, spec = form.get("zip"), form.get("effect")
    if isinstance(packed, UploadFile):
        return await run_in_threadpool(from_zip, await packed.read(_LARGEST + 1))
    if isinstance(spec, UploadFile):
        text = await spec.read(_LARGEST)
    elif isinstance(spec, str):
        text = spec.encode()
    else:
        raise FieldError(
            "effect", f"{SPEC} is missing", "Send it as the field 'effect', or the packed folder as 'zip'."
        )
    files = {SPEC: text}
    for each in form.getlist("art"):
        if not isinstance(each, UploadFile) or (each.filename or "") in files:
            raise FieldError("art", "the art is no file with a name of its own", "Send each as a file named 'art'.")
        files[each.filename or ""] = await each.read(_LARGEST)
    return files
