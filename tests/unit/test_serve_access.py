"""Who may read the live page, and that nothing but reading is served."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from berth.look import page_of
from berth.serve.access import is_loopback
from berth.serve.app import app_of
from berth.serve.board import Board

TOKEN = "0123456789abcdefXYZ"  # noqa: S105 - of no server
PATHS = ("/", "/api/state", "/api/events", "/api/tenants/acme/clusters/one", "/metrics", "/icon.svg")


def ask(
    path: str,
    *,
    token: str = "",
    method: str = "GET",
    host: str = "127.0.0.1:7470",
    headers: Mapping[str, str] | None = None,
    names: tuple[str, ...] = (),
) -> httpx.Response:
    async def details(tenant: str, cluster: str) -> dict[str, Any]:
        raise KeyError(tenant, cluster)

    async def send() -> httpx.Response:
        board = Board()
        board.close()  # a stream ends at once
        app = app_of(board, details, lambda: None, token=token, names=names)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:7470"
        ) as client:
            return await client.request(method, path, headers={"Host": host, **(headers or {})})

    return asyncio.run(send())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_there_is_nothing_but_reading(path: str, method: str) -> None:
    answer = ask(path, method=method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("host", ["127.0.0.1:7470", "localhost:7470", "[::1]:7470", "192.0.2.7", "LOCALHOST"])
def test_an_address_and_localhost_are_this_server(host: str) -> None:
    assert ask("/api/state", host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example.com", "evil.example.com:7470", "127.0.0.1.example.com", "localhost.evil", ""]
)
@pytest.mark.parametrize("path", [*PATHS, "/healthz"])
def test_a_name_that_somebody_else_made_point_here_is_refused(path: str, host: str) -> None:
    answer = ask(path, host=host)
    assert answer.status_code == 421
    assert "acme" not in answer.text


def test_a_name_that_was_allowed_is_this_server() -> None:
    assert ask("/api/state", host="Fleet.example.com:80", names=("fleet.example.com",)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": "berth-serve=wrong"},
        {"Cookie": f"other={TOKEN}"},
        {"Cookie": "berth-serve=" + TOKEN[:-1]},
        {"Cookie": ";;=;"},
    ],
)
def test_without_the_token_nothing_is_told(path: str, headers: dict[str, str]) -> None:
    answer = ask(path, token=TOKEN, headers=headers)
    assert answer.status_code == 401
    assert "clusters" not in answer.text


@pytest.mark.parametrize("path", ["/api/state", "/metrics", "/"])
@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {TOKEN}"}, {"Cookie": f"a=b; berth-serve={TOKEN}"}])
def test_with_the_token_it_is(path: str, headers: dict[str, str]) -> None:
    assert ask(path, token=TOKEN, headers=headers).status_code == 200


def test_the_token_goes_from_the_address_into_a_cookie_that_no_script_reads() -> None:
    answer = ask(f"/?token={TOKEN}", token=TOKEN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"berth-serve={TOKEN};")
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("path", ["/?token=wrong", f"/api/state?token={TOKEN}", "/?token="])
def test_a_token_in_the_address_does_for_the_page_alone(path: str) -> None:
    answer = ask(path, token=TOKEN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_health_needs_no_token() -> None:
    answer = ask("/healthz", token=TOKEN)
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/nowhere"])
def test_no_answer_is_kept_framed_or_guessed_at(path: str, token: str) -> None:
    headers = ask(path, token=token).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_page_may_ask_nobody_but_its_server_and_run_nothing_but_its_script() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', ask("/").text)
    assert policy is not None
    parts = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
    assert parts["connect-src"] == parts["img-src"] == "'self'"
    assert parts["script-src"].startswith("'sha256-")
    assert "unsafe" not in policy[1]


def test_the_page_writes_no_markup_of_what_it_is_told() -> None:
    page = page_of("berth.serve.page", "Fleet", asks=True)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert way not in page


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("127.8.0.1", True),
     ("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("fleet.example.com", False)],  # noqa: S104
)  # fmt: skip
def test_what_is_on_this_machine_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_tenant_that_is_not_there_is_said_so() -> None:
    answer = ask("/api/tenants/nobody/clusters/one")
    assert (answer.status_code, answer.json()) == (404, {"error": "nobody is not placed in one"})
