"""What stands before every route, page included: who may come in, how much they may send, and what browsers are told.

host      names in the Host header must be this server's, so that no foreign name can be pointed at it (DNS rebinding)
origin    pages of other sites may not send anything
token     as ``Authorization: Bearer``, or as the cookie that /login gives browsers; compared in constant time
body      limited in bytes, declared and real
headers   nothing is cached, framed, or fetched from elsewhere
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillyou.app.api import problems
from stillyou.app.api.problems import ProblemError

LOG = logging.getLogger("stillyou.app")
COOKIE: Final = "stillyou"
OPEN: Final = ("/health", "/login", "/page/icon.svg")
"""Paths that need no token."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For the page: its own files alone, no script or style inside it."""
_API_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
)
_OWN: Final = ("/v1/", "/docs", "/openapi.json", "/health", "/metrics", "/login")


@dataclass(frozen=True)
class Access:
    """Who may come in.

    Attributes:
        token: What clients must send; None lets everybody in.
        hosts: Names of this server beside ``localhost``, its own name and bare addresses.
        body_bytes: Of a request.
        session: What browsers hold in a cookie once they have sent the token; new with every start.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    body_bytes: int = 1 << 27
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def knows(self, token: str) -> bool:
        """Tell whether a token is the right one."""
        return self.token is not None and _same(token, self.token)

    def admits(self, headers: Headers) -> bool:
        """Tell whether a request comes from somebody who has the token."""
        if self.token is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        return (kind.lower() == "bearer" and self.knows(token.strip())) or _same(_cookie(headers), self.session)

    def is_own(self, host: str) -> bool:
        """Tell whether a Host header names this server: an address, or one of its names."""
        name = _host_name(f"//{host}")
        return _is_address(name) or name in _names(self.hosts)


def _host_name(address: str) -> str:
    """Return the host of an address without its port; empty where there is none to be found."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _names(hosts: Iterable[str]) -> set[str]:
    return {"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)}


class Guard:
    """An ASGI application before another."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            await (self._app if refusal is None else _closed)(scope, receive, send)
            return
        out = _Answer(scope, send)
        if refusal is not None:
            await refusal(scope, receive, out)
            return
        await self._guarded(scope, _limited(receive, self._access.body_bytes), out)

    async def _guarded(self, scope: Scope, receive: Receive, out: _Answer) -> None:
        """Run the application; what nobody foresaw is logged, and told as no more than that."""
        try:
            await self._app(scope, receive, out)
        except ProblemError as error:
            if not out.started:
                await problems.answer(error.status, error.detail, error.field, error.headers)(scope, receive, out)
        except Exception:
            LOG.exception("a request failed")
            if not out.started:
                await problems.answer(500, "The request failed; the server's log says more.")(scope, receive, out)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return why a request is not let in; None if it is."""
        access, path = self._access, scope["path"]
        if not access.is_own(headers.get("host", "")):
            return problems.answer(421, "This server is not known by that name; --allow-host NAME lets it in.", "Host")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if changes and not _same_origin(headers):
            return problems.answer(403, "Pages of other sites may not send anything here.", "Origin")
        if path not in OPEN and not access.admits(headers):
            if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/login", 303)
            return problems.answer(
                401, "Send the server's token as 'Authorization: Bearer TOKEN'.", None, {"WWW-Authenticate": "Bearer"}
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > access.body_bytes:
            return _too_much(access.body_bytes)
        return None


def _same_origin(headers: Headers) -> bool:
    """Tell whether a browser says that a page of this server sends something; programs say nothing."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site") == "cross-site":
        return False
    return origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower()


def _too_much(limit: int) -> Response:
    return problems.answer(413, f"The request has more than {limit} bytes.")


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a channel that gives up when more bytes come than were allowed."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise ProblemError(413, f"The request has more than {limit} bytes.")
        return message

    return counted


class _Answer:
    """The way back to the client: adds the headers that browsers are to have."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send, self.started = send, False
        self._policy = _API_POLICY if scope["path"].startswith(_OWN) else _PAGE_POLICY

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, "Content-Security-Policy": self._policy}.items():
                headers[name] = value
        await self._send(message)


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
