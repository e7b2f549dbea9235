"""/login: where a browser sends the server's token once, and gets a cookie for it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stillyou.app.api.guard import COOKIE, Access

router = APIRouter(include_in_schema=False)
_WRONG_TOKEN_SECONDS = 0.5
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>stillyou: token</title><link rel="icon" href="/page/icon.svg"><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ display: grid; min-height: 90vh; place-items: center; margin: 0; }}
form {{ display: grid; gap: .75rem; width: min(22rem, 86vw); }}
input, button {{ font: inherit; padding: .6rem .7rem; border-radius: .5rem; border: 1px solid GrayText; }}
p {{ margin: 0; }}
</style></head><body><main><form method="post" action="/login">
<label for="token">This server asks for a token.</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<p role="alert">{told}</p><button>Go in</button></form></main></body></html>"""


@router.get("/login")
def ask() -> Response:
    """Show the form."""
    return HTMLResponse(_PAGE.format(told=""))


@router.post("/login")
async def check(request: Request, token: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Give a browser that has the token its cookie."""
    access: Access = request.app.state.access
    if access.token is not None and not access.knows(token):
        await asyncio.sleep(_WRONG_TOKEN_SECONDS)  # guessing is slow, and nobody else waits
        return HTMLResponse(_PAGE.format(told="That is not the token."), 401)
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, access.session, httponly=True, samesite="strict", secure=secure)
    return answer
