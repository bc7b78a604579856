"""Many tenants: real API servers of a local fleet, in which each tenant's objects are made with their statuses. What
would change them, agents and controllers, does not run."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from bench.generate import generate
from bench.measure import ROOT
from bench.status.objects import Object, agent, name_of, path_of, tenant_objects
from berth.git import resolve_remote
from berth.local import build, processes
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet, down
from berth.local.paths import FleetPaths
from berth.local.ports import HOST
from berth.local.stack import GIT_SERVER
from berth.project import Project
from berth.settings import Engine

STACK = "local"
_AT_ONCE = 12
_KEPT = ("git-server", "etcd", "kube-apiserver")
_WITH_STATUS = ("GitRepository", "Kustomization", "ResourceQuota", "Deployment")


class RealClusters:
    """Three API servers that hold so many tenants."""

    def __init__(self, fleet: Fleet, root: Path) -> None:
        self.kubectl = fleet.binaries["kubectl"]
        self.kubeconfig = fleet.paths.kubeconfig
        self.names = list(fleet.clusters)
        self.project = root
        self.planes = fleet.planes()
        self._url = f"http://{HOST}:{fleet.ports[GIT_SERVER]}/deploy.git"
        self._commit = resolve_remote(self._url, {"branch": "main"})
        self._made = 0

    def grow(self, tenants: int) -> None:
        """Makes tenants until there are so many, here and in the project."""
        project = self.project / str(tenants)
        generate(project, tenants)
        self.reach(project)
        objects = [] if self._made else list(agent())
        for index in range(self._made, tenants):
            objects += tenant_objects(name_of(index), self._url, self._commit)
        asyncio.run(_make_everywhere(self.planes, objects))
        self._made = tenants

    def reach(self, project: Path) -> None:
        """Points a project's stack at these clusters."""
        stack = project / f"Pulumi.{STACK}.yaml"
        data = yaml.safe_load(stack.read_text("utf-8"))
        data["config"]["berth:deployRepo"]["url"] = self._url
        for cluster in data["config"]["berth:clusters"]:
            cluster["kubeconfig"] = str(self.kubeconfig)
        stack.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")

    def dry_runs(self) -> int:
        """How often the API servers were asked what would become of an object, since they started."""
        return sum(dry_runs_in(asyncio.run(_metrics(plane))) for plane in self.planes)


def dry_runs_in(metrics: str) -> int:
    """Of an API server's metrics, as it tells them."""
    counted = re.findall(r'^apiserver_request_total\{[^}]*dry_run="All"[^}]*\} (\S+)$', metrics, re.MULTILINE)
    return int(sum(map(float, counted)))


@contextmanager
def running() -> Iterator[RealClusters]:
    """Starts a fleet, and ends in it all but etcd and the API servers; ends and deletes the rest at the end."""
    binaries = build.build(ROOT / "local", engine=Engine.FLUX)
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        root = generate(Path(temporary) / "fleet", 1)
        for name in ("local", "deploy"):
            (root / name).symlink_to(ROOT / name)
        stack = root / f"Pulumi.{STACK}.yaml"
        stack.write_text(stack.read_text("utf-8").replace("127.0.0.1:7480", f"{HOST}:7484"), "utf-8")
        paths = FleetPaths.of(root)
        try:
            fleet = Fleet(root, Project.load(root).stack(STACK), paths, binaries, Engine.FLUX)
            fleet.up(lambda *_: None)
            alive = processes.running(paths)
            processes.stop([found for name, found in alive.items() if name.rpartition("/")[2] not in _KEPT])
            yield RealClusters(fleet, Path(temporary))
        finally:
            down(paths, delete=True)


async def _make_everywhere(planes: list[ControlPlane], objects: list[Object]) -> None:
    await asyncio.gather(*(_make_in(plane, objects) for plane in planes))


def client_of(plane: ControlPlane) -> httpx.AsyncClient:
    """A client of the plane's API server, with all rights."""
    context = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
    context.load_cert_chain(plane.certificates / "admin.crt", plane.certificates / "admin.key")
    server = f"https://{HOST}:{plane.port('apiserver')}"
    return httpx.AsyncClient(base_url=server, verify=context, timeout=60, trust_env=False)


async def _metrics(plane: ControlPlane) -> str:
    async with client_of(plane) as client:
        return (await client.get("/metrics")).raise_for_status().text


async def _make_in(plane: ControlPlane, objects: list[Object]) -> None:
    async with client_of(plane) as client:
        first = [item for item in objects if item["kind"] == "Namespace"]
        for group in (first, [item for item in objects if item["kind"] != "Namespace"]):
            for begin in range(0, len(group), _AT_ONCE):
                await asyncio.gather(*(_make(client, item) for item in group[begin : begin + _AT_ONCE]))


async def _make(client: httpx.AsyncClient, item: Object) -> None:
    """As its controllers would have made it: applied first, then reported on."""
    path = f"{path_of(item['kind'], item['metadata'].get('namespace'))}/{item['metadata']['name']}"
    without = {key: value for key, value in item.items() if key != "status"}
    await _apply(client, path, without, "kustomize-controller")
    if item["kind"] in _WITH_STATUS and "status" in item:
        head = {key: item[key] for key in ("apiVersion", "kind", "status")}
        named = {key: value for key, value in item["metadata"].items() if key in ("name", "namespace")}
        await _apply(client, f"{path}/status", {**head, "metadata": named}, "controller")


async def _apply(client: httpx.AsyncClient, path: str, item: Object, manager: str) -> None:
    item = {**item, "metadata": {key: value for key, value in item["metadata"].items() if key != "generation"}}
    answer = await client.patch(
        path,
        params={"fieldManager": manager, "force": "true"},
        content=json.dumps(item),
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    if answer.is_error:
        raise SystemExit(f"{path}: {answer.text[:500]}")
