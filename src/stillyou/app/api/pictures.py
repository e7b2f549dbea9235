"""/v1/pictures: a picture that is edited again and again is sent once, and named by its id from then on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from stillyou.app.api import schemas
from stillyou.app.api.bodies import Sent, read_body
from stillyou.app.api.depends import TheService
from stillyou.app.api.problems import RESPONSES
from stillyou.app.service import FieldError, NotFound, Service, Upload

PICTURES = "/v1/pictures"
router = APIRouter(tags=["pictures"], responses=RESPONSES)


class PictureDocument(BaseModel):
    """A picture that is kept."""

    id: str = Field(description="What the field `picture` of an edit takes instead of the file")
    width: int = Field(description="As it is stored, before it is turned upright")
    height: int
    bytes: int
    kept_seconds: float = Field(description="For how long it is kept after it was last needed")


@router.post(PICTURES, openapi_extra=schemas.LOOK, status_code=201, response_model=PictureDocument)
async def keep(request: Request, service: TheService) -> Response:
    """Keep a picture for further edits; `picture` of an edit then takes its id."""
    sent = await read_body(request, service.limits.body_bytes)
    upload = await run_in_threadpool(service.take, sent.file("picture"))
    width, height = upload.size
    document = PictureDocument(
        id=upload.id, width=width, height=height, bytes=upload.bytes, kept_seconds=service.limits.keep_seconds
    )
    return JSONResponse(document.model_dump(), 201, {"Location": f"{PICTURES}/{upload.id}"})


@router.delete(PICTURES + "/{id}", status_code=204)
def forget(id: str, service: TheService) -> None:
    """Remove a picture before its time; edits of it that still wait will fail."""
    try:
        service.drop(service.kept(id))
    except FieldError as error:
        raise NotFound("there is no such picture, or no longer") from error


def picture_of(service: Service, sent: Sent) -> Upload:
    """Return the picture of a request: one that is kept, or the file that came, for this request alone.

    Raises:
        StillYouError: None came, it cannot be used, or it is no longer kept.
    """
    if sent.kept is not None:
        return service.kept(sent.kept)
    return service.take(sent.file("picture"), once=True)
