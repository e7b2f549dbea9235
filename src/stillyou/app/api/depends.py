"""What routes are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from stillyou.app.api.idempotency import Keys
from stillyou.app.service import Service


async def the_service(request: Request) -> Service:
    """Return the application's service."""
    service: Service = request.app.state.service
    return service


async def the_keys(request: Request) -> Keys:
    """Return the application's idempotency keys."""
    keys: Keys = request.app.state.keys
    return keys


TheService = Annotated[Service, Depends(the_service)]
TheKeys = Annotated[Keys, Depends(the_keys)]
