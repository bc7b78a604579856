"""That the benchmarks of the agents measure something, at the smallest size. How fast it is, is not looked at."""

from __future__ import annotations

import pytest

from bench.agents.converging import converge
from bench.agents.pushing import push
from bench.agents.ways import Way
from berth.settings import Engine

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("engine", list(Engine))
def test_pushes_of_both_ways_arrive(engine: Engine) -> None:
    results = push(engine, tenants=2, pushes=1, interval="2s", clusters=1)
    assert [result.way for result in results] == list(Way)
    for result in results:
        (waiting,), (told,) = result.waiting, result.told
        assert waiting > 0
        assert told > 0


def test_tenants_converge_from_nothing() -> None:
    result = converge(Engine.FLUX, Way.BERTH, 2, "2s")
    assert result.tenants == 2
    assert result.objects > 2
    assert result.applying > 0
    assert result.agent > 0
    assert result.busy > 0
