"""Which of a cluster's objects come last where all are applied at once."""

from __future__ import annotations

from collections.abc import Iterable

from berth.render.objects import Object

STARTS_SYNC = ("Application", "Kustomization")
"""The kinds that have an agent apply a tenant's manifests, by engine."""


def syncs_last(objects: Iterable[Object]) -> list[Object]:
    """The same objects, those that start a sync after all others, and otherwise in the order given.

    Flux that is told to sync a tenant before it has fetched the source tries in vain, comes back after half a minute,
    and may apply twice: with hundreds of tenants applied one after the other, that happened to most.
    """
    return sorted(objects, key=lambda item: item["kind"] in STARTS_SYNC)
