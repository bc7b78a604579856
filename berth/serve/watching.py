"""Keeps what is known of one cluster as its API server has it: lists each kind once, then watches it.

A watch that is cut goes on where it was; one that is too old for the server begins with a new list. Where watching is
not allowed, or only namespace by namespace, the kind is listed now and then. The cluster is lost when it no longer
takes connections, or does not answer a question of its version; then it is tried again, less and less often. Who wants
to know what holds at this moment has it asked at once.
"""

from __future__ import annotations

import asyncio
import datetime
import math
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import httpx

from berth.agents import KINDS
from berth.errors import OperationFailed
from berth.settings import Cluster
from berth.status.api import Api, NotAllowed, data_of
from berth.status.asking import read
from berth.status.client import answering
from berth.status.decode import event, pages_of
from berth.status.observed import WANTED, Observed, Wanted
from berth.tenants import Tenant

PROBE = 10.0
"""Seconds between two questions whether the API server still answers: a machine that is gone closes no connection."""
SILENCE = 100.0
"""Seconds without a word after which a watch is begun anew. Servers send a bookmark a minute."""
WATCH = 300
"""Seconds after which the server is to end a watch, so that none outlives what it was allowed with by long."""
AGAIN = 30.0
"""Seconds between two lists of a kind that may not be watched; and the longest between two tries of a lost cluster."""

Connect = Callable[[], AbstractAsyncContextManager[Api]]


Told = Callable[[str | None], None]
"""Told of what changed: what is known of a tenant; with the empty string of the cluster itself; with None of all."""


class Watch:
    """One cluster. `answer` is what is known of it, or why nothing is; `since` is since when that has been so."""

    def __init__(
        self,
        cluster: Cluster,
        tenants: Sequence[Tenant],
        connect: Connect,
        told: Told,
        timeout: float,
        programs: Callable[[], Sequence[Any]] = tuple,
    ) -> None:
        self.cluster = cluster
        self.tenants = tenants
        self.answer: Observed | OperationFailed | None = None
        self.since: datetime.datetime | None = None
        self.known: Observed | None = None
        """What was known last, while the cluster is away too."""
        self.api: Api | None = None
        """Open while the cluster is there."""
        self.losses = 0
        self._connect = connect
        self._told = told
        self._timeout = timeout
        self._programs = programs
        self._unread: set[Wanted] = set()
        self._streams: set[Wanted] = set()
        """Kinds that are watched at this moment."""
        self._listed: set[Wanted] = set()
        """Kinds that are listed now and then."""
        self._questions: list[tuple[float, asyncio.Future[bool]]] = []
        self._asked = asyncio.Event()
        self._names = frozenset(tenant.name for tenant in tenants)
        self._owners = {namespace: tenant.name for tenant in tenants for namespace in tenant.namespaces}

    def take_over(self, former: Watch) -> None:
        """Takes for known what another watch of the cluster knew, until all is read here."""
        self.answer, self.since, self.known, self.losses = former.answer, former.since, former.known, former.losses

    async def ask(self) -> bool:
        """Returns when the cluster has answered a question that was asked after this call, or has not been reached
        after it: then `answer` holds now. False where it does not, as a kind is listed now and then and not watched."""
        if self._listed:
            return False
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._questions.append((loop.time(), future))
        self._asked.set()
        return await future

    def _settle(self, began: float, *, holds: bool = True) -> None:
        """Answers those who have asked before that time."""
        for each in [each for each in self._questions if each[0] <= began]:
            self._questions.remove(each)
            if not each[1].done():
                each[1].set_result(holds)

    async def _pause(self, seconds: float) -> None:
        """Waits, until somebody asks."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)
        self._asked.clear()

    async def run(self) -> None:
        """Never returns."""
        pause = 0.0
        while True:
            began = asyncio.get_running_loop().time()
            complete, failure = await self._connected()
            # A credential that has run out is renewed by logging in anew: that is no loss, if it works at once.
            if complete and failure.hint == "log in anew":
                pause = 0.0
                continue
            self._lose(failure)
            self._settle(began)
            pause = 1.0 if complete else min(max(2 * pause, 1.0), AGAIN)
            if not self._questions:
                self._asked.clear()
                await self._pause(pause * random.uniform(0.5, 1))  # noqa: S311 - not all clusters at the same moment

    async def _connected(self) -> tuple[bool, OperationFailed]:
        """Watches as long as that goes well. Returns whether all was read, and what went wrong."""
        observed = Observed()
        self._unread = set(WANTED[self.cluster.gitops.engine])
        self._streams, self._listed = set(), set()
        failure = OperationFailed("")
        try:
            with answering(self._timeout):
                async with self._connect() as self.api:
                    failure = await self._watched(self.api, observed)
        except OperationFailed as error:
            failure = error
        finally:
            self.api = None
        return self.answer is observed, failure

    async def _watched(self, api: Api, observed: Observed) -> OperationFailed:
        """Keeps all kinds. Returns what ended that."""
        failure = OperationFailed("")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._probe(api, observed))
                for each in WANTED[self.cluster.gitops.engine]:
                    tasks.create_task(self._keep(api, observed, each))
        except* OperationFailed as group:
            failure = next(error for error in group.exceptions if isinstance(error, OperationFailed))
        return failure

    async def _probe(self, api: Api, observed: Observed) -> None:
        while True:
            began = asyncio.get_running_loop().time()
            self._asked.clear()
            with answering(self._timeout):
                try:
                    observed.version = str((await api.get("/version")).get("gitVersion", ""))
                except NotAllowed as refused:
                    if refused.why.code >= 500:
                        raise OperationFailed(refused.why.message) from None
            observed.skew = api.skew
            observed.programs = tuple(await asyncio.to_thread(self._programs))
            if self.answer is observed:
                self._told("")
                if len(self._streams) == len(WANTED[self.cluster.gitops.engine]):
                    self._settle(began)
            await self._pause(PROBE)

    async def _keep(self, api: Api, observed: Observed, wanted: Wanted) -> None:
        """Keeps the objects of one kind."""
        while True:
            with answering(self._timeout):
                try:
                    version = await self._list(api, observed, wanted)
                    self._have(observed, wanted)
                    await self._follow(api, observed, wanted, version)
                    continue
                except NotAllowed as refused:
                    if refused.why.code >= 500:
                        await asyncio.sleep(1)
                    await read(api, observed, wanted, self.tenants)
                    self._have(observed, wanted)
            self._listed.add(wanted)
            self._settle(math.inf, holds=False)
            await asyncio.sleep(AGAIN)

    async def _list(self, api: Api, observed: Observed, wanted: Wanted) -> str:
        """All objects, and the version from which to watch."""
        found: list[dict[str, Any]] = []
        at = ""
        async for items, version in api.pages(wanted.path(), wanted.query, decode=pages_of(wanted.kind)):
            if version != at:  # begun anew in between
                found.clear()
            at = version
            found += items
        observed.replace(wanted, found)
        return at

    async def _follow(self, api: Api, observed: Observed, wanted: Wanted, version: str) -> None:
        """Takes the changes as they come. Returns where there is no way on but a new list."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            asked = {**wanted.query, "watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
            asked["timeoutSeconds"] = str(WATCH)
            patience = httpx.Timeout(self._timeout, read=SILENCE)
            try:
                async with api.http.stream("GET", wanted.path(), params=asked, timeout=patience) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        data_of(answer)
                    self._streams.add(wanted)
                    self._listed.discard(wanted)
                    if self._questions:
                        self._asked.set()
                    async for line in answer.aiter_lines():
                        what, item = event(wanted.kind, line)
                        if what == "ERROR":
                            return
                        version = item["metadata"]["resourceVersion"]
                        self._take(observed, wanted, what, item)
            except NotAllowed as refused:
                if refused.why.code != 410:
                    raise
                return
            except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError):
                pass  # silent, or cut: asked for again from where it was
            finally:
                self._streams.discard(wanted)
            if loop.time() - began < 1:
                await asyncio.sleep(1)

    def _take(self, observed: Observed, wanted: Wanted, what: str, item: dict[str, Any]) -> None:
        if what == "BOOKMARK":
            return
        namespace, name = item["metadata"].get("namespace") or "", item["metadata"]["name"]
        if what == "DELETED":
            observed.remove(wanted, namespace, name)
        else:
            observed.put(wanted, item)
        if self.answer is observed:
            self._told(self._concerned(wanted, namespace, name))

    def _concerned(self, wanted: Wanted, namespace: str, name: str) -> str:
        """The tenant that an object tells of; empty where it tells of the cluster."""
        if any(wanted.kind == kind.name for kind in KINDS[self.cluster.gitops.engine]):
            return name if name in self._names else ""
        return self._owners.get(namespace, "")

    def _have(self, observed: Observed, wanted: Wanted) -> None:
        """A kind was read whole: with the last of them, the cluster is known."""
        self._unread.discard(wanted)
        if self._unread:
            return
        if not isinstance(self.answer, Observed):
            self.since = datetime.datetime.now(datetime.UTC)
        self.answer = self.known = observed
        self._told(None)

    def _lose(self, failure: OperationFailed) -> None:
        if not isinstance(self.answer, OperationFailed):
            self.losses += 1
            self.since = datetime.datetime.now(datetime.UTC)
        elif self.answer.message == failure.message:
            return
        self.answer = failure
        self._told(None)
