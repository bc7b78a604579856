"""JSON over HTTP, as both forges speak it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

_PAGE = 100
"""Entries a page: the most that both forges give."""
_PAGES = 50
_TIMEOUT = 30.0
"""Seconds that an answer may take."""


class Failed(Exception):
    """The forge cannot be reached, or says no."""


class Refused(Exception):
    """What was asked for is not safe to do."""


class Api:
    """A forge's API. `base` is its URL without a slash at the end, `credential` the header that logs in."""

    def __init__(self, base: str, credential: tuple[str, str]) -> None:
        self._base = base
        self._credential = credential

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. Raises Failed."""
        data = self._send(method, path, body)
        try:
            return json.loads(data or b"null")
        except ValueError:
            raise Failed(f"{method} {path}: the answer is no JSON") from None

    def pages(self, path: str, key: str = "") -> Iterator[dict[str, Any]]:
        """All entries of a list. `key` is where the list is in the answer, where it is not the answer itself."""
        joint = "&" if "?" in path else "?"
        for page in range(1, _PAGES + 1):
            answer = self.call("GET", f"{path}{joint}per_page={_PAGE}&page={page}")
            entries = answer[key] if key else answer
            yield from entries
            if len(entries) < _PAGE:
                return
        raise Failed(f"{path} has more than {_PAGES * _PAGE} entries")

    def download(self, path: str, limit: int) -> bytes:
        """A file of at most `limit` bytes. Raises Refused where it is larger."""
        data = self._send("GET", path, None, limit + 1)
        if len(data) > limit:
            raise Refused(f"{path} is larger than {limit} bytes")
        return data

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, most: int | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310  the base is the forge's own, told by its runner
            self._base + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "berth"},
        )
        # A file is given by another host, to which the forge redirects: the credential is not for that one.
        request.add_unredirected_header(*self._credential)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
                data: bytes = answer.read(most)
                return data
        except urllib.error.HTTPError as error:
            said = error.read(300).decode("utf-8", "replace").strip()
            raise Failed(f"{method} {path}: {error.code} {said}") from None
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{method} {path}: {getattr(error, 'reason', error)}") from None
