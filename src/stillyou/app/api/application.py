"""The FastAPI application: routes over a service, and what keeps others out."""

from __future__ import annotations

from fastapi import FastAPI

from stillyou import __version__
from stillyou.app.api import edits, effects, login, metrics, own_effects, pages, pictures, problems, status
from stillyou.app.api.guard import Access, Guard
from stillyou.app.api.idempotency import Keys
from stillyou.app.service import Service


def create_app(service: Service, token: str | None = None, hosts: tuple[str, ...] = ()) -> FastAPI:
    """Return the application over a running service; whoever made the service closes it.

    The guard (`guard`) stands before everything that is added to it later too, such as the page.

    Args:
        service: Does the work.
        token: What clients must send; None lets everybody in.
        hosts: Names that the server is known by, beside its own.
    """
    app = FastAPI(
        title="stillyou",
        version=__version__,
        summary="Portrait effects that keep the person.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service, app.state.keys = service, Keys(service)
    app.state.access = Access(token, hosts, service.limits.body_bytes)
    problems.register(app)
    for part in (edits, pictures, effects, own_effects, status, metrics, pages, login):
        app.include_router(part.router)
    app.add_middleware(Guard, access=app.state.access)
    return app
