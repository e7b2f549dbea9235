"""The server: a port, a model, the API and the page, until somebody stops it."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillyou.app.service.limits import Limits
from stillyou.errors import StillYouError, UsageError

if TYPE_CHECKING:
    from stillyou.app.service import Service


_KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients keep theirs, so that none is closed under them."""


@dataclass(frozen=True)
class ServerOptions:
    """How the server is started.

    Attributes:
        host: Address to listen on; others than this machine's can reach it only if it is not 127.0.0.1.
        port: Port to listen on; 0 for any free one.
        model: Name, folder or hub id.
        device: `auto`, `cpu` or `cuda`.
        limits: What is taken on.
        token: What clients must send; None lets everybody in who reaches the port.
        hosts: Names under which a proxy or a network knows the server, beside its own.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    model: str = "embedded"
    device: str = "auto"
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    hosts: tuple[str, ...] = ()


def serve(options: ServerOptions, tell: Callable[[str], None]) -> None:
    """Listen until the process is told to stop.

    Args:
        options: Where, with which model, and for whom.
        tell: Takes lines for people.

    Raises:
        StillYouError: The port is in use, or the model cannot be loaded.
        UsageError: An address that this machine does not have.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    listener = bind(options.host, options.port)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        host, port = options.host, listener.getsockname()[1]
        tell(f"loading the model '{options.model}' ...")
        with _editing(options) as service:
            tell(f"stillyou is at http://{f'[{host}]' if ':' in host else host}:{port}/ ; Ctrl-C stops it")
            _listen(listener, service, options)
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


def _end(*_: object) -> None:
    """End on SIGTERM as on Ctrl-C: through everything that cleans up."""
    raise SystemExit(128 + signal.SIGTERM)


def _editing(options: ServerOptions) -> Service:
    from stillyou.app.service import Service
    from stillyou.app.service.thumbnails import default_cache
    from stillyou.editing.editor import Editor
    from stillyou.machine import quiet_libraries

    quiet_libraries()
    editor = Editor.from_pretrained(options.model, options.device)
    return Service(editor, options.limits, thumbnails=default_cache())


def _listen(listener: socket.socket, service: Service, options: ServerOptions) -> None:
    import uvicorn

    from stillyou.app.api.application import create_app
    from stillyou.app.page.routes import router as page

    app = create_app(service, options.token, options.hosts)
    app.include_router(page)
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=_KEEP_ALIVE,
    )
    uvicorn.Server(config).run(sockets=[listener])


def bind(host: str, port: int) -> socket.socket:
    """Take an address, before anything heavy is loaded.

    Raises:
        StillYouError: The port is in use, or may not be used.
        UsageError: An address that this machine does not have.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _unbound(host, port, error) from error
    return listener


def _unbound(host: str, port: int, error: OSError) -> StillYouError:
    if error.errno == errno.EADDRINUSE:
        return StillYouError(f"port {port} of {host} is in use", f"Stop what uses it, or give --port {port + 1}.")
    if error.errno == errno.EACCES:
        return StillYouError(f"port {port} may not be used", "Choose one from 1024 on.")
    return UsageError(f"cannot listen on {host}: {error.strerror}", "127.0.0.1 is this machine, 0.0.0.0 all networks.")
