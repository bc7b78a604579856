"""Names of resources: no two clusters, tenants or objects run into each other, whatever dashes their names hold."""

from __future__ import annotations

from collections import Counter

import pytest

from berth.plan.recording import Registered
from tests.components.recording import Recorder
from tests.components.stacks import SAMPLES, run, sample, tenant


def twice(recorder: Recorder) -> list[tuple[str, str]]:
    """What the engine would take for the same resource: the types of a resource and of all its parents, and its name.
    Mocks make URNs of less."""
    by_urn = {item.urn: item for item in recorder.recorded}

    def chain(item: Registered) -> str:
        parent = by_urn.get(item.parent)
        return f"{chain(parent) if parent else ''}${item.type}"

    found = Counter((chain(item), item.name) for item in recorder.recorded)
    return [key for key, count in found.items() if count > 1]


@pytest.mark.parametrize("provider", list(SAMPLES))
def test_clusters_may_be_called_like_the_beginnings_of_each_other_s_resources(provider: str) -> None:
    alone = run(sample(provider, name="c"), install="chart").recorded
    # A cluster c-x could only run into c where c calls something c-x-y, or c-x, that c-x would call the same.
    endings = {(item.type, item.name[1:]) for item in alone}
    names = {ending[: len(ending) - len(other)] for kind, ending in endings for same, other in endings
             if kind == same and ending != other and ending.endswith(other)}  # fmt: skip
    likely = sorted(f"c{name}" for name in names if name.strip("-") and name.replace("-", "").isalnum())
    clusters = [
        sample(provider, name=name[:40], network={"cidr": f"10.{index}.0.0/16"})
        for index, name in enumerate(["c", *likely])
    ]
    assert twice(run(*clusters, install="chart")) == []


def test_tenants_and_clusters_whose_names_run_into_each_other_stay_apart() -> None:
    clusters = (sample("gke", name="a"), sample("gke", name="a-b", network={"cidr": "10.77.0.0/16"}))
    recorder = run(*clusters, tenants=(tenant("b-c"), tenant("c")))
    assert twice(recorder) == []


def test_accounts_whose_namespace_and_name_run_into_each_other_stay_apart() -> None:
    grant = {"gcp": {"roles": ["roles/storage.objectViewer"]}}
    identity = [{"serviceAccount": "jobs-api", **grant}, {"serviceAccount": "api", "namespace": "jobs", **grant}]
    recorder = run(sample("gke"), tenants=(tenant(namespaces=["", "jobs"], identity=identity),))
    assert twice(recorder) == []
