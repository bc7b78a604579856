"""Every name, label and reserved word that Berth puts into a cluster. One home: nothing else spells them out.

Changing a value here renames objects in running clusters.
"""

from __future__ import annotations

DOMAIN = "berth.dev"
"""Prefix of Berth's own labels and annotations."""

TENANT_LABEL = f"{DOMAIN}/tenant"
ROLE_LABEL = f"{DOMAIN}/namespace-role"
"""`workloads` on a namespace that the tenant's workloads run in, `sync` on the one that holds its sync objects."""
GUARD_RAIL_LABEL = f"{DOMAIN}/guard-rail"
MANAGED_BY = {"app.kubernetes.io/managed-by": "berth"}

OWNER_TEAM_ANNOTATION = f"{DOMAIN}/team"
OWNER_CONTACT_ANNOTATION = f"{DOMAIN}/contact"
EXCEPTION_ANNOTATION = f"{DOMAIN}/pod-security-exception"
REGISTRIES_ANNOTATION = f"{DOMAIN}/allowed-registries"
HOSTS_ANNOTATION = f"{DOMAIN}/allowed-hosts"
SOURCES_ANNOTATION = f"{DOMAIN}/allowed-sources"
NAMESPACES_ANNOTATION = f"{DOMAIN}/namespaces"

OBJECT = "berth"
"""Name of the one ResourceQuota, LimitRange and NetworkPolicy in a tenant's namespace."""
RECONCILER = "reconciler"
"""The ServiceAccount that the agent impersonates, in the tenant's sync namespace."""
RECONCILER_BINDING = "berth-reconciler"
OWNERS_BINDING = "berth-owners"

RECONCILER_ROLE = "berth-tenant-reconciler"
OWNER_ROLE = "berth-tenant-owner"
SYNC_VIEWER_ROLE = "berth-tenant-sync-viewer"

POD_SECURITY_VERSION = "v1.34"
"""Pinned, and the same in every cloud: an upgraded control plane must not change what a tenant may run unseen."""

RESERVED_NAMESPACES = frozenset(
    {
        "default", "argocd", "flux-system", "gatekeeper-system", "cert-manager", "ingress-nginx", "istio-system",
        "monitoring", "calico-system", "tigera-operator", "amazon-cloudwatch", "amazon-guardduty", "app-routing-system",
        "composer-system", "local-path-storage",
    }
)  # fmt: skip
RESERVED_PREFIXES = ("kube-", "berth-", "gke-", "gmp-", "aks-", "azure-", "eks-", "aws-", "flux-", "argocd-")
"""Namespaces of Kubernetes, the clouds, the agents and Berth itself begin with these."""

RESERVED_LABEL_DOMAINS = ("kubernetes.io", "k8s.io", "fluxcd.io", "argoproj.io", DOMAIN, "istio.io")
"""Labels under these domains steer the platform: a tenant file does not set them."""


def sync_namespace(tenant: str) -> str:
    """The namespace of a tenant's sync objects and Git credential. The tenant may look at the sync objects, no more."""
    return f"berth-{tenant}"


def is_reserved(namespace: str) -> bool:
    return namespace in RESERVED_NAMESPACES or namespace.startswith(RESERVED_PREFIXES)
