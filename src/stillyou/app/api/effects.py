"""/v1/effects: what may be asked for; /v1/look: what a picture shows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from stillyou.app.api import schemas
from stillyou.app.api.bodies import Sent, read_body
from stillyou.app.api.depends import TheService
from stillyou.app.api.documents import EffectDocument, SeenDocument, effect_document, seen_document
from stillyou.app.api.pictures import picture_of
from stillyou.app.api.problems import RESPONSES
from stillyou.app.service import NotFound, Seen, Service

router = APIRouter(tags=["effects"], responses=RESPONSES)


@router.get("/v1/effects")
def effects(service: TheService) -> list[EffectDocument]:
    """List the effects that may be asked for, with their designs."""
    return [effect_document(service, effect) for effect in service.effects()]


@router.get("/v1/effects/{id}/thumbnail", response_class=Response, responses={200: {"content": {"image/webp": {}}}})
def thumbnail(id: str, service: TheService, design: str | None = None) -> Response:
    """Return how an effect or a design of it looks, drawn by the model on a sample: WebP of 192 pixels a side."""
    data = service.thumbnail(id, design)
    if data is None:
        raise NotFound("there is no such thumbnail", "It may not be drawn yet; /v1/effects lists those that are.")
    return Response(data, media_type="image/webp")


@router.post("/v1/look", openapi_extra=schemas.LOOK)
async def look(request: Request, service: TheService) -> SeenDocument:
    """Tell what a picture shows: its size, whether it is a drawing or a photograph, and its faces."""
    with service.visit():
        sent = await read_body(request, service.limits.body_bytes)
        return seen_document(await run_in_threadpool(_seen, service, sent))


def _seen(service: Service, sent: Sent) -> Seen:
    upload = picture_of(service, sent)
    try:
        return service.look(upload)
    finally:
        if upload.once:
            service.drop(upload)
