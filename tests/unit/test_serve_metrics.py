"""The fleet as metrics: in the text format, with names that do not change, and without what is unknown."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from berth.serve.board import Board
from berth.serve.data import cluster_data, row_data, status_data
from berth.serve.metrics import registry_of
from berth.status.model import ClusterRow, Reach, Row, State, Use, Workloads

SINCE = datetime.datetime(2026, 11, 24, 10, tzinfo=datetime.UTC)
HOSTILE = 'a"}\n{b\\'


def samples(
    rows: list[Row], clusters: list[ClusterRow], told: dict[str, dict[str, Any]] | None = None
) -> dict[tuple[str, ...], float]:
    """Values by name and the values of the labels."""

    async def text() -> str:
        board = Board()
        board.publish(
            {(row.tenant, row.cluster): row_data(status_data(row), "") for row in rows},
            told or {row.cluster: cluster_data(status_data(row), SINCE) for row in clusters},
        )
        return generate_latest(registry_of(board)).decode()

    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(asyncio.run(text())):
        for sample in family.samples:
            found[(sample.name, *(value for _, value in sorted(sample.labels.items())))] = sample.value
    return found


def row(**more: Any) -> Row:
    return Row(
        **{"tenant": "acme", "cluster": "one", "cloud": "aws", "environment": "dev", "state": State.FAILING} | more
    )


def cluster(state: Reach, **more: Any) -> ClusterRow:
    return ClusterRow("one", "dev", "aws", "dev", "flux", state, **more)


def test_a_tenant_is_in_one_state() -> None:
    found = samples([row(since=SINCE, behind=2)], [])
    assert found["berth_tenant_state", "aws", "one", "dev", "failing", "acme"] == 1
    assert found["berth_tenant_state_since_seconds", "aws", "one", "dev", "acme"] == SINCE.timestamp()
    assert found["berth_tenant_commits_behind", "aws", "one", "dev", "acme"] == 2
    assert [key for key in found if key[0] == "berth_tenant_state"] == [
        ("berth_tenant_state", "aws", "one", "dev", "failing", "acme")
    ]


def test_each_state_is_counted_those_of_nobody_as_well() -> None:
    found = samples([row(), row(tenant="globex"), row(tenant="initech", state=State.IN_SYNC)], [])
    counts = {key[1]: value for key, value in found.items() if key[0] == "berth_tenants"}
    assert counts == {state.value: 0 for state in State} | {"failing": 2, "in sync": 1}


def test_workloads_and_the_fullest_quota_are_told() -> None:
    quota = (Use("acme", "pods", "9", "10", 0.9), Use("acme", "cpu", "1", "10", 0.1))
    found = samples([row(workloads=Workloads(1, 3), quota=quota)], [])
    assert found["berth_tenant_workloads_ready", "aws", "one", "dev", "acme"] == 1
    assert found["berth_tenant_workloads", "aws", "one", "dev", "acme"] == 3
    assert found["berth_tenant_quota_used_ratio", "aws", "one", "dev", "acme"] == 0.9


def test_what_is_unknown_is_left_out() -> None:
    names = {key[0] for key in samples([row()], [cluster(Reach.UNREACHABLE)])}
    assert not names & {
        "berth_tenant_commits_behind", "berth_tenant_workloads", "berth_tenant_quota_used_ratio",
        "berth_tenant_state_since_seconds", "berth_cluster_nodes",
    }  # fmt: skip


def test_a_cluster_is_up_and_in_order_or_not() -> None:
    def values(state: Reach) -> tuple[float, float]:
        found = samples([], [cluster(state, nodes_ready=1, nodes_total=2)])
        assert found["berth_cluster_nodes_ready", "aws", "one", "dev"] == 1
        return found["berth_cluster_up", "aws", "one", "dev"], found["berth_cluster_in_order", "aws", "one", "dev"]

    assert values(Reach.OK) == (1, 1)
    assert values(Reach.WRONG) == (1, 0)
    assert values(Reach.UNREACHABLE) == (0, 0)


def test_no_name_breaks_the_format() -> None:
    found = samples([row(environment=HOSTILE)], [])
    assert found["berth_tenant_state", "aws", "one", HOSTILE, "failing", "acme"] == 1


def test_a_credential_in_a_message_goes_nowhere() -> None:
    data = status_data(row(message="https://me:secret@git.example.com/x: no"))
    assert data["message"] == "https://[credential]@git.example.com/x: no"
    told = status_data(cluster(Reach.WRONG, message="https://me:secret@h"))
    assert "secret" not in told["message"]


def test_a_cluster_that_was_not_read_yet_is_neither_up_nor_down() -> None:
    row = cluster_data(status_data(cluster(Reach.UNREACHABLE)), None, read=False)
    found = samples([], [], {"one": row})
    assert not [key for key in found if key[0] in ("berth_cluster_up", "berth_cluster_in_order")]
    assert ("berth_cluster_up", "aws", "one", "dev") in samples([], [cluster(Reach.UNREACHABLE)])
