"""Which of a cluster's objects come last where all are applied at once."""

from __future__ import annotations

from collections.abc import Iterable

from berth.render.objects import Object

STARTS_SYNC = ("Application", "Kustomization")
"""The kinds that have an agent apply a tenant's manifests, by engine."""


def syncs_last(objects: Iterable[Object]) -> list[Object]:
    """The same objects, those that start a sync after all others, and otherwise in the order given.

    An agent that is told to sync before it has fetched the source tries in vain, waits, and later applies twice: with
    hundreds of tenants that is much of its work.
    """
    return sorted(objects, key=lambda item: item["kind"] in STARTS_SYNC)
