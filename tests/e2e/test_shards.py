"""Flux in shards, as Flux Operator runs it: controllers for each shard, and those without one, which take what has no
shard's label. Each tenant is synced by its own shard and by no other."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from berth.local.paths import FleetPaths
from berth.names import SHARD_LABEL
from berth.render.flux import shard_of
from tests.e2e.harness import FLUX, PLACED, TestFleet, edit

pytestmark = [pytest.mark.e2e, pytest.mark.engine(FLUX)]

CLUSTER = "azure-local"
SHARDS = ("shard1", "shard2")
MAIN = ""
"""The controllers that have no shard."""
SOURCES, SYNCS = "source-controller", "kustomize-controller"


@dataclass
class Shard:
    """The controllers of one shard: where its artifacts are, and what they said."""

    address: str
    logs: dict[str, Path] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def forget(self) -> None:
        """What was said until now does not count: before the deploy, no tenant had a shard."""
        self.read = {name: len(log.read_bytes()) for name, log in self.logs.items()}

    def reconciled(self, tenant: str) -> list[str]:
        """Those of its controllers that have looked at a tenant's objects since."""
        told = {name: log.read_bytes()[self.read.get(name, 0) :] for name, log in self.logs.items()}
        return [name for name, text in told.items() if f'"name":"{tenant}"'.encode() in text]


def free_ports(count: int) -> Iterator[int]:
    """Ports that are free, no two the same."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        ports: list[int] = [listener.getsockname()[1] for listener in listeners]
    return iter(ports)


def selector(shard: str) -> str:
    return f"--watch-label-selector={SHARD_LABEL}={shard}" if shard else f"--watch-label-selector=!{SHARD_LABEL}"


def storage(folder: Path, shard: str) -> Path:
    """Where a shard's source-controller keeps artifacts: it makes no folder for itself."""
    return folder / (shard or "main")


@pytest.fixture
def shards(fleet: TestFleet, tmp_path: Path) -> Iterator[dict[str, Shard]]:
    """The controllers of one cluster ended, and started once for each shard and once for none."""
    stack, paths = fleet.root / "Pulumi.local.yaml", FleetPaths.of(fleet.root)
    before, started = stack.read_text(), list[subprocess.Popen[bytes]]()
    ports = free_ports(3 * len((MAIN, *SHARDS)))
    found = {name: Shard(f"127.0.0.1:{next(ports)}") for name in (MAIN, *SHARDS)}
    try:
        for name in found:
            storage(tmp_path, name).mkdir()
        edit(stack, r"berth:gitops: \{", f"berth:gitops: {{sharding: {{shards: [{', '.join(SHARDS)}]}}, ")
        for program in (SOURCES, SYNCS):
            process = psutil.Process(fleet.pids()[f"{CLUSTER}/{program}"])
            command, environment = process.cmdline(), process.environ()
            fleet.kill(f"{CLUSTER}/{program}")
            for name, shard in found.items():
                own = {
                    "--storage-path": str(storage(tmp_path, name)),
                    "--storage-addr": shard.address,
                    "--storage-adv-addr": shard.address,
                    "--health-addr": f"127.0.0.1:{next(ports)}",
                }
                flags = [f"{key}={own[key]}" if (key := each.partition("=")[0]) in own else each for each in command]
                shard.logs[program] = log = tmp_path / f"{program}-{name}.log"
                marked = environment | {"BERTH_FLEET_PROCESS": f"{CLUSTER}/{program}-{name}"}
                with log.open("wb") as output:
                    started.append(
                        subprocess.Popen([*flags, selector(name)], env=marked, cwd=paths.state, stdout=output,
                                         stderr=output, start_new_session=True)
                    )  # fmt: skip
        fleet.berth("local", "deploy")
        yield found
    finally:
        for each in started:
            each.kill()
            each.wait()
        stack.write_text(before)
        fleet.berth("local", "up")
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()


def test_each_tenant_is_synced_by_its_own_shard_and_by_no_other(fleet: TestFleet, shards: dict[str, Shard]) -> None:
    tenants = {tenant: shard_of(tenant, SHARDS) for tenant, clusters in PLACED.items() if CLUSTER in clusters}
    assert set(tenants.values()) == set(SHARDS), "the sample tenants are in one shard: name the shards otherwise"
    fleet.wait_in_sync()

    def settled() -> bool:
        """Whether each shard has taken up its own, and nobody else is at them, for longer than between two looks."""
        for shard in shards.values():
            shard.forget()
        time.sleep(10)
        looked = {name: [tenant for tenant in tenants if shard.reconciled(tenant)] for name, shard in shards.items()}
        return looked == {name: [tenant for tenant, own in tenants.items() if own == name] for name in shards}

    fleet.wait("each tenant has moved to its shard", settled)
    for shard in shards.values():
        shard.forget()
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "8.8.9"')
    commit = fleet.push("Release storefront 8.8.9")

    def arrived() -> bool:
        return {row["applied"] for row in fleet.status().values()} == {commit}

    fleet.wait("every tenant is at the commit", arrived)
    fleet.wait_in_sync()
    assert fleet.image_of(CLUSTER, "storefront", "web").endswith(":8.8.9")
    for tenant, own in tenants.items():
        source = fleet.get(CLUSTER, "gitrepository", tenant, "--namespace", f"berth-{tenant}")
        assert urlsplit(source["status"]["artifact"]["url"]).netloc == shards[own].address
        looked = {name: shard.reconciled(tenant) for name, shard in shards.items()}
        assert looked == {name: [SOURCES, SYNCS] if name == own else [] for name in shards}
