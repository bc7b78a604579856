"""What `berth serve` answers to `berth status --server`: all or nothing, and made anew only where something changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berth.project import Project
from berth.serve.data import status_data
from berth.serve.latest import Latest
from berth.status.answer import read_answer
from berth.status.model import ClusterRow, Reach, Row, State
from tests.support import Sandbox


def row(tenant: str, state: State = State.IN_SYNC) -> Row:
    return Row(tenant, "aws-dev", "aws", "dev", state)


CLUSTER = ClusterRow("aws-dev", "dev", "aws", "dev", "flux", Reach.OK, skew=0.0)


@pytest.fixture
def latest(sandbox: Sandbox) -> Latest:
    """Of one cluster with two tenants; nothing is known yet."""
    sandbox.tenant(name="globex")
    return Latest(placed(sandbox.root))


def placed(root: Path) -> list:  # type: ignore[type-arg]
    project = Project.load(root)
    return [(cluster, list(project.tenants_in(cluster))) for cluster in project.stack("dev").clusters[:1]]


def take(latest: Latest, *rows: Row, cluster: ClusterRow = CLUSTER) -> None:
    told = {(each.tenant, each.cluster): status_data(each) for each in rows}
    latest.take(told, {cluster.cluster: status_data(cluster)})


def test_nothing_is_said_until_every_row_is_there(latest: Latest) -> None:
    assert latest.body([]) is None
    take(latest, row("acme"))
    assert latest.body([]) is None
    take(latest, row("globex"))
    assert latest.body([]) is not None


def test_what_was_made_is_kept_until_something_changes(latest: Latest) -> None:
    take(latest, row("acme"), row("globex"))
    first = latest.body([])
    take(latest, row("acme"), row("globex"))
    assert latest.body([]) is first
    take(latest, row("acme", State.FAILING))
    assert json.loads(latest.body([]) or b"")["rows"][0]["state"] == "failing"
    again = latest.body([])
    assert latest.body(["wrong"]) is not again
    assert json.loads(latest.body(["wrong"]) or b"")["notes"] == ["wrong"]


def test_what_is_placed_no_longer_is_forgotten_and_what_is_new_is_waited_for(latest: Latest, sandbox: Sandbox) -> None:
    take(latest, row("acme"), row("globex"))
    (sandbox.root / "tenants" / "globex.yaml").unlink()
    latest.place(placed(sandbox.root))
    assert [each["tenant"] for each in json.loads(latest.body([]) or b"")["rows"]] == ["acme"]
    sandbox.tenant(name="umbrella")
    latest.place(placed(sandbox.root))
    assert latest.body([]) is None


def test_it_is_read_as_it_was_told(latest: Latest) -> None:
    take(latest, row("acme"), row("globex"))
    found = read_answer("here", latest.body([]) or b"")
    assert found.stacks == ["dev"]
    assert found.fleet.rows == [row("acme"), row("globex")]
    assert found.fleet.clusters == [CLUSTER]
