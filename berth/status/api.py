"""One API server over HTTP, as data: pages of a list, one object, one change. For what asks for thousands of objects.

lightkube, which the rest of Berth asks with, takes longer to load than this takes to ask, and makes an object of each
item. What it knows about kubeconfigs is used all the same where it matters: `client` logs in.
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from berth.errors import OperationFailed
from berth.kubeconfig import Entry
from berth.settings import Cluster, ExistingSettings
from berth.status.client import entry_of, logged_in
from berth.status.observed import Refused, Wanted

if TYPE_CHECKING:
    import httpx

JSON = "application/json"
PAGE = 2_500
"""Objects in one answer. A thousand of them in pages of 500, which is what kubectl asks for, take an API server three
times the processor time that one answer does."""
_CONNECTIONS = 16
"""Requests to one API server at the same time, at most."""


class NotAllowed(Exception):
    """The API server answers, and refuses: a kind that it does not serve, or what this person may not read."""

    def __init__(self, why: Refused) -> None:
        self.why = why
        super().__init__(why.message)


class Api:
    """Open to one API server. Every method raises NotAllowed, OperationFailed, and what httpx raises."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.skew: datetime.timedelta | None = None
        """How far the server's clock is ahead of this machine's, by its last answer. Good to a second."""

    async def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        accept: str = JSON,
        decode: Callable[[bytes], Any] = json.loads,
    ) -> Any:
        """What the server answers, as data."""
        answer = await self.http.get(path, params=query, headers={"Accept": accept})
        self._compare_clocks(answer.headers.get("Date"))
        return data_of(answer, decode)

    async def pages(
        self, path: str, query: Mapping[str, str], accept: str = JSON, decode: Callable[[bytes], Any] = json.loads
    ) -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
        """The items of a list, page by page, each with the list's resourceVersion.

        A list that changes for so long that its next page is no more begins anew: the caller sees some items twice.
        """
        asked: dict[str, str] = {**query, "limit": str(PAGE)}
        while True:
            try:
                data = await self.get(path, asked, accept, decode)
            except NotAllowed as refused:
                if refused.why.code != 410 or "continue" not in asked:
                    raise
                asked.pop("continue")
                continue
            metadata = data.get("metadata") or {}
            yield data.get("items") or [], metadata.get("resourceVersion", "")
            if not metadata.get("continue"):
                return
            asked["continue"] = metadata["continue"]

    async def list(self, wanted: Wanted, namespace: str = "") -> list[dict[str, Any]]:
        """All objects that are wanted, or those in one namespace, without what status does not ask for. One that comes
        twice is newer the second time."""
        from berth.status.decode import pages_of  # not for the Pulumi program, which lists nothing

        found: list[dict[str, Any]] = []
        async for items, _ in self.pages(wanted.path(namespace), wanted.query, decode=pages_of(wanted.kind)):
            found += items
        return found

    async def patch(self, path: str, query: Mapping[str, str], body: bytes, kind: str) -> tuple[int, dict[str, Any]]:
        """The status code and the object as it is after a patch; `kind` is the patch's content type."""
        answer = await self.http.patch(path, params=query, content=body, headers={"Content-Type": kind})
        return answer.status_code, data_of(answer)

    async def delete(self, path: str, body: bytes) -> None:
        """Asks for an object to go; `body` are DeleteOptions as JSON."""
        data_of(await self.http.request("DELETE", path, content=body, headers={"Content-Type": JSON}))

    def _compare_clocks(self, date: str | None) -> None:
        if date is None:
            return
        try:
            theirs = email.utils.parsedate_to_datetime(date)
        except ValueError:
            return
        ahead = theirs - datetime.datetime.now(datetime.UTC)
        # The header has no fractions: 0.5 s is what they are on average.
        self.skew = datetime.timedelta(seconds=round(ahead.total_seconds() + 0.5))


@asynccontextmanager
async def open_api(root: Path, cluster: Cluster, timeout: float, entry: Entry | None = None) -> AsyncIterator[Api]:
    """An API server, logged in to. `entry` is where and how, if not as kubectl would find it. Logging in takes at most
    `timeout` seconds, and so does each request. Raises OperationFailed, OSError, ValueError."""
    import httpx

    entry = entry or entry_of(root, cluster)
    user = await logged_in(entry, timeout)
    about = entry.cluster
    # A cluster in a cloud may be behind the proxy that the environment names, as for kubectl.
    proxied = not isinstance(cluster.settings, ExistingSettings)
    async with httpx.AsyncClient(
        base_url=str(about.get("server", "")),
        verify=_trust(about, user),
        auth=_auth(user),
        headers=_headers(user),
        timeout=httpx.Timeout(timeout),
        trust_env=proxied,
        proxy=about.get("proxy-url") or None,
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
    ) as http:
        if name := about.get("tls-server-name"):
            http.event_hooks["request"] = [_names_server(str(name))]
        yield Api(http)


def data_of(answer: httpx.Response, decode: Callable[[bytes], Any] = json.loads) -> Any:
    """The answer's data. Raises NotAllowed for a refusal, OperationFailed for any other failure, and for what no API
    server says, as the login page of a proxy."""
    if answer.is_success:
        try:
            if isinstance(data := decode(answer.content), dict):
                return data
        except (ValueError, RecursionError):
            pass
        raise OperationFailed(f"what answers is no API server: it says {' '.join(answer.text[:200].split())}")
    try:
        told = answer.json().get("message") or ""
    except (ValueError, AttributeError, RecursionError):
        told = answer.text[:200]
    message = " ".join(str(told).split()) or answer.reason_phrase
    if answer.status_code == 401:
        raise OperationFailed(f"the API server does not accept the credential: {message}", "log in anew")
    raise NotAllowed(Refused(answer.status_code, message))


def _trust(about: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    """Whom to believe, and who one is oneself, as a kubeconfig says."""
    data = _decoded(about.get("certificate-authority-data"))
    context = ssl.create_default_context(
        cafile=None if data else about.get("certificate-authority"), cadata=data.decode("ascii") if data else None
    )
    if about.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _decoded(user.get("client-certificate-data")), _decoded(user.get("client-key-data"))
    if certificate and key:
        with tempfile.NamedTemporaryFile() as file:  # for this user only; ssl reads nothing but files
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    elif user.get("client-certificate"):
        context.load_cert_chain(user["client-certificate"], user.get("client-key"))
    return context


def _decoded(text: str | None) -> bytes:
    return base64.b64decode(text, validate=True) if text else b""


def _headers(user: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}


def _auth(user: Mapping[str, Any]) -> tuple[str, str] | None:
    return (user["username"], user["password"]) if user.get("username") and user.get("password") else None


def _names_server(name: str) -> Any:
    async def state(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = name

    return state
