"""A cluster that goes away and returns; processes that die; ports that are taken."""

from __future__ import annotations

import json
import socket

import pytest

from tests.e2e.harness import TestFleet, edit

pytestmark = pytest.mark.e2e


def test_the_other_clusters_go_on_while_one_is_down_and_it_catches_up_with_nothing_lost(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "5.5.5"')
    try:
        fleet.kill("gcp-local/kube-apiserver")
        commit = fleet.push("Release storefront while gcp is down")
        fleet.wait_in_sync(but=["gcp-local"])
        rows = fleet.status()
        assert rows["storefront", "aws-local"]["applied"] == commit
        assert rows["storefront", "gcp-local"]["state"] == "unreachable"
        assert rows["storefront", "gcp-local"]["message"]
    finally:
        fleet.berth("local", "up")

    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {commit}
    fleet.revert()
    fleet.wait_in_sync()


def test_up_starts_what_died_and_leaves_the_rest_alone(fleet: TestFleet) -> None:
    before = fleet.pids()
    dead = ("aws-local/etcd", f"azure-local/{fleet.engine.applies}", "git-server", "gcp-local/kwok")
    try:
        for process in dead:
            fleet.kill(process)
    finally:
        fleet.berth("local", "up")
    after = fleet.pids()
    assert all(after.values())
    assert {process for process in before if before[process] != after[process]} == set(dead)
    fleet.wait_in_sync()


def test_up_twice_changes_nothing(fleet: TestFleet) -> None:
    before = fleet.pids()
    assert fleet.berth("local", "up").stdout.count("was up already") == 3
    assert fleet.pids() == before


def test_every_listener_is_on_the_loopback_interface(fleet: TestFleet) -> None:
    import psutil

    mine = {pid for pid in fleet.pids().values() if pid}
    listening = [c for c in psutil.net_connections("inet") if c.pid in mine and c.status == psutil.CONN_LISTEN]
    assert len(listening) >= 13, "three API servers, three times three agent ports, the Git server"
    assert {str(connection.laddr).partition("'")[2].partition("'")[0] for connection in listening} == {"127.0.0.1"}


def test_a_port_that_another_program_took_is_replaced_and_all_stays_in_sync(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    ports = json.loads((fleet.root / ".local" / "ports.json").read_text())
    fleet.berth("local", "down")
    with socket.socket() as thief, socket.socket() as other:
        for taken in (thief, other):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may linger
        thief.bind(("127.0.0.1", ports["git-server"]))
        other.bind(("127.0.0.1", ports["azure-local/apiserver"]))
        thief.listen()
        other.listen()
        printed = fleet.berth("local", "up").stdout
        assert printed.count("is taken by another program") == 2
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        moved = json.loads((fleet.root / ".local" / "ports.json").read_text())
        changed = {name for name in ports if ports[name] != moved[name]}
        assert changed == {"git-server", "azure-local/apiserver"}
        rows = fleet.status()
        assert {row["state"] for row in rows.values()} == {"in sync"}


def test_a_damaged_record_of_ports_is_mended(fleet: TestFleet) -> None:
    (fleet.root / ".local" / "ports.json").write_text('{"git-server": 74')
    fleet.berth("local", "up")
    fleet.berth("local", "deploy")
    fleet.wait_in_sync()


def test_down_leaves_nothing_running_and_up_brings_everything_back(fleet: TestFleet) -> None:
    import psutil

    before = fleet.pids()
    fleet.berth("local", "down")
    assert not any(psutil.pid_exists(pid) for pid in before.values() if pid)
    state = str(fleet.root / ".local")
    # What they had started, as Git, may end a moment after them.
    fleet.wait("nothing is marked", lambda: not [p for p in psutil.process_iter() if _mark(p) == state])
    assert "nothing was running" in fleet.berth("local", "down").stdout
    fleet.berth("local", "up")
    fleet.wait_in_sync()


def _mark(process: object) -> str | None:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return process.environ().get("BERTH_FLEET_STATE")
    except (psutil.Error, OSError):
        return None
