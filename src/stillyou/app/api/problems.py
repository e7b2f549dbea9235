"""Errors as problem details (RFC 9457): what is wrong, in which field, and what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from stillyou.app.service import Busy, Failure, FieldError, Gone, NotFound, TooLarge
from stillyou.errors import StillYouError

MEDIA = "application/problem+json"
LOG = logging.getLogger("stillyou.app")
_STATUS: dict[type[StillYouError], int] = {TooLarge: 413, FieldError: 422, Busy: 503, Gone: 410, NotFound: 404}
_FAILED = {"input": 422, "timeout": 504, "internal": 500}


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None
    """The field of the request to change, where it is known."""


class ProblemError(Exception):
    """A problem that a route answers with."""

    def __init__(
        self, status: int, detail: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field, self.headers = status, detail, field, dict(headers or {})


def problem(status: int, detail: str, field: str | None = None) -> Problem:
    """Return problem details; the title is that of the status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, field=field)


def of_failure(failure: Failure) -> Problem:
    """Return why an edit failed, as problem details."""
    return problem(_FAILED[failure.kind], failure.detail, failure.field)


def answer(status: int, detail: str, field: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with problem details."""
    body: dict[str, Any] = problem(status, detail, field).model_dump(exclude_none=True)
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA)


def register(app: FastAPI) -> None:
    """Let an application answer all errors with problem details."""
    app.add_exception_handler(ProblemError, _known)
    app.add_exception_handler(StillYouError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(error.status, error.detail, error.field, error.headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, StillYouError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else {}
    return answer(status, str(error), getattr(error, "field", None), headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    place, name = error.errors()[0]["loc"][0], str(error.errors()[0]["loc"][-1])
    if place == "path":
        return answer(404, "There is no such address; /docs lists all.")
    return answer(422, f"The {'header' if place == 'header' else 'parameter'} '{name:.40}' cannot be read.", name)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, f"{error.detail}.", None, error.headers)


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "What is wrong with the request",
        "content": {MEDIA: {"schema": Problem.model_json_schema()}},
    },
    "5XX": {"description": "What is wrong here", "content": {MEDIA: {"schema": Problem.model_json_schema()}}},
}
"""Errors, for the OpenAPI document of every route."""
