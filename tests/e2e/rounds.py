"""Attempts by commit: puts them into the fleet's deploy repo, and reads what each engine made of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from berth.local.paths import FleetPaths
from berth.settings import Engine
from tests.e2e.attempts import COMMITS
from tests.e2e.attempts.commits import ELSEWHERE, GIT, INSIDE
from tests.e2e.attempts.model import CLUSTER, Commit, Refused
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, TestFleet, is_syncing, operation_of
from tests.e2e.manifests import A


@dataclass(frozen=True)
class Trial:
    """A commit where the answer is of one sort: refused, harmless, or a gap."""

    commit: Commit
    sort: type

    @property
    def id(self) -> str:
        return self.commit.id

    def concerns(self, engine: Engine) -> bool:
        return isinstance(self.commit.answers.get(engine), self.sort)


def trials(sort: type) -> list[Trial]:
    found = [Trial(commit, sort) for commit in COMMITS]
    return [trial for trial in found if any(trial.concerns(engine) for engine in Engine)]


@dataclass(frozen=True)
class Verdict:
    """What a sync says of a commit: whether it failed, and all that it tells about it."""

    failed: bool
    message: str


@dataclass(frozen=True)
class Outcome:
    """How a sync ended, and what it changed in its cluster."""

    verdict: Verdict
    changed: list[str]
    row: dict[str, Any]


def rounds(engine: Engine) -> Iterator[list[Commit]]:
    """The attempts in groups that fit into one commit: each directory once. What may leave something behind is in
    groups of its own, as others are judged by what the cluster holds."""
    left = [item for item in COMMITS if engine in item.answers]
    for item in [*left]:
        if item.alone or not isinstance(item.answers[engine], Refused):
            left.remove(item)
            yield [item]
    left.sort(key=lambda item: leaves_nothing(item, engine))
    while left:
        chosen: dict[tuple[str, str], Commit] = {}
        for item in left:
            if leaves_nothing(item, engine) == leaves_nothing(left[0], engine):
                chosen.setdefault((item.tenant, item.cluster), item)
        yield list(chosen.values())
        left = [item for item in left if item not in chosen.values()]


def leaves_nothing(item: Commit, engine: Engine) -> bool:
    answer = item.answers[engine]
    return isinstance(answer, Refused) and answer.whole


_MODULES = ".gitmodules"


class DeployRepo:
    """Commits attempts to the fleet's deploy repo, and takes them back."""

    def __init__(self, fleet: TestFleet) -> None:
        self._fleet = fleet
        self._start = fleet.git("rev-parse", "HEAD")
        ports = json.loads(FleetPaths.of(fleet.root).ports.read_text())
        self.url = f"http://127.0.0.1:{ports['git-server']}/deploy.git"
        inside = {
            # What source-controller serves: the artifacts of all tenants, here the listing of one.
            FLUX: ("source-controller", "gitrepository/berth-telemetry/telemetry/"),
            ARGOCD: ("repo-server-health", "metrics"),
        }
        name, path = inside[fleet.engine]
        self._inside = {cluster: f"http://127.0.0.1:{ports[f'{cluster}/{name}']}/{path}" for cluster in CLUSTERS}
        # Another name of this machine than the one of a pod's own address.
        self._elsewhere = self.url.replace("127.0.0.1", "0.0.0.0") + "/info/refs"  # noqa: S104

    def commit(self, commits: list[Commit]) -> str:
        """Breaks the directories of these attempts in one commit; all others are as they were."""
        self._reset()
        for item in commits:
            self._write(item)
        remote = {"resources": [f"{self.url}//apps/telemetry/base?ref=main"]}
        self._dump(self._fleet.worktree / "isolation/remote/kustomization.yaml", remote)
        return self._fleet.push("Isolation suite: " + ", ".join(item.id for item in commits))

    def write_through(self, tenant: str) -> str:
        """A's directory gets parameters that Argo CD writes into its kustomization.yaml, which is another tenant's."""
        self._reset()
        cloud = CLUSTER.removesuffix("-local")
        folder = self._fleet.worktree / "apps" / A / "local" / cloud
        (folder / "kustomization.yaml").unlink()
        (folder / "kustomization.yaml").symlink_to(f"../../../{tenant}/local/{cloud}/kustomization.yaml")
        change = "- {op: add, path: /data/INTRUDER, value: was-here}\n"
        parameters = {"patches": [{"patch": change, "target": {"kind": "ConfigMap"}}]}
        self._dump(folder / ".argocd-source.yaml", {"kustomize": parameters})
        return self._fleet.push(f"Isolation suite: write through to {tenant}")

    def restore(self) -> None:
        self._reset()
        if self._fleet.git("status", "--porcelain"):
            self._fleet.push("Isolation suite: the end")

    def _reset(self) -> None:
        for folder in ("apps", "isolation"):
            shutil.rmtree(self._fleet.worktree / folder, ignore_errors=True)
        (self._fleet.worktree / _MODULES).unlink(missing_ok=True)
        self._fleet.git("checkout", self._start, "--", "apps")

    def _write(self, item: Commit) -> None:
        folder = self._fleet.worktree / "apps" / item.tenant / "local" / item.cluster.removesuffix("-local")
        path = folder / "kustomization.yaml"
        content = yaml.safe_load(path.read_text())
        # What a sync in error must not apply: a sign that it was applied after all.
        passenger = {"name": f"passenger-{item.id}", "literals": ["key=value"]}
        if item.tenant != A:
            passenger["namespace"] = item.tenant
        content["configMapGenerator"].append(passenger)
        content["resources"] += item.resources
        for key, value in item.more.items():
            content[key] = [*content.get(key, []), *value]
        self._dump(path, content, item)
        for name, file in item.files.items():
            self._dump(folder / name, file, item)
        for name, target in item.links.items():
            (folder / name).symlink_to(target)
        for name, url in item.modules.items():
            self._submodule(str((folder / name).relative_to(self._fleet.worktree)), url.replace(GIT, self.url))

    def _submodule(self, path: str, url: str) -> None:
        self._fleet.git("config", "--file", _MODULES, f"submodule.{path}.path", path)
        self._fleet.git("config", "--file", _MODULES, f"submodule.{path}.url", url)
        # Its directory, or the next `git add` takes the entry away again.
        (self._fleet.worktree / path).mkdir()
        self._fleet.git("update-index", "--add", "--cacheinfo", f"160000,{self._start},{path}")

    def _dump(self, path: Path, content: object, item: Commit | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        text = text.replace(GIT, self.url).replace(ELSEWHERE, self._elsewhere)
        path.write_text(text.replace(INSIDE, self._inside[item.cluster]) if item else text)


_REFRESH = "argocd.argoproj.io/refresh"

# ---- what an engine says of a commit -----------------------------------------------------------------------------


def ready_condition(item: dict[str, Any]) -> dict[str, Any]:
    conditions = item.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), {"status": "Unknown", "message": ""})


def told_by_application(item: dict[str, Any]) -> str:
    """All that Argo CD says of what went wrong with an Application."""
    status = item.get("status", {})
    operation = operation_of(item)
    results = operation.get("syncResult", {}).get("resources", [])
    told = [each["message"] for each in status.get("conditions", []) if each["type"].endswith("Error")]
    told += [each["message"] for each in results if each.get("status") == "SyncFailed"]
    return "\n".join([*told, operation.get("message", "")])


def flux_verdict(sync: dict[str, Any], commit: str) -> Verdict | None:
    ready = ready_condition(sync)
    tried = commit in sync["status"].get("lastAttemptedRevision", "") and ready["status"] != "Unknown"
    return Verdict(ready["status"] == "False", ready["message"]) if tried else None


def argocd_verdict(sync: dict[str, Any], commit: str) -> Verdict | None:
    status = sync["status"]
    if any(each["type"].endswith("Error") for each in status.get("conditions", [])):
        return Verdict(True, told_by_application(sync))
    operation = operation_of(sync)
    mine = operation.get("syncResult", {}).get("revision") == commit
    if mine and (operation.get("phase") in ("Failed", "Error") or operation.get("retryCount")):
        return Verdict(True, told_by_application(sync))
    compared = status["sync"]
    settled = compared.get("revision") == commit and compared["status"] == "Synced"
    return Verdict(False, "") if settled and not is_syncing(sync) else None


VERDICTS = {FLUX: flux_verdict, ARGOCD: argocd_verdict}


def prepare(fleet: TestFleet, item: Commit) -> None:
    """Ends a sync that Argo CD would go on trying: with each try it waits longer before it sees the next commit."""
    if fleet.engine is FLUX:
        return
    where = fleet.engine.sync_of(item.tenant)

    def ended() -> bool:
        application = fleet.get(item.cluster, *where)
        if operation_of(application).get("phase") == "Running":
            body = json.dumps({"status": {"operationState": {"phase": "Terminating"}}})
            fleet.kubectl(item.cluster, "patch", *where, "--type=merge", f"--patch={body}")
        return not is_syncing(application)

    fleet.wait(f"the sync of {item.tenant} in {item.cluster} has ended", ended)


def refresh(fleet: TestFleet, cluster: str, tenant: str) -> None:
    """Has Argo CD look at Git and at nothing that it remembers, and waits until it has."""
    where = fleet.engine.sync_of(tenant)
    fleet.kubectl(cluster, "annotate", "--overwrite", *where, f"{_REFRESH}=hard")

    def looked() -> bool:
        return _REFRESH not in fleet.get(cluster, *where)["metadata"].get("annotations", {})

    fleet.wait(f"Argo CD has looked at {tenant} in {cluster}", looked)


def verdict(fleet: TestFleet, item: Commit, commit: str) -> Verdict:
    """What a tenant's sync says, once it has tried the commit."""
    where = fleet.engine.sync_of(item.tenant)
    if fleet.engine is ARGOCD:
        refresh(fleet, item.cluster, item.tenant)
    found: list[Verdict] = []

    def tried() -> bool:
        said = VERDICTS[fleet.engine](fleet.get(item.cluster, *where), commit)
        found.extend([said] if said else [])
        return said is not None

    fleet.wait(f"{item.id} was tried in {item.cluster}", tried)
    return found[-1]


def told(fleet: TestFleet, group: list[Commit]) -> dict[tuple[str, str], dict[str, Any]]:
    """What `berth status` says, between two tries of the agent."""
    for _ in range(40):
        rows = fleet.status()
        if all(rows[item.tenant, item.cluster]["state"] not in ("syncing", "unreachable") for item in group):
            break
    return rows
