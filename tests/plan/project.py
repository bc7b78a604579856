"""A project in a Git repo of its own, with a base commit, for plans of what a test changes in it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from berth.plan.make import make_plan
from berth.plan.model import Plan
from tests.support import Sandbox

ROOT = Path(__file__).parents[2]
DEV = """\
config:
  berth:environment: dev
  berth:securityProfile: dev
  berth:gitops: {engine: flux, version: "2.7.5", install: chart}
  berth:deployRepo: {url: https://git.example.com/deploy.git}
  berth:clusters:
    - name: aws-dev
      provider: eks
      account: "111122223333"
      region: eu-west-1
      kubernetesVersion: "1.34"
      network: {cidr: 10.10.0.0/16, zones: 2}
      admins: ["arn:aws:iam::111122223333:role/platform"]
      nodePools: [{name: general, instanceType: m7i.large, min: 2, max: 6}]
    - name: gcp-dev
      provider: existing
      cloud: gcp
      region: local
      kubeconfig: kubeconfig
      context: gcp-dev
      gitops: {install: none}
"""
PROD = """\
config:
  berth:environment: prod
  berth:gitops: {engine: flux, version: "2.7.5", install: none}
  berth:deployRepo: {url: https://git.example.com/deploy.git}
  berth:clusters:
    - {name: aws-prod, provider: existing, cloud: aws, region: local, kubeconfig: kubeconfig, context: aws-prod}
    - {name: gcp-prod, provider: existing, cloud: gcp, region: local, kubeconfig: kubeconfig, context: gcp-prod}
"""
ACME = """\
name: acme
owners: {team: payments, contact: pay@example.com, groups: [payments-devs]}
profile: standard
placements:
  - environments: [dev]
    clouds: [aws, gcp]
  - environments: [prod]
    clusters: [aws-prod]
    ref: {tag: v1.4.2}
quota: {pods: "12"}
"""
GLOBEX = """\
name: globex
owners: {team: search, contact: search@example.com}
profile: standard
placements:
  - environments: [dev]
    clouds: [gcp]
"""


@dataclass(frozen=True)
class Repo(Sandbox):
    """The sandbox, as a Git repo."""

    @classmethod
    def start(cls, root: Path) -> Repo:
        """The project, committed on the branch main."""
        repo = cls(root)
        for name in ("__main__.py", "Pulumi.yaml"):
            repo.write(name, (ROOT / name).read_bytes())
        repo.write("Pulumi.dev.yaml", DEV)
        repo.write("Pulumi.prod.yaml", PROD)
        profile = Sandbox.create(root / "sample").root / "tenants" / "profiles" / "standard.yaml"
        repo.write("tenants/profiles/standard.yaml", profile.read_bytes())
        shutil.rmtree(root / "sample")
        repo.write("tenants/acme.yaml", ACME)
        repo.write("tenants/globex.yaml", GLOBEX)
        repo.git("init", "--quiet", "--initial-branch=main")
        repo.commit()
        return repo

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Berth", "-c", "user.email=berth@localhost", "-c", "commit.gpgsign=false")
        ended = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return ended.stdout.strip()

    def commit(self) -> str:
        """Commits all there is. Returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def plan(self, *stacks: str, base: str | None = "main") -> Plan:
        return make_plan(self.root, stacks, base)
