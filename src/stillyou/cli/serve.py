"""`stillyou app`: the page and the API."""

from __future__ import annotations

import re

import typer

from stillyou.console import console
from stillyou.errors import UsageError, requires


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("app")(_app)


def _app(
    host: str = typer.Option("127.0.0.1", metavar="ADDRESS", help="Where to listen; 0.0.0.0 for all networks."),
    port: int = typer.Option(7860, min=0, max=65535, help="Port to listen on."),
    model: str = typer.Option("embedded", metavar="NAME|FOLDER|HUB-ID", help="The model."),
    device: str = typer.Option("auto", metavar="auto|cpu|cuda", help="Where it runs."),
    max_queue: int = typer.Option(64, metavar="N", help="Edits that may wait; more are refused with 503."),
    token: str | None = typer.Option(
        None,
        envvar="STILLYOU_TOKEN",
        show_envvar=False,
        help="What clients must send. (default: STILLYOU_TOKEN, or none)",
    ),
    allow_host: list[str] = typer.Option(
        [], metavar="NAME", help="A name that a proxy or network knows this server by; may be repeated."
    ),
) -> None:
    """Serve a page for people at / and an API for programs under /v1, until Ctrl-C."""
    requires("app", "fastapi", "uvicorn", "multipart", "prometheus_client")
    if max_queue < 1:
        raise UsageError(f"--max-queue {max_queue} leaves no place for an edit", "Give 1 or more.")
    if token and not re.fullmatch(r"[!-~]{1,200}", token):
        raise UsageError(
            "the token has characters that headers cannot carry", "Use letters, digits and signs of ASCII."
        )
    from stillyou.app.server import ServerOptions, serve
    from stillyou.app.service.limits import Limits

    options = ServerOptions(host, port, model, device, Limits(queue=max_queue), token or None, tuple(allow_host))
    serve(options, lambda line: console.print(line, markup=False))
