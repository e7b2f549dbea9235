"""The study's server: a page, and five calls that it makes. Made with Starlette (extra `app`).

Answers are idempotent: a browser sends one again until it hears that it is kept, and the first one counts. The page
never learns who made a picture: names follow from pixels alone.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.evaluation.study.plan import PICTURES, QUESTIONS, SIDES, StudyPlan
from stillyou.evaluation.study.sessions import session
from stillyou.evaluation.study.store import Store

LONGEST = 2000
"""Bytes of what a browser may send."""
_PAGE = {
    "/": ("index.html", "text/html"),
    "/study.js": ("study.js", "text/javascript"),
    "/study.css": ("study.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class _Guarded:
    """Adds the headers that keep a page to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(k.encode(), v.encode()) for k, v in _HEADERS.items()]
            await send(message)

        await self.app(scope, receive, guarded)


class StudyServer:
    """The calls.

    Args:
        folder: The study's.
        plan: Its plan.
        store: Its answers.
    """

    def __init__(self, folder: Path, plan: StudyPlan, store: Store) -> None:
        self._pictures, self._names = folder / PICTURES, plan.pictures()
        self._plan, self._store = plan, store
        self._shown: dict[tuple[str, int], float] = {}

    def app(self) -> Starlette:
        """Return the application."""
        routes = [Route(path, self._page) for path in _PAGE]
        routes += [
            Route("/about", self._about),
            Route("/join", self._join, methods=["POST"]),
            Route("/trial", self._trial, methods=["POST"]),
            Route("/answer", self._answer, methods=["POST"]),
            Route("/withdraw", self._withdraw, methods=["POST"]),
            Route("/pictures/{name}", self._picture),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(_Guarded)],
            exception_handlers={HTTPException: _explained, StillYouError: _troubled, sqlite3.Error: _troubled},
        )

    async def _page(self, request: Request) -> Response:
        name, kind = _PAGE[request.url.path]
        text = files(__package__).joinpath("page", name).read_text(encoding="utf-8")
        return Response(text, media_type=kind)

    async def _about(self, request: Request) -> Response:
        total = len(session(self._plan, 0))
        about = {"title": self._plan.title, "contact": self._plan.contact, "questions": QUESTIONS, "total": total}
        return JSONResponse(about)

    async def _join(self, request: Request) -> Response:
        said = await _body(request)
        if said.get("agreed") is not True:
            raise HTTPException(403, "Nobody takes part without having agreed.")
        code = await run_in_threadpool(self._store.join)
        if code is None:
            raise HTTPException(503, "The study has all the participants it can take.")
        return JSONResponse({"code": code})

    async def _trial(self, request: Request) -> Response:
        code, slot = await self._participant(await _body(request))
        return JSONResponse(await run_in_threadpool(self._next, code, slot))

    async def _answer(self, request: Request) -> Response:
        said = await _body(request)
        code, slot = await self._participant(said)
        trial, done, keeps = (said.get(key) for key in ("trial", *QUESTIONS))
        trials = session(self._plan, slot)
        if not isinstance(trial, int) or isinstance(trial, bool) or not 0 <= trial < len(trials):
            raise HTTPException(422, "There is no such trial.")
        if done not in SIDES or keeps not in SIDES:
            raise HTTPException(422, "Both questions are answered with left or right.")
        answered = await run_in_threadpool(self._store.answered, code)
        if trial not in answered and any(number not in answered for number in range(trial)):
            raise HTTPException(409, "That portrait has not been shown yet.")
        shown = self._shown.pop((code, trial), None)
        seconds = None if shown is None else time.monotonic() - shown
        kept = await run_in_threadpool(self._store.answer, code, trial, done, keeps, seconds)
        if not kept and await run_in_threadpool(self._store.slot, code) is None:
            raise HTTPException(404, "This code is not known any more.")
        return JSONResponse(await run_in_threadpool(self._next, code, slot))

    async def _withdraw(self, request: Request) -> Response:
        code, _ = await self._participant(await _body(request))
        await run_in_threadpool(self._store.withdraw, code)
        return JSONResponse({"withdrawn": True})

    async def _picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._names:
            raise HTTPException(404, "There is no such picture.")
        return FileResponse(self._pictures / name, media_type="image/png")

    async def _participant(self, said: dict[str, Any]) -> tuple[str, int]:
        code = said.get("code")
        slot = await run_in_threadpool(self._store.slot, code) if isinstance(code, str) else None
        if slot is None:
            raise HTTPException(404, "This code is not known; begin again.")
        return str(code), slot

    def _next(self, code: str, slot: int) -> dict[str, Any]:
        """Return the first trial that somebody has not answered, or that they are done."""
        trials, answered = session(self._plan, slot), self._store.answered(code)
        left = [number for number in range(len(trials)) if number not in answered]
        progress = {"total": len(trials), "answered": len(trials) - len(left)}
        if not left:
            return {**progress, "finished": True}
        number = left[0]
        self._shown[code, number] = time.monotonic()
        trial = trials[number]
        pictures = {key: f"pictures/{getattr(trial, key)}" for key in ("source", *SIDES)}
        return {**progress, "finished": False, "trial": number, "words": trial.words, **pictures}


def serve(folder: Path, plan: StudyPlan, store: Store, listener: socket.socket) -> None:
    """Serve a study on a socket that listens, until the process is told to stop."""
    import uvicorn

    app = StudyServer(folder, plan, store).app()
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])


async def _body(request: Request) -> dict[str, Any]:
    """Return what a browser sent: a small JSON object, and nothing that a form of another site could send."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise HTTPException(415, "Send application/json.")
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > LONGEST:
            raise HTTPException(413, "That is too long.")
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise HTTPException(422, "Send a JSON object.")
    return said


async def _explained(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


async def _troubled(request: Request, error: Exception) -> Response:
    """Answer what the disk or the database refuses: the browser keeps its answer and sends it again."""
    console.print(f"The study cannot keep answers: {error}", markup=False)
    said = "The study cannot keep answers at the moment. Yours is kept here, and is sent again by itself."
    return JSONResponse({"error": said}, 503)
