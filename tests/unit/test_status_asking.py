"""What is known of one kind, read again and again where only some namespaces may be read."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from berth.settings import Engine
from berth.status.api import Api
from berth.status.asking import read
from berth.status.observed import WANTED, Observed
from tests.serve.clusters import SYNCS, sync
from tests.support import Sandbox

INSIDE = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/berth-acme/kustomizations"
WHICH = next(each for each in WANTED[Engine.FLUX] if each.kind == "Kustomization")
Answers = dict[str, list[dict[str, Any]] | int]
"""By path, what is listed, or the code that it is refused with. What is not named is refused with 403."""
ALLOWED: Answers = {INSIDE: [sync("acme")]}


def told(observed: Observed) -> tuple[bool, int | None]:
    """Whether acme's Kustomization is known, and the code with which that of its namespace is refused."""
    refusal = observed.refusal("Kustomization", "berth-acme")
    known = observed.get("Kustomization", "berth-acme", "acme") is not None
    return known, None if refusal is None else refusal.code


@pytest.mark.parametrize(
    ("rounds", "found"),
    [
        ([ALLOWED], (True, None)),
        ([ALLOWED, {INSIDE: []}], (False, None)),
        ([ALLOWED, {INSIDE: 429}], (False, 429)),
        ([{INSIDE: 429}, ALLOWED], (True, None)),
        ([ALLOWED, {SYNCS: 503}], (False, 503)),
        ([{SYNCS: [sync("acme")]}, {}], (False, 403)),
        ([{SYNCS: [sync("acme")]}, ALLOWED], (True, None)),
    ],
    ids=["read", "deleted", "throttled", "no longer throttled", "in trouble", "no right", "a right for one"],
)
def test_what_holds_is_what_was_read_last(
    sandbox: Sandbox, rounds: list[Answers], found: tuple[bool, int | None]
) -> None:
    answers: Answers = {}

    def answer(request: httpx.Request) -> httpx.Response:
        items = answers.get(request.url.path, 403)
        return httpx.Response(items) if isinstance(items, int) else httpx.Response(200, json={"items": items})

    async def look() -> Observed:
        observed = Observed()
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="https://cluster") as http:
            for each in rounds:
                answers.clear()
                answers.update(each)
                await read(Api(http), observed, WHICH, [sandbox.placed()])
        return observed

    assert told(asyncio.run(look())) == found
