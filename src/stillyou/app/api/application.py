"""The FastAPI application: routes over a service, and what keeps others out."""

from __future__ import annotations

from fastapi import FastAPI

from stillyou import __version__
from stillyou.app.api import status
from stillyou.app.service import Service


def create_app(service: Service) -> FastAPI:
    """Return the application over a running service; whoever made the service closes it."""
    app = FastAPI(title="stillyou", version=__version__, docs_url=None, redoc_url=None)
    app.state.service = service
    app.include_router(status.router)
    return app
