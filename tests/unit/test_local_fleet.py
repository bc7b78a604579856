"""The local fleet's `up`: what of a cluster is started anew, and what is tried again."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from berth.errors import OperationFailed
from berth.local import processes
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet, down
from berth.local.paths import FleetPaths
from berth.local.processes import Spec
from berth.settings import Engine
from tests.support import Sandbox
from tests.unit.local_fleet import LOCAL, AnyBinary

RUNNING = ("here/etcd", "here/kube-scheduler", "here/kwok", "git-server")


class Cluster:
    """The fleet's one cluster, of which some processes run, and none is started or ended in earnest."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        sandbox.write("Pulumi.local.yaml", LOCAL)
        self.paths = FleetPaths.of(sandbox.root)
        self.paths.state.mkdir()
        self._stack = sandbox.load().stack("local")
        self.stopped: list[str] = []
        alive = {name: SimpleNamespace(name=name) for name in RUNNING}
        monkeypatch.setattr(processes, "running", lambda _: alive)
        monkeypatch.setattr(processes, "stop", lambda which: self.stopped.extend(each.name for each in which))
        monkeypatch.setattr(Fleet, "_ensure", lambda *_: False)
        for wait in ("_wait_ready", "_wait_agent", "_install_agent"):
            monkeypatch.setattr(Fleet, wait, lambda *_: None)

    def fleet(self) -> Fleet:
        return Fleet(self.paths.state.parent, self._stack, self.paths, AnyBinary(()), Engine.FLUX)

    def up(self, port: int) -> list[str]:
        """What is stopped by an `up` with the API server at a port."""
        (plane,) = self.fleet().planes()
        ports = {f"here/{server}": port + index for index, server in enumerate(sorted(plane.servers))}
        assert ports["here/apiserver"] == port
        self.paths.ports.write_text(json.dumps(ports))
        self.stopped.clear()
        fleet = self.fleet()
        (plane,) = fleet.planes()
        fleet._cluster_up(plane, lambda *_: None)
        assert f"127.0.0.1:{port}\n" in plane.config_of("kwok").read_text()
        return sorted(self.stopped)


def test_a_cluster_is_started_anew_where_its_api_server_has_another_port(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the processes that ask it, only those of the agent are told of ports by their flags.
    cluster = Cluster(sandbox, monkeypatch)
    cluster.up(7001)
    assert cluster.up(7001) == []
    assert cluster.up(7101) == ["here/etcd", "here/kube-scheduler", "here/kwok"]
    assert cluster.up(7101) == []


def test_a_kind_that_the_api_server_does_not_list_yet_is_waited_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ['error: no matches for kind "AppProject"\nensure CRDs are installed first', "", "error: forbidden"]

    def apply(*_: object) -> None:
        if (message := said.pop(0)) != "":
            raise OperationFailed(message)

    monkeypatch.setattr(Fleet, "_apply", apply)
    fleet = Cluster(sandbox, monkeypatch).fleet()
    fleet._apply_new_kinds(cast(ControlPlane, None), [])
    assert said == ["error: forbidden"]
    with pytest.raises(OperationFailed, match="forbidden"):
        fleet._apply_new_kinds(cast(ControlPlane, None), [])


def test_what_a_process_starts_in_a_session_of_its_own_is_not_taken_for_it(tmp_path: Path) -> None:
    # As what Git does in the background after it has fetched for a repo server.
    paths = FleetPaths(tmp_path)
    script = "import subprocess, time; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, flush=True)"
    started = processes.start(paths, Spec("here/server", (sys.executable, "-c", f"{script}; time.sleep(60)")))
    log, end = paths.log("here/server"), time.monotonic() + 60
    try:
        while not log.read_text().endswith("\n"):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert {name: each.pid for name, each in processes.running(paths).items()} == {"here/server": started.pid}
    finally:
        processes.stop([started, *(psutil.Process(int(line)) for line in log.read_text().splitlines())])


def test_what_is_written_while_the_state_is_deleted_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, remove = FleetPaths(tmp_path / "state"), shutil.rmtree
    (paths.state / "clusters").mkdir(parents=True)
    tries: list[Path] = []

    def rmtree(folder: Path) -> None:
        tries.append(folder)
        if len(tries) == 1:
            raise OSError(39, "Directory not empty")
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert down(paths, delete=True) == 0
    assert not paths.state.exists()
    assert len(tries) == 2
