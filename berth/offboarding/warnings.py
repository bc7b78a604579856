"""What the cluster warns of about objects that do not go: events, the newest first."""

from __future__ import annotations

from collections.abc import Iterable

from berth.offboarding.model import VOLUME, Held, Warned
from berth.status.api import Api, NotAllowed
from berth.status.events import events_of

AT_MOST = 5
"""Warnings that are told of one cluster."""
_OF_NO_NAMESPACE = "default"
"""Where events are of what is in no namespace."""


async def warnings_of(api: Api, left: Iterable[Held]) -> tuple[Warned, ...]:
    """The last warnings about what is left: each reason once for each object. Events that may not be read are passed
    over: they explain, and decide nothing."""
    hanging = {(each.namespace, f"{each.kind} {each.name}"): each for each in left}
    found: dict[tuple[Held, str], Warned] = {}
    for namespace in sorted({each.namespace for each in hanging.values()}):
        selector = "type=Warning" + ("" if namespace else f",involvedObject.kind={VOLUME}")
        path = f"/api/v1/namespaces/{namespace or _OF_NO_NAMESPACE}/events"
        try:
            async for page, _ in api.pages(path, {"fieldSelector": selector}):
                for event in events_of(page):
                    held = hanging.get((namespace, event["object"]))
                    if held is None:
                        continue
                    told = Warned(
                        event["last"] or "", held.kind, namespace, held.name, event["reason"], event["message"]
                    )
                    known = found.setdefault((held, event["reason"]), told)
                    found[held, event["reason"]] = max(known, told)
        except NotAllowed:
            continue
    return tuple(sorted(found.values(), reverse=True)[:AT_MOST])
