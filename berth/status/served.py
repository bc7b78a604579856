"""Asks a running `berth serve`, which watches all clusters, instead of the clusters themselves.

It answers at once with what it knows already: no cluster is asked, no kubeconfig needed and no project. Only what that
takes is loaded here, as that is most of the time.
"""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import SplitResult, urlsplit

from berth.errors import OperationFailed, printable
from berth.status.answer import Served, read_answer

_PATH = "/api/status"
_AGAIN = 0.2
"""Seconds until a server is asked again that has just started and does not know everything yet."""
_PIECE = 1 << 20


def server_of(text: str) -> SplitResult | None:
    """The address of a server, such as `https://fleet.example.com` or `http://127.0.0.1:7470/`; None where the text is
    none. A path is that of a proxy."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    whole = url.scheme in ("http", "https") and url.hostname and text.isascii() and text.isprintable()
    extra = url.query or url.fragment or url.username is not None or " " in text
    return url if whole and not extra and port != 0 else None


def ask_server(server: SplitResult, token: str, timeout: float) -> Served:
    """Everything that the server knows, in `timeout` seconds. Redirects are not followed: the token is for this server.
    Raises OperationFailed."""
    end = time.monotonic() + timeout
    name = server.geturl()
    try:
        while True:
            status, body = _get(server, token, end)
            if status != http.HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() + _AGAIN > end:
                break
            time.sleep(_AGAIN)
    except TimeoutError:
        raise OperationFailed(f"{name}: no answer within {timeout:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise OperationFailed(f"{name}: {_reason(error)}", "is `berth serve` running there?") from None
    if status != http.HTTPStatus.OK:
        raise _refused(name, status, body)
    return read_answer(name, body)


def _get(server: SplitResult, token: str, end: float) -> tuple[int, bytes]:
    """The status of the answer, and what it says. Raises OSError and HTTPException."""
    host, left = server.hostname or "", end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection: http.client.HTTPConnection
    if server.scheme == "https":
        connection = http.client.HTTPSConnection(host, server.port, timeout=left)
    else:
        connection = http.client.HTTPConnection(host, server.port, timeout=left)
    try:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        connection.request("GET", server.path.rstrip("/") + _PATH, headers=headers)
        answer = connection.getresponse()
        body = bytearray()
        while piece := answer.read1(_PIECE):
            body += piece
            if time.monotonic() > end:  # a server that always says a little more would never end
                raise TimeoutError
        return answer.status, bytes(body)
    finally:
        connection.close()


def _refused(name: str, status: int, body: bytes) -> OperationFailed:
    if status == http.HTTPStatus.UNAUTHORIZED:
        return OperationFailed(f"{name}: it needs its token, and another one or none was given", "see --token-file")
    if status in (http.HTTPStatus.MISDIRECTED_REQUEST, http.HTTPStatus.SERVICE_UNAVAILABLE):
        return OperationFailed(f"{name}: {printable(body.decode('utf-8', 'replace').strip())[:200]}")
    if 300 <= status < 400:
        return OperationFailed(f"{name}: it answers with a redirect, which is not followed", "name where it leads to")
    return OperationFailed(f"{name}: what answers there is no `berth serve`, or an older one (HTTP {status})")


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return "what answers there does not speak HTTP"
