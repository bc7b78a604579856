"""A small valid project in a folder of its own, and the ways in which tests change, check and run it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from unittest.mock import patch

import psutil

from berth.cli import main
from berth.errors import InvalidInput, Problem
from berth.project import Project
from berth.render import Object, render
from berth.settings import Cluster
from berth.tenants import Tenant

STACK = """\
config:
  berth:environment: dev
  berth:securityProfile: dev
  berth:deployRepo: {url: https://git.example.com/deploy.git}
  berth:clusters:
    - name: aws-dev
      provider: eks
      account: "111122223333"
      region: eu-west-1
      kubernetesVersion: "1.35"
      network: {cidr: 10.10.0.0/16}
      admins: ["arn:aws:iam::111122223333:role/platform"]
      nodePools: [{name: general, instanceType: m7i.large}]
      labels: {tier: standard}
    - name: gcp-dev
      provider: existing
      cloud: gcp
      region: local
      kubeconfig: .local/kubeconfig
      context: gcp-dev
"""
PROFILE = """\
description: For tests.
quota: {pods: "10", requests.cpu: "2", limits.memory: 4Gi}
limits:
  default: {cpu: 500m, memory: 512Mi}
  defaultRequest: {cpu: 100m, memory: 128Mi}
ceiling:
  quota: {pods: "20", limits.memory: 8Gi}
  limits: {memory: 2Gi}
"""
TENANT = """\
name: acme
owners: {team: payments, contact: pay@example.com}
profile: standard
"""
PLACEMENTS = """\
placements:
  - environments: [dev]
    clouds: [aws]
"""


@dataclass(frozen=True)
class Outcome:
    """How a run of the `berth` command ended."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Sandbox:
    """A project's folder."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Sandbox:
        sandbox = cls(root)
        sandbox.write("Pulumi.yaml", "name: test\n")
        sandbox.write("Pulumi.dev.yaml", STACK)
        sandbox.write("tenants/profiles/standard.yaml", PROFILE)
        sandbox.write("tenants/acme.yaml", TENANT + PLACEMENTS)
        return sandbox

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces text that occurs once."""
        text = (self.root / name).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def stack(self, old: str, new: str) -> None:
        self.edit("Pulumi.dev.yaml", old, new)

    def setting(self, *lines: str) -> None:
        """Adds lines to the settings of the stack."""
        self.stack("config:\n", "\n  ".join(["config:", *lines]) + "\n")

    def tenant(self, more: str = "", *, name: str = "acme", placements: str = PLACEMENTS) -> Path:
        """Writes a tenant file: the least that is valid, and `more`."""
        text = TENANT.replace("acme", name) + dedent(placements) + dedent(more)
        return self.write(f"tenants/{name}.yaml", text)

    def load(self) -> Project:
        return Project.load(self.root)

    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong; fails where nothing is."""
        try:
            self.load()
        except InvalidInput as error:
            return error.problems
        raise AssertionError("the project is valid")

    def problem(self) -> Problem:
        """The one thing that is wrong."""
        found = self.problems()
        assert len(found) == 1, "\n".join(map(str, found))
        return found[0]

    def cluster(self, name: str = "aws-dev") -> Cluster:
        return next(cluster for cluster in self.load().clusters() if cluster.name == name)

    def placed(self, name: str = "acme", cluster: str = "aws-dev") -> Tenant:
        """The tenant as it is to be in a cluster."""
        project = self.load()
        tenant = project.place(project.tenants[name], self.cluster(cluster))
        assert tenant is not None, f"{name} is not placed in {cluster}"
        return tenant

    def objects(self, name: str = "acme", cluster: str = "aws-dev") -> list[Object]:
        return render(self.cluster(cluster), self.placed(name, cluster))

    def run(self, *arguments: str) -> Outcome:
        """The `berth` command in this process."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["berth", "--project", str(self.root), *arguments]
        with (
            patch.object(sys, "argv", argv),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        assert isinstance(code, int)
        return Outcome(code, out.getvalue(), err.getvalue())

    def berth(self, *arguments: str, **environment: str) -> Outcome:
        """The `berth` command as a process of its own."""
        ended = subprocess.run(
            [*BERTH, "--project", str(self.root), *arguments],
            capture_output=True,
            timeout=300,
            env={**os.environ, **environment},
        )
        return Outcome(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


BERTH = (sys.executable, "-m", "berth")


def until(what: str, check: Callable[[], object], seconds: float = 60) -> None:
    """Waits until `check` is true: for ever is a failure, slow is not."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"after {seconds:.0f} s, still not so: {what}"
        time.sleep(0.05)


def running(word: str) -> list[psutil.Process]:
    """The processes with a word in their command line; of one that has ended, none is known."""
    return [
        each for each in psutil.process_iter(["cmdline"]) if any(word in part for part in each.info["cmdline"] or ())
    ]


def pick(objects: list[Object], kind: str, name: str | None = None, namespace: str | None = None) -> list[Object]:
    """The objects of a kind, and of a name and a namespace where they are given."""
    return [
        item
        for item in objects
        if item["kind"] == kind
        and name in (None, item["metadata"]["name"])
        and namespace in (None, item["metadata"].get("namespace"))
    ]


def one(objects: list[Object], kind: str, name: str | None = None, namespace: str | None = None) -> Object:
    """The only object of a kind."""
    found = pick(objects, kind, name, namespace)
    assert len(found) == 1, f"{len(found)} {kind}"
    return found[0]
