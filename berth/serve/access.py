"""Who may read: nobody's page but ours, and elsewhere than on this machine only who has the token.

A page of another site cannot read answers of this server, but with a name that it makes point here it could (DNS
rebinding): so a request must name this server by an address, which no such page can, or by a name that we know.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "berth-serve"
OPEN = "/healthz"
"""What needs no token: it says no more than that the server runs."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ASK = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Berth</title>
<h1>The fleet</h1><p>This page needs a token. Whoever started <code>berth serve</code> has it.</p>
<form action="/"><label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Open</button></form></html>
"""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def own_names() -> tuple[str, ...]:
    """What this machine calls itself."""
    return tuple(dict.fromkeys(name.lower() for name in (socket.gethostname(), socket.getfqdn()) if name))


class Access:
    """Lets GET through, of hosts that are this one, with the token where there is one; and sets the headers that all
    answers have."""

    def __init__(self, app: ASGIApp, *, token: str, names: Iterable[str] = ()) -> None:
        self._app = app
        self._token = token.encode()
        self._names = frozenset(("localhost", *(name.lower() for name in names)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """What is answered in place of what was asked for; None where it may be had."""
        headers = Headers(scope=scope)
        if not self._known(headers.get("host", "")):
            return PlainTextResponse("unknown Host: name this server by its address, or see --allow-host\n", 421)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("read only\n", 405, {"Allow": "GET, HEAD"})
        if not self._token or scope["path"] == OPEN:
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if given and scope["path"] == "/" and self._is_token(given):
            # The token leaves the address; the browser keeps what is behind a # by itself.
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, given, httponly=True, samesite="strict")
            return answer
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if self._is_token(_cookie(headers)) or (kind.lower() == "bearer" and self._is_token(bearer.strip())):
            return None
        if scope["path"] == "/":
            policy = "default-src 'none'; form-action 'self'; base-uri 'none'"
            return HTMLResponse(_ASK, 401, {"Content-Security-Policy": policy})
        return PlainTextResponse("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"})

    def _known(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name, _, _ = name[1:].partition("]")
        else:
            name, _, _ = name.partition(":")
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)


def _cookie(headers: Headers) -> str:
    found: SimpleCookie = SimpleCookie()
    try:
        found.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return found[COOKIE].value if COOKIE in found else ""
