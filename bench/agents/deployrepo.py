"""What the tenants have in their deploy repo: a ConfigMap and a Deployment each, the same whatever drives the agent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SETTINGS = "settings"
"""The ConfigMap that a push changes."""

_WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: web
          image: registry.example.com/web:1
          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 100m, memory: 64Mi}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
_SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{value: "{value}"}}
"""


def write_tenant(repo: Path, tenant: str, clouds: Iterable[str]) -> None:
    """The tenant's directory: a base, and an overlay for each cloud."""
    base = repo / "apps" / tenant / "base"
    base.mkdir(parents=True)
    (base / "kustomization.yaml").write_text("resources: [settings.yaml, web.yaml]\n", "utf-8")
    (base / "web.yaml").write_text(_WORKLOAD, "utf-8")
    set_value(repo, tenant, "start")
    for cloud in clouds:
        overlay = repo / path_of(tenant, cloud)
        overlay.mkdir(parents=True)
        (overlay / "kustomization.yaml").write_text("resources: [../../base]\n", "utf-8")


def path_of(tenant: str, cloud: str) -> str:
    """What a cluster applies of a tenant's directory: the stack's default path."""
    return f"apps/{tenant}/local/{cloud}"


def set_value(repo: Path, tenant: str, value: str) -> None:
    """Changes the tenant's ConfigMap."""
    path = repo / "apps" / tenant / "base" / "settings.yaml"
    path.write_text(_SETTINGS.format(name=SETTINGS, value=value), "utf-8")
