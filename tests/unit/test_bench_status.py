"""The simulated clusters of the benchmark are clusters to `berth status`, and the benchmark notices where not all is
well."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bench.measure import Measured, measure
from bench.status import many
from bench.status.report import BERTH, SERVED, Result, _section, compare
from bench.status.served import serving


def test_status_finds_every_tenant_of_the_simulated_clusters_in_sync(tmp_path: Path) -> None:
    root = tmp_path / "project"
    with many.running(root, 3, 5, 0.0) as names:
        data = json.loads(measure((*BERTH, many.STACK), root, 1).printed)
    assert {row["cluster"] for row in data["rows"]} == set(names)
    assert [row["state"] for row in data["rows"]] == ["in sync"] * 15
    for cluster in data["clusters"]:
        assert (cluster["state"], cluster["lockdown"], cluster["nodes_ready"]) == ("ok", True, 1)
    assert data["rows"][0]["quota"][0]["share"] > 0
    assert data["rows"][0]["workloads"]["ready"] == 1


def test_the_simulated_clusters_are_watched_and_stay(tmp_path: Path) -> None:
    root = tmp_path / "project"
    with many.running(root, 2, 2, 0.0) as names, serving(root) as (_, address):
        result = compare("two", root, many.STACK, "true", root / "kubeconfig", names, runs=1)
        time.sleep(1)  # long enough for a watch that ends at once to have lost the cluster
        told = json.loads(measure((*SERVED, address), root, 1).printed)
    assert [row["state"] for row in told["clusters"]] == ["ok", "ok"]
    assert json.loads(result.served.printed)["rows"] == json.loads(result.berth.printed)["rows"] == told["rows"]
    assert json.loads(result.found.printed)["rows"] == told["rows"]


def test_the_benchmark_fails_where_a_tenant_is_not_in_sync(tmp_path: Path) -> None:
    root = tmp_path / "project"
    with many.running(root, 1, 2, 0.0) as names:
        (root / "tenants" / "tenant-0002.yaml").write_text(
            (root / "tenants" / "tenant-0001.yaml").read_text().replace("tenant-0001", "tenant-0002")
        )
        with pytest.raises(SystemExit):
            compare("one", root, many.STACK, "true", root / "kubeconfig", names, runs=1)


def test_the_page_says_whether_each_aim_is_met() -> None:
    slow, quick = Measured(9.5, 9.0, 10.0, 40, ""), Measured(1.5, 1.0, 2.0, 120, "")
    real = Result("3 real", 3000, quick, quick, quick, slow, slow, quick)
    simulated = Result("30 simulated", 3000, quick, quick, quick, quick, slow, slow)
    page = _section([real, simulated])
    assert "| 3 real | 3,000 | 1.50 s (1.00 to 2.00), 120 MB |" in page
    assert "| memory | under 300 MB | 120 MB | yes |" in page
    assert page.count("| yes |") == 5
    assert page.count("| **no** |") == 2
