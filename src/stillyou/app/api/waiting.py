"""Waiting for an edit without a thread: changes reach the event loop as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import Request

from stillyou.app.service import JobView, Service


async def views(service: Service, id: str, every: float) -> AsyncIterator[JobView]:
    """Yield an edit as it is now and after each change, at least every so many seconds, until it has ended.

    Changes that follow each other faster than they are read come as one. Raises NotFound or Gone.
    """
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def notice() -> None:
        with suppress(RuntimeError):  # the loop ended with the server
            loop.call_soon_threadsafe(changed.set)

    stop = service.watch(id, notice)
    try:
        while True:
            changed.clear()
            view = service.view(id)
            yield view
            if view.state.final:
                return
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(changed.wait(), every)
    finally:
        stop()


async def ended(service: Service, id: str, timeout: float) -> JobView:
    """Return an edit when it has ended, or as it is after `timeout` seconds."""

    async def last() -> None:
        async for _ in views(service, id, timeout):
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(last(), timeout)
    return service.view(id)


async def left(request: Request) -> None:
    """Return when the client has cut its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def ended_or_left(service: Service, id: str, timeout: float, request: Request) -> JobView | None:
    """Return as `ended` does; None as soon as the client has left."""
    waiting, leaving = asyncio.create_task(ended(service, id, timeout)), asyncio.create_task(left(request))
    try:
        await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        for task in (waiting, leaving):
            task.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)
