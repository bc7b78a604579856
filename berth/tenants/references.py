"""Names in a tenant file that must exist elsewhere: its profile, environments and clusters.

Looked up in the raw data, so that a file with other mistakes still has these reported in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from berth.document import Document, KeyPath
from berth.errors import Problem, did_you_mean, one_of
from berth.settings import Cluster


def check_references(document: Document, key: str, known: Sequence[str]) -> Iterator[Problem]:
    """A problem where the text under `key` is none of the known names."""
    value = document.value.get(key) if isinstance(document.value, dict) else None
    if isinstance(value, str) and value not in known:
        yield document.problem((key,), one_of(known), fix=did_you_mean(value, known))


def check_placed_names(document: Document, clusters: Sequence[Cluster]) -> Iterator[Problem]:
    """A problem for each environment or cluster in a placement that no stack has."""
    environments = sorted({cluster.environment for cluster in clusters})
    names = [cluster.name for cluster in clusters]
    placements = document.value.get("placements") if isinstance(document.value, dict) else None
    for index, placement in enumerate(placements if isinstance(placements, list) else []):
        if isinstance(placement, dict):
            at: KeyPath = ("placements", index)
            yield from _unknown(document, (*at, "environments"), placement, environments, "the environment of a stack")
            yield from _unknown(document, (*at, "clusters"), placement, names, "a cluster of some stack")


def _unknown(
    document: Document, at: KeyPath, placement: dict[str, object], known: Sequence[str], what: str
) -> Iterator[Problem]:
    values = placement.get(str(at[-1]))
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, str) and value not in known:
            yield document.problem((*at, index), f"{what}: {one_of(known)}", fix=did_you_mean(value, known))
