"""Many open pages on one `berth serve`: what it asks of the clusters does not depend on their number, nor does what it
keeps grow with time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from tests.serve.clusters import SYNCS, Simulated, sync
from tests.serve.conftest import Served, until

PAGES = 200


@pytest.fixture
def settled(simulated: Simulated, served: Served) -> Simulated:
    """All watches are open: what is asked from here on is asked for a reason."""
    assert served.process.poll() is None
    until("all is watched", lambda: all(one.watching() == 7 for one in simulated.clusters.values()))
    return simulated


def memory(served: Served) -> float:
    return psutil.Process(served.process.pid).memory_info().rss / 2**20


def test_two_hundred_pages_hear_of_each_change_and_the_clusters_do_not_hear_of_them(
    settled: Simulated, served: Served
) -> None:
    one = settled.clusters["one"]
    asked = Counter(one.asked)

    async def run() -> list[list[str]]:
        limits = httpx.Limits(max_connections=PAGES + 10)
        async with httpx.AsyncClient(base_url=served.address, limits=limits, timeout=60) as client:
            place = (await client.get("/api/state")).json()["place"]
            async with contextlib.AsyncExitStack() as streams:
                pages = [
                    await streams.enter_async_context(client.stream("GET", f"/api/events?since={place}"))
                    for _ in range(PAGES)
                ]
                lines = [page.aiter_lines() for page in pages]
                heard = [asyncio.create_task(messages(each, "third")) for each in lines]
                grown = []
                for round_ in ("first", "second", "third"):
                    await asyncio.to_thread(one.put, SYNCS, sync("acme", failing=round_))
                    # One change each: what comes together is told together.
                    await asyncio.to_thread(until_said, served, round_)
                    grown.append(memory(served))
                assert grown[-1] - grown[0] < 10, f"MB with {PAGES} pages after each round: {grown}"
                return await asyncio.gather(*heard)

    heard = asyncio.run(run())
    one.put(SYNCS, sync("acme"))
    until("all is as it was", lambda: served.states() == {"in sync"})
    assert heard == [["first", "second", "third"]] * PAGES
    more = Counter(one.asked) - asked
    assert set(more) <= {"get /version"}, more
    until("the pages are gone", lambda: "berth_serve_streams 0.0" in served.get("/metrics").text)


def until_said(served: Served, text: str) -> None:
    until("it is told", lambda: message(served) == text)


def message(served: Served) -> str:
    return str(served.rows()["acme", "one"]["message"])


async def messages(lines: AsyncIterator[str], last: str) -> list[str]:
    """What a stream says of acme in the cluster one, until it says `last`."""
    found: list[str] = []
    async for line in lines:
        if not line.startswith("data: "):
            continue
        for row in json.loads(line.removeprefix("data: ")).get("rows", []):
            if (row["tenant"], row["cluster"]) == ("acme", "one"):
                found.append(row["message"])
        if last in found:
            break
    return found


def test_a_page_that_comes_back_gets_what_it_missed(settled: Simulated, served: Served) -> None:
    until("nothing is left to be told", lambda: served.states() == {"in sync"})
    place = served.get("/api/state").json()["place"]
    settled.clusters["one"].put(SYNCS, sync("acme", failing="missed"))
    until_said(served, "missed")

    async def run() -> list[str]:
        headers = {"Last-Event-ID": place}
        async with (
            httpx.AsyncClient(base_url=served.address, timeout=60) as client,
            client.stream("GET", "/api/events", headers=headers) as stream,
        ):
            return await messages(stream.aiter_lines(), "missed")

    assert asyncio.run(run())[-1] == "missed"
    settled.clusters["one"].put(SYNCS, sync("acme"))
    until("all is as it was", lambda: served.states() == {"in sync"})
