"""What all open pages share: the state, and the changes in their order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from berth.serve import board as module
from berth.serve.app import app_of
from berth.serve.board import Board


def row(tenant: str, state: str = "in sync") -> dict[str, Any]:
    return {"tenant": tenant, "cluster": "one", "state": state}


async def no_details(tenant: str, cluster: str) -> dict[str, Any]:
    raise KeyError(tenant, cluster)


def read(event: bytes) -> tuple[str, dict[str, Any]]:
    lines = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    return lines["event"], json.loads(lines["data"])


def place_of(event: bytes) -> str:
    return dict(line.split(": ", 1) for line in event.decode().strip().splitlines())["id"]


async def first(events: AsyncIterator[bytes], count: int = 1) -> list[bytes]:
    return [await asyncio.wait_for(anext(events), 10) for _ in range(count)]


def test_a_reader_is_told_what_changed_after_the_state_that_it_took() -> None:
    async def run() -> None:
        board = Board()
        board.publish({("acme", "one"): row("acme"), ("globex", "one"): row("globex")})
        state = json.loads(board.state())
        assert [each["tenant"] for each in state["rows"]] == ["acme", "globex"]
        events = board.events(state["place"], 60)
        board.publish({("acme", "one"): row("acme", "failing"), ("globex", "one"): row("globex")})
        kind, data = read((await first(events))[0])
        assert kind == "change"
        assert data["rows"] == [row("acme", "failing")]

    asyncio.run(run())


def test_where_clusters_or_tenants_have_gone_every_reader_takes_the_state_anew() -> None:
    async def run() -> None:
        board = Board()
        board.publish({("acme", "one"): row("acme"), ("globex", "one"): row("globex")}, {"one": {}, "two": {}})
        events = board.events(board.place, 60)
        board.keep({("acme", "one")}, {"one"})
        assert read((await first(events))[0])[0] == "reset"
        state = json.loads(board.state())
        assert ([each["tenant"] for each in state["rows"]], len(state["clusters"])) == (["acme"], 1)

    asyncio.run(run())


def test_what_is_the_same_is_no_change() -> None:
    async def run() -> None:
        board = Board()
        board.publish({("acme", "one"): row("acme")}, {"one": {"cluster": "one"}})
        place = board.place
        board.publish({("acme", "one"): row("acme"), ("globex", "one"): None}, {"one": {"cluster": "one"}})
        assert board.place == place

    asyncio.run(run())


def test_a_row_that_goes_is_told_and_gone() -> None:
    async def run() -> None:
        board = Board()
        board.publish({("acme", "one"): row("acme")})
        events = board.events(board.place, 60)
        board.publish({("acme", "one"): None})
        assert read((await first(events))[0])[1]["gone"] == [["acme", "one"]]
        assert json.loads(board.state())["rows"] == []

    asyncio.run(run())


def test_a_reader_that_comes_back_gets_what_it_missed_once_and_in_order() -> None:
    async def run() -> None:
        board = Board()
        events = board.events(board.place, 60)
        for state in ("syncing", "failing", "in sync"):
            board.publish({("acme", "one"): row("acme", state)})
        seen = await first(events, 1)
        missed = await first(board.events(place_of(seen[0]), 60), 2)
        assert [read(event)[1]["rows"][0]["state"] for event in missed] == ["failing", "in sync"]

    asyncio.run(run())


@pytest.mark.parametrize("place", ["", "0-0", "nonsense", "x-99999999999", "deadbeef-1"])
def test_a_reader_of_another_run_is_told_to_begin_anew(place: str) -> None:
    async def run() -> None:
        board = Board()
        board.publish({("acme", "one"): row("acme")})
        events = board.events(place, 60)
        (event,) = await first(events)
        assert read(event)[0] == "reset"
        assert place_of(event) == board.place
        board.publish({("acme", "one"): row("acme", "failing")})
        assert read((await first(events))[0])[0] == "change"

    asyncio.run(run())


def test_a_place_that_this_run_has_not_reached_begins_anew() -> None:
    async def run() -> None:
        board = Board()
        run_of, _, number = board.place.rpartition("-")
        board.publish({("acme", "one"): row("acme")})
        (event,) = await first(board.events(f"{run_of}-{int(number) + 9}", 60))
        assert read(event)[0] == "reset"

    asyncio.run(run())


def test_what_is_kept_is_bounded_and_who_has_fallen_behind_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 1000)

    async def run() -> None:
        board = Board()
        place = board.place
        for number in range(200):
            board.publish({("acme", "one"): row("acme", str(number))})
        assert sum(len(change.event) for change in board._changes) <= 1000
        (event,) = await first(board.events(place, 60))
        assert read(event)[0] == "reset"

    asyncio.run(run())


def test_a_change_larger_than_what_is_kept_is_a_new_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 10)

    async def run() -> None:
        board = Board()
        events = board.events(board.place, 60)
        board.publish({("acme", "one"): row("acme")})
        assert read((await first(events))[0])[0] == "reset"

    asyncio.run(run())


def test_a_stream_without_news_says_that_it_lives() -> None:
    async def run() -> None:
        board = Board()
        kind, data = read((await first(board.events(board.place, 0.01)))[0])
        assert kind == "alive"
        assert data["now"] > 0

    asyncio.run(run())


def test_closing_ends_the_streams() -> None:
    async def run() -> None:
        board = Board()
        waiting = asyncio.create_task(anext(board.events(board.place, 60), b"ended"))
        await asyncio.sleep(0)
        board.close()
        assert await asyncio.wait_for(waiting, 10) == b"ended"

    asyncio.run(run())


def test_a_reader_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.serve.app.PATIENCE", 0.05)

    async def run() -> None:
        board = Board()
        app = app_of(board, no_details, lambda: None)
        sent = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if b"event: change" in message.get("body", b""):
                await asyncio.sleep(60)  # its buffers are full

        scope = {
            "type": "http", "method": "GET", "path": "/api/events", "query_string": f"since={board.place}".encode(),
            "headers": [(b"host", b"127.0.0.1")], "http_version": "1.1",
        }  # fmt: skip
        reading = asyncio.create_task(app(scope, receive, send))
        async with asyncio.timeout(10):
            while not board.readers:
                await asyncio.sleep(0)
        board.publish({("acme", "one"): row("acme")})
        await asyncio.wait_for(reading, 10)
        assert board.readers == 0

    asyncio.run(run())


def test_only_so_many_streams_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth.serve.app.STREAMS", 3)

    async def run() -> None:
        import httpx

        board = Board()
        board.readers = 3
        app = app_of(board, no_details, lambda: None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
            answer = await client.get("/api/events")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")

    asyncio.run(run())
