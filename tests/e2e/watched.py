"""What a cluster holds, to see what an attempt has changed."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import yaml

from berth.local.paths import FleetPaths
from tests.e2e.harness import ARGOCD, FLUX, Engine, TestFleet

_KINDS = {
    "api/v1": (
        "configmaps", "endpoints", "limitranges", "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods",
        "replicationcontrollers", "resourcequotas", "secrets", "serviceaccounts", "services",
    ),
    "apis/admissionregistration.k8s.io/v1": (
        "validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations",
    ),
    "apis/apiregistration.k8s.io/v1": ("apiservices",),
    "apis/apps/v1": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "apis/autoscaling/v2": ("horizontalpodautoscalers",),
    "apis/batch/v1": ("cronjobs", "jobs"),
    "apis/certificates.k8s.io/v1": ("certificatesigningrequests",),
    "apis/networking.k8s.io/v1": ("ingresses", "networkpolicies"),
    "apis/policy/v1": ("poddisruptionbudgets",),
    "apis/rbac.authorization.k8s.io/v1": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "apis/scheduling.k8s.io/v1": ("priorityclasses",),
}  # fmt: skip
_SYNC_KINDS: dict[Engine, dict[str, tuple[str, ...]]] = {
    FLUX: {
        "apis/kustomize.toolkit.fluxcd.io/v1": ("kustomizations",),
        "apis/source.toolkit.fluxcd.io/v1": (
            "buckets", "gitrepositories", "helmcharts", "helmrepositories", "ocirepositories",
        ),
    },
    ARGOCD: {"apis/argoproj.io/v1alpha1": ("applications", "applicationsets", "appprojects")},
}  # fmt: skip

State = dict[str, Any]
"""What was asked for, by object: the status is left out, and what controllers make of other objects."""


class Watched:
    """One cluster, and what it holds, as its admin sees it."""

    def __init__(self, fleet: TestFleet, cluster: str) -> None:
        paths = FleetPaths.of(fleet.root)
        config = yaml.safe_load(paths.kubeconfig.read_text())
        server = next(item["cluster"]["server"] for item in config["clusters"] if item["name"] == cluster)
        certificates = paths.cluster(cluster) / "certificates"
        context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
        context.load_cert_chain(certificates / "admin.crt", certificates / "admin.key")
        self._kinds = _KINDS | _SYNC_KINDS[fleet.engine]
        self._client = httpx.Client(base_url=server, verify=context, timeout=30, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def state(self) -> State:
        found: State = {}
        for group, kinds in self._kinds.items():
            for kind in kinds:
                answer = self._client.get(f"/{group}/{kind}")
                answer.raise_for_status()
                for item in answer.json()["items"]:
                    about = item.pop("metadata")
                    if about.get("ownerReferences"):
                        continue
                    # What an agent is at, and has done.
                    item.pop("status", None)
                    item.pop("operation", None)
                    kept = {key: about.get(key) for key in ("uid", "labels", "annotations", "deletionTimestamp")}
                    found[f"{kind}/{about.get('namespace', '')}/{about['name']}"] = {**item, **kept}
        return found


def changes(before: State, after: State) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
