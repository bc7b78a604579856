"""That the benchmarks on local fleets measure something, at the smallest size. How fast it is, is not looked at."""

from __future__ import annotations

import pytest

from bench.agents.converging import converge
from bench.agents.pushing import push
from bench.agents.ways import Way
from bench.status import real, viewers
from bench.status.report import compare
from berth.settings import Engine

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("engine", list(Engine))
def test_pushes_of_all_ways_arrive(engine: Engine) -> None:
    results = push(engine, tenants=2, pushes=1, interval="2s", clusters=1)
    assert [result.way for result in results] == list(Way)
    for result in results:
        (waiting,), (told,) = result.waiting, result.told
        assert waiting > 0
        assert told > 0


def test_tenants_converge_from_nothing() -> None:
    result = converge(Engine.FLUX, Way.GUARDED, 2, "2s")
    assert result.tenants == 2
    assert result.objects > 2
    assert 0 < result.applied <= result.whole
    assert result.agent > 0
    assert result.plane > 0


def test_status_and_pages_are_measured_on_real_clusters() -> None:
    with real.running() as clusters:
        clusters.grow(2)
        project = clusters.project / "2"
        result = compare(
            "small", project, real.STACK, str(clusters.kubectl), clusters.kubeconfig, clusters.names, runs=1
        )
        assert result.rows == 2 * len(clusters.names) == 6
        assert "tenant-0001" in result.tables.printed
        assert '"kind": "Kustomization"' in result.data.printed
        none, three = viewers.view(project, clusters.planes, (0, 3), 1.0, 2)
        assert (none.pages, none.delays) == (0, [])
        assert (three.pages, len(three.delays)) == (3, 2)
        assert three.asked - none.asked < len(clusters.names), "pages ask no cluster"
        assert three.before > 0
