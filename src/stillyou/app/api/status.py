"""Whether the server works."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from stillyou import __version__
from stillyou.app.api.depends import TheService

router = APIRouter(tags=["status"])


class Health(BaseModel):
    """How the server is."""

    status: str
    version: str
    model: str
    waiting: int
    running: int


@router.get("/health")
def health(service: TheService, response: Response) -> Health:
    """Tell whether the server works: 200 if it does, 503 if its worker has ended."""
    response.status_code = 200 if service.alive else 503
    return Health(
        status="ok" if service.alive else "down",
        version=__version__,
        model=service.editor.model,
        waiting=service.board.waiting,
        running=service.board.running(),
    )
