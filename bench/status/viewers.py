"""Many open pages on one `berth serve`: what it keeps, what it asks of clusters, when the last page has a change."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.status.objects import KINDS, failing, name_of, path_of
from bench.status.real import client_of
from bench.status.served import serving
from berth.local.controlplane import ControlPlane
from berth.names import sync_namespace

PAGES = (0, 1, 200)
SECONDS = 60.0
CHANGES = 20
"""In that time, spread evenly."""
_PATIENCE = 120.0
_WATCHES = 5
"""How many of the watches may happen to end while some pages are open, and not while none are."""


@dataclass(frozen=True)
class Viewed:
    """So many pages for a while. Memory of the server in MB at the start and the end, its processor seconds, requests
    for objects that the API servers answered, and for each change the seconds until the last page had it."""

    pages: int
    before: float
    after: float
    busy: float
    asked: int
    delays: Sequence[float]


class _Page:
    """An open page's stream of changes, read as a browser reads it."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def until(self, message: str) -> float:
        """Reads until a row has this message. Returns when that was."""
        async for line in self._lines:
            if line.startswith("data: ") and message in line:
                return time.perf_counter()
        raise SystemExit("berth serve ended a stream")


def view(
    project: Path, planes: Sequence[ControlPlane], pages: Sequence[int], seconds: float, changes: int
) -> list[Viewed]:
    """Runs `berth serve` in the project, and has so many pages open, one number after the other, each for `seconds`."""
    with serving(project) as (process, address):
        return asyncio.run(_view(process, address, planes, pages, seconds, changes))


async def _view(
    process: psutil.Process,
    address: str,
    planes: Sequence[ControlPlane],
    pages: Sequence[int],
    seconds: float,
    changes: int,
) -> list[Viewed]:
    limits = httpx.Limits(max_connections=max(pages) + 10)
    async with contextlib.AsyncExitStack() as stack:
        clusters = [await stack.enter_async_context(client_of(plane)) for plane in planes]
        found = []
        client = httpx.AsyncClient(base_url=address, limits=limits, timeout=_PATIENCE, trust_env=False)
        await stack.enter_async_context(client)
        for number in pages:
            found.append(await _round(process, client, clusters, number, seconds, changes))
        return found


async def _round(
    process: psutil.Process,
    client: httpx.AsyncClient,
    clusters: Sequence[httpx.AsyncClient],
    pages: int,
    seconds: float,
    changes: int,
) -> Viewed:
    place = (await client.get("/api/state")).json()["place"]
    async with contextlib.AsyncExitStack() as streams:
        opened = [
            await streams.enter_async_context(client.stream("GET", f"/api/events?since={place}")) for _ in range(pages)
        ]
        views = [_Page(each.aiter_lines()) for each in opened]
        before, busy, asked = _memory(process), _busy(process), await _answered(clusters)
        began, delays = time.perf_counter(), []
        for index in range(changes):
            message = f"change {index} with {pages} pages"
            seen = [asyncio.create_task(page.until(message)) for page in views]
            known = await _change(clusters[0], name_of(index), message)
            if seen:
                delays.append(max(await asyncio.gather(*seen)) - known)
            await asyncio.sleep(max(began + (index + 1) * seconds / changes - time.perf_counter(), 0))
        return Viewed(pages, before, _memory(process), _busy(process) - busy, await _answered(clusters) - asked, delays)


async def _change(cluster: httpx.AsyncClient, tenant: str, message: str) -> float:
    """Reports in the cluster that a tenant's sync fails. Returns when the API server had answered."""
    path = f"{path_of('Kustomization', sync_namespace(tenant))}/{tenant}/status"
    body = json.dumps({"status": {"conditions": [failing(message)]}})
    answer = await cluster.patch(path, content=body, headers={"Content-Type": "application/merge-patch+json"})
    answer.raise_for_status()
    return time.perf_counter()


async def _answered(clusters: Sequence[httpx.AsyncClient]) -> int:
    """How many requests for the page's kinds the API servers have answered."""
    return sum([requests_in((await cluster.get("/metrics")).text) for cluster in clusters])


def requests_in(metrics: str) -> int:
    """Lists, reads and ended watches of the page's kinds in an API server's metrics. The rest it asks of itself, or is
    what changes objects."""
    plurals = {plural for _, plural in KINDS.values()}
    return round(
        sum(
            sample.value
            for family in text_string_to_metric_families(metrics)
            for sample in family.samples
            if sample.name == "apiserver_request_total"
            and sample.labels["verb"] in ("GET", "LIST", "WATCH")
            and sample.labels["resource"] in plurals
        )
    )


def _memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss / 2**20)


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def told(found: Sequence[Viewed], tenants: int, seconds: float) -> str:
    """What was measured, as a part of the page."""
    rows = "\n".join(
        f"| {each.pages} | {each.before:.0f} MB | {each.after:.0f} MB | {each.busy:.1f} s | {each.asked} | "
        f"{_delay(each.delays)} |"
        for each in found
    )
    least, most = found[0], found[-1]
    grown, late = most.after - most.before, max(most.delays)
    more = most.asked - least.asked
    goals = [
        (f"a change is on the last of {most.pages} pages", "within 2 s", f"{late:.2f} s at worst", late < 2),
        (f"memory with {most.pages} pages", "at most 10 MB more at the end", f"{grown:.0f} MB more", grown <= 10),
        (f"requests with {most.pages} pages, beside none", f"at most {_WATCHES} more", f"{more:+d}", more <= _WATCHES),
    ]
    table = "\n".join(f"| {what} | {aim} | {got} | {'yes' if met else '**no**'} |" for what, aim, got, met in goals)
    return f"""\
### The page

One `berth serve` for three real clusters with {tenants:,} tenants each. So many pages are open for {seconds:.0f} s, \
while {len(most.delays)} syncs, one
after the other, report a failure. The time runs from the API server's answer to that report until the last page has
the change. Requests are those for the page's kinds that the three API servers have answered meanwhile: lists, reads,
and watches that ended, as each does after some minutes and is begun anew.

| pages | memory, at first | at the end | processor time | requests | a change is there after: median (worst) |
| --- | --- | --- | --- | --- | --- |
{rows}

| what | aim | measured | met |
| --- | --- | --- | --- |
{table}
"""


def _delay(delays: Sequence[float]) -> str:
    return f"{statistics.median(delays):.2f} s ({max(delays):.2f})" if delays else "-"
