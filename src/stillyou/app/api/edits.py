"""/v1/edits: sending, following, reading and cancelling edits."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from stillyou.app.api import schemas
from stillyou.app.api.bodies import Sent, drained, read_body
from stillyou.app.api.depends import TheKeys, TheService
from stillyou.app.api.documents import EDITS, EditDocument, edit_document
from stillyou.app.api.idempotency import checked
from stillyou.app.api.pictures import picture_of
from stillyou.app.api.problems import RESPONSES, ProblemError, of_failure
from stillyou.app.api.waiting import ended_or_left, views
from stillyou.app.service import Busy, EditTask, Gone, JobView, OutputWish, Service, State, Upload

router = APIRouter(tags=["edits"], responses=RESPONSES)
_HEARTBEAT = 10.0
"""Seconds after which a silent stream of events says that it lives."""
_LONGEST_WAIT = 300.0
_CHUNK = 1 << 16


@router.post(EDITS, openapi_extra=schemas.EDIT, responses=schemas.ANSWERS, status_code=200, response_class=Response)
async def edit(
    request: Request,
    service: TheService,
    keys: TheKeys,
    prefer: Annotated[str, Header(description="respond-async: answer at once; wait=N: after N seconds")] = "",
    accept: Annotated[str, Header(description="application/json for the edit's document instead of the picture")] = "",
    idempotency_key: Annotated[str | None, Header(description="The same key means the same edit")] = None,
) -> Response:
    """Edit a picture: answers with the edited picture, or with 202 and where to follow the edit."""
    key = checked(idempotency_key)
    with ExitStack() as stack:
        try:
            submit = None if keys.holds(key) else stack.enter_context(service.place())
        except Busy:
            await drained(request)
            raise
        sent = await read_body(request, service.limits.body_bytes)
        fingerprint = sent.fingerprint()
        id = keys.find(key, fingerprint)
        replayed = id is not None
        if id is None:
            task = await run_in_threadpool(_task, service, sent)
            id = keys.find(key, fingerprint)  # the same request may have come meanwhile
            if id is None:
                id = (submit or service.submit)(task).id
                keys.note(key, fingerprint, id)
            else:
                _leave(service, *task.uploads)
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return await _answer(request, service, id, prefer, accept, headers, keep=key is not None)


def _task(service: Service, sent: Sent) -> EditTask:
    """Check a body's fields and pictures; raises FieldError for the first that is wrong."""
    fields = sent.edit()
    wish = OutputWish(fields.format, fields.keep_location, fields.mark)
    request = service.request(fields.effect, fields.options())
    with ExitStack() as stack:
        uploads = {"picture": picture_of(service, sent)}
        stack.callback(_leave, service, uploads["picture"])
        for name in ("mask", "draft"):
            if name in sent.files:
                uploads[name] = service.take(sent.file(name), name, once=True)
                stack.callback(_leave, service, uploads[name])
        stack.pop_all()
    return EditTask(uploads["picture"], request, uploads.get("mask"), uploads.get("draft"), wish)


def _leave(service: Service, *uploads: Upload) -> None:
    """Remove what came for an edit that will not be."""
    service.drop(*(upload for upload in uploads if upload.once))


async def _answer(
    request: Request, service: Service, id: str, prefer: str, accept: str, headers: dict[str, str], *, keep: bool
) -> Response:
    """Wait for an edit as the client prefers, and answer with what there is then; a client that leaves cancels it.

    Args:
        request: The request; its body has been read.
        service: The service.
        id: Of the edit.
        prefer: The header.
        accept: The header.
        headers: Of the response.
        keep: Whether the edit goes on without the client, who has a key to ask for it again.
    """
    seconds, applied = _patience(prefer)
    if applied:
        headers = {**headers, "Preference-Applied": applied}
    view = service.view(id) if seconds == 0 else await ended_or_left(service, id, seconds, request)
    if view is None:
        if not keep:
            service.cancel(id)
        return Response(status_code=499)
    headers = {**headers, "Location": f"{EDITS}/{id}"}
    if not view.state.final:
        return _document(service, view, 202, headers)
    if view.state is not State.DONE:
        raise _ended(view)
    if "json" in accept:
        return _document(service, view, 200, headers)
    return _file(service, id, "picture", headers)


def _patience(prefer: str) -> tuple[float, str]:
    """Return for how many seconds a client waits, and which preference says so."""
    if re.search(r"\brespond-async\b", prefer):
        return 0.0, "respond-async"
    said = re.search(r"\bwait\s*=\s*\"?(\d{1,6})", prefer)
    return (min(float(said[1]), _LONGEST_WAIT), f"wait={said[1]}") if said else (_LONGEST_WAIT, "")


def _document(service: Service, view: JobView, status: int, headers: dict[str, str]) -> Response:
    more = {} if view.state.final else {"Retry-After": "1"}
    return JSONResponse(edit_document(service, view).model_dump(mode="json"), status, {**headers, **more})


def _ended(view: JobView) -> Exception:
    """Return the error that a client gets who wants the results of an edit that has none."""
    if view.failure is not None:
        found = of_failure(view.failure)
        return ProblemError(found.status, found.detail, found.field)
    return Gone("the edit was cancelled", "Send it again.")


@router.get(EDITS + "/{id}")
async def status(id: str, service: TheService) -> EditDocument:
    """Tell how far an edit is."""
    return edit_document(service, service.view(id))


@router.get(EDITS + "/{id}/events", response_class=StreamingResponse, responses=schemas.EVENTS)
async def events(id: str, service: TheService) -> Response:
    """Stream an edit's progress as server-sent events: `progress`, at the end `done`, `failed` or `cancelled`."""
    service.view(id)
    return StreamingResponse(_events(service, id), media_type="text/event-stream")


async def _events(service: Service, id: str) -> AsyncIterator[str]:
    last = ""
    try:
        async for view in views(service, id, _HEARTBEAT):
            document = edit_document(service, view)
            data = document.model_dump_json(exclude={"seconds"})
            if data == last:
                yield ": waiting\n\n"
                continue
            last, name = data, view.state.value if view.state.final else "progress"
            yield f"event: {name}\ndata: {document.model_dump_json()}\n\n"
    except Gone:
        yield f"event: gone\ndata: {json.dumps({'id': id})}\n\n"


@router.delete(EDITS + "/{id}", status_code=204)
def cancel(id: str, service: TheService) -> None:
    """Cancel an edit, or remove the results of a finished one."""
    if service.cancel(id).state is State.DONE:
        service.remove(id)


@router.get(EDITS + "/{id}/{kind}", response_class=Response, responses=schemas.RESULTS)
def result(id: str, kind: Literal["picture", "mask", "draft"], service: TheService) -> Response:
    """Return the edited picture, its editing mask, or the draft that it started from (RGBA)."""
    view = service.view(id)
    if not view.state.final:
        raise ProblemError(409, "The edit is not finished.", headers={"Retry-After": "1"})
    if view.state is not State.DONE:
        raise _ended(view)
    return _file(service, id, kind, {})


def _file(service: Service, id: str, kind: str, headers: dict[str, str]) -> Response:
    """Return a file of a finished edit; it is open already, so that it can be read while it is removed."""
    file, handle = service.open_result(id, kind)

    def chunks() -> Any:
        with handle:
            read: Callable[[], bytes] = lambda: handle.read(_CHUNK)  # noqa: E731
            yield from iter(read, b"")

    more = {"Content-Length": str(file.bytes), "Content-Disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(chunks(), media_type=file.media, headers={**headers, **more})
