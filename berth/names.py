"""Every name, label and reserved word that Berth puts into a cluster. One home: nothing else spells them out.

Changing a value here renames objects in running clusters.
"""

from __future__ import annotations

import hashlib

DOMAIN = "berth.dev"
"""Prefix of Berth's own labels and annotations."""

TENANT_LABEL = f"{DOMAIN}/tenant"
ROLE_LABEL = f"{DOMAIN}/namespace-role"
"""`workloads` on a namespace that the tenant's workloads run in, `sync` on the one that holds its sync objects."""
SOURCE_LABEL = f"{DOMAIN}/source"
"""`shared` on the sync namespace of a tenant that pulls from the stack's deploy repo: who puts that repo's credential
into clusters selects by it. Not there where the tenant has a repo of its own."""
GUARD_RAIL_LABEL = f"{DOMAIN}/guard-rail"
MANAGED_BY = {"app.kubernetes.io/managed-by": "berth"}

OWNER_TEAM_ANNOTATION = f"{DOMAIN}/team"
OWNER_CONTACT_ANNOTATION = f"{DOMAIN}/contact"
EXCEPTION_ANNOTATION = f"{DOMAIN}/pod-security-exception"
REGISTRIES_ANNOTATION = f"{DOMAIN}/allowed-registries"
HOSTS_ANNOTATION = f"{DOMAIN}/allowed-hosts"
PRIORITIES_ANNOTATION = f"{DOMAIN}/allowed-priority-classes"
SOURCES_ANNOTATION = f"{DOMAIN}/allowed-sources"
NAMESPACES_ANNOTATION = f"{DOMAIN}/namespaces"
DELETION_ANNOTATION = f"{DOMAIN}/deletion-policy"
"""`delete` on a namespace that may go with the volume claims in it; none says the same as `keep`."""

VOLUMES_POLICY = "berth-volumes"
"""Admission policy and binding that keep a namespace with volume claims in it, unless its annotation says `delete`."""
LIFECYCLE_ANNOTATION = f"{DOMAIN}/lifecycle"
"""How the tenant was when it was last deployed: on a namespace, so that it is known when its file has gone."""

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


def shortened(longest: int, *parts: str) -> str:
    """The parts joined by "-"; where that is longer than `longest`, the end gives way to a digest of the whole, so
    that two names that begin alike stay apart."""
    whole = "-".join(parts)
    if len(whole) <= longest:
        return whole
    return f"{whole[: longest - 9].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def gcp_service_account(cluster: str, namespace: str, account: str) -> str:
    """Account id of the Google service account of a tenant's service account: 6 to 30 characters, unique in a project
    that holds several clusters. Always with a digest: parts that hold dashes must not run into each other."""
    digest = hashlib.sha256(f"{cluster}/{namespace}/{account}".encode()).hexdigest()[:8]
    return f"{namespace[:21].rstrip('-')}-{digest}"


ARGOCD_NAMESPACE = "argocd"
"""Where Argo CD runs, and where its projects and applications have to be."""
FLUX_NAMESPACE = "flux-system"
"""Where Flux runs."""
REPOSITORY_SECRET = "berth-deploy-repo"  # noqa: S105 - the name of the Secret, not a secret
"""The Secret that Berth makes for Argo CD with the deploy repo's credential, beside it."""
NOTIFICATIONS_SECRET = "argocd-notifications-secret"  # noqa: S105 - as above
"""What Argo CD reads all tenants' addresses and tokens from. Berth makes none."""
SHARD_LABEL = "sharding.fluxcd.io/key"
"""On a sync object of Flux: which instance of a controller it is for."""

ROOT = "berth-root"
"""Name of all that pulls tenants' objects from Git, in the agent's namespace. No tenant can have it: its namespaces
would be reserved ones."""
PUBLISHED = "berth-published"
"""ConfigMap in the agent's namespace that says what was published. It is there when no tenant is: a folder of manifests
is never empty on purpose."""


def sync_viewers(tenant: str) -> str:
    """Role and binding in Argo CD's namespace that let a tenant's owners see their own sync objects."""
    return f"berth-{tenant}-sync-viewer"
