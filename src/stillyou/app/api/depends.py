"""What routes are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from stillyou.app.service import Service


def the_service(request: Request) -> Service:
    """Return the application's service."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(the_service)]
