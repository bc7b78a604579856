"""A local fleet of a test's own: a copy of this project, started and used through the `berth` command."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from berth.local import build
from berth.local.stack import with_fleet
from berth.project import Project
from berth.settings import Engine as Kind
from berth.status.collect import collect

ROOT = Path(__file__).parents[2]
COPIED = ("Pulumi.yaml", "Pulumi.*.yaml", "__main__.py", "requirements.txt", "constraints.txt")
PATIENCE = 300.0
"""How many seconds a test waits at most for what takes a few. What fails once in a slow moment takes more: Flux waits
for a workload that it has applied and does not find for a minute here, and tries again a minute later; a source that
fails, and a controller without its API server, looks again after as long as it has failed."""
CLUSTERS = ("aws-local", "gcp-local", "azure-local")
PLACED = {
    "ledger": ("aws-local", "azure-local"),
    "storefront": ("aws-local", "azure-local", "gcp-local"),
    "telemetry": ("azure-local", "gcp-local"),
}
"""Where the sample tenants are placed in the stack local; written out, so that the tests do not ask the code."""


@dataclass(frozen=True)
class Engine:
    """What of an engine a test sees: the object that is a tenant's sync, and where; and the process that applies."""

    name: str
    sync: str
    source: str
    namespace: str
    applies: str

    def sync_of(self, tenant: str) -> tuple[str, ...]:
        """kubectl's arguments for a tenant's sync object."""
        return self.sync, tenant, "--namespace", self.namespace.format(tenant=tenant)


FLUX = Engine("flux", "kustomization", "gitrepositories", "berth-{tenant}", "kustomize-controller")
ARGOCD = Engine("argocd", "application", "appprojects", "argocd", "argocd-application-controller")


def operation_of(application: dict[str, Any]) -> dict[str, Any]:
    """What an Application tells of its sync; nothing between Argo CD's asking for the next and its taking that up."""
    return application.get("status", {}).get("operationState") or {}


def is_syncing(application: dict[str, Any]) -> bool:
    return bool(application.get("operation")) or operation_of(application).get("phase") == "Running"


def copy_project(target: Path) -> Path:
    """A copy of the project whose agents look at Git every 2 s and correct drift every 5 s."""
    target.mkdir(parents=True)
    for pattern in COPIED:
        for path in ROOT.glob(pattern):
            shutil.copy(path, target / path.name)
    for folder in ("tenants", "deploy", "components", "berth"):
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "local").symlink_to(ROOT / "local")
    (target / ".venv").symlink_to(ROOT / ".venv")
    edit(target / "Pulumi.local.yaml", r"interval: 10s", "interval: 2s")
    # Not the port of the person's own fleet: that one may be running beside.
    edit(target / "Pulumi.local.yaml", r"127\.0\.0\.1:7480", "127.0.0.1:7481")
    for profile in (target / "tenants" / "profiles").glob("*.yaml"):
        profile.write_text(profile.read_text() + "sync: {interval: 5s, timeout: 1m}\n")
    edit(target / "tenants" / "ledger.yaml", r"sync: .*\n", "")
    return target


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replaces what matches; fails where nothing does."""
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"))
    assert count, f"{pattern} is not in {path}"
    path.write_text(text, "utf-8")


def approve_removal(root: Path, *tenants: str) -> None:
    """Says in the file of the local stack that the end of active tenants is meant."""
    path = root / "Pulumi.local.yaml"
    stack = yaml.safe_load(path.read_text("utf-8"))
    approvals = stack["config"].setdefault("berth:guards", {}).setdefault("approvals", [])
    approvals += [{"guard": "tenant-removed", "subject": name, "reason": "A test ends it."} for name in tenants]
    path.write_text(yaml.safe_dump(stack, sort_keys=False), "utf-8")


class TestFleet:
    """One running fleet and the ways a test acts on it."""

    __test__ = False

    def __init__(self, root: Path, path: str | None = None, engine: Engine = FLUX) -> None:
        self.root = root
        self.engine = engine
        self.environment = {**os.environ, "NO_COLOR": "1"}
        if path is not None:
            self.environment["PATH"] = path

    @property
    def worktree(self) -> Path:
        return self.root / ".local" / "deploy"

    def berth(self, *arguments: str, ok: bool = True, seconds: float = 900) -> subprocess.CompletedProcess[str]:
        """Runs the berth command in the project."""
        command = [sys.executable, "-m", "berth", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=seconds
        )
        assert "Traceback" not in done.stderr, done.stderr
        if ok:
            assert done.returncode == 0, f"berth {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    def interrupt(self, *arguments: str, when: Callable[[], object]) -> subprocess.CompletedProcess[str]:
        """Runs the berth command, and presses Ctrl-C as soon as `when` has returned. What goes wrong leaves none
        running."""
        command = [sys.executable, "-m", "berth", *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=self.root, env=self.environment, stdout=pipe, stderr=pipe, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        ) as running:  # fmt: skip
            try:
                when()
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=2 * PATIENCE)
            except BaseException:
                running.kill()
                raise
        return subprocess.CompletedProcess(command, running.returncode, out, err)

    @contextmanager
    def removal_approved(self, *tenants: str) -> Iterator[None]:
        """The stack's file approves of the end of active tenants; after that it is as it was."""
        path = self.root / "Pulumi.local.yaml"
        text = path.read_text("utf-8")
        approve_removal(self.root, *tenants)
        try:
            yield
        finally:
            path.write_text(text, "utf-8")

    def build(self) -> None:
        """Builds the fleet's programs, showing how far it is: a cold build takes minutes."""
        build.build(ROOT / "local", engine=Kind(self.engine.name))

    def program(self, name: str) -> str:
        """Where one of the fleet's programs is."""
        binaries = build.built(ROOT / "local", Kind(self.engine.name))
        return binaries[name] if binaries else name

    def context(self, cluster: str) -> tuple[str, str]:
        """kubectl's flags for a cluster, as its admin."""
        return f"--kubeconfig={self.root}/.local/kubeconfig", f"--context={cluster}"

    def kubectl(
        self,
        cluster: str,
        *arguments: str,
        stdin: str | None = None,
        user: str | None = None,
        groups: Sequence[str] = (),
        ok: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Runs kubectl as the cluster's admin, or as somebody else by impersonation, which is how Flux acts too."""
        command = [self.program("kubectl"), *self.context(cluster)]
        if user:
            command += [f"--as={user}", *(f"--as-group={group}" for group in groups)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        done = subprocess.run(
            [*command, *arguments], input=stdin, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
        if ok:
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done

    def get(self, cluster: str, *arguments: str) -> Any:
        """An object or list as data; None where it does not exist."""
        done = self.kubectl(cluster, "get", *arguments, "--ignore-not-found", "--output=json")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def pids(self) -> dict[str, int | None]:
        """The fleet's processes by name; None where one does not run."""
        done = self.berth("local", "status", "--json", ok=False)
        return {row["process"]: row["pid"] for row in json.loads(done.stdout)}

    def kill(self, process: str) -> None:
        """Ends a process as a crash would."""
        pid = self.pids()[process]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.wait(f"{process} has ended", lambda: self.pids()[process] is None)

    def image_of(self, cluster: str, namespace: str, deployment: str) -> str:
        """The image of a Deployment's first container; empty where there is no such Deployment."""
        item = self.get(cluster, "deployment", deployment, "--namespace", namespace)
        return "" if item is None else str(item["spec"]["template"]["spec"]["containers"][0]["image"])

    def status(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Status rows by tenant and cluster; in this process, as waiting for a state asks many times."""
        project = with_fleet(Project.load(self.root), "local")
        return {(row.tenant, row.cluster): row.as_dict() for row in collect(project, "local")}

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.worktree, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.strip()

    def push(self, message: str) -> str:
        """Commits everything in the deploy repo's checkout and pushes it. Returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def revert(self) -> str:
        """Reverts the last commit and pushes that."""
        self.git("revert", "--no-edit", "HEAD")
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def wait(self, what: str, check: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Waits until `check` is true."""
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, f"after {seconds:.0f} s, still not so: {what}\n{self._told()}"
            time.sleep(0.5)

    def wait_in_sync(self, *, but: Sequence[str] = ()) -> None:
        """Waits until every tenant (of clusters and tenants not in `but`) is in sync at the expected commit."""

        def settled() -> bool:
            rows = [row for key, row in self.status().items() if not set(key) & set(but)]
            return bool(rows) and all(row["state"] == "in sync" for row in rows)

        self.wait("every tenant is in sync", settled)

    def _told(self) -> str:
        return self.berth("status", "--stack", "local", ok=False).stdout
