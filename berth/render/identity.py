"""What a service account with rights in a cloud carries, and where its pods get their credentials.

Each cloud has its own way: EKS Pod Identity knows the account by itself, GKE Workload Identity reads the Google service
account from an annotation, AKS reads the client id of the managed identity. None holds a credential in the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from berth import names
from berth.settings import Cloud, Cluster, GkeSettings
from berth.tenants import Tenant

ClientIds = Mapping[tuple[str, str], Any]
"""Client ids of managed identities by namespace and service account. A text, or what becomes one: the Pulumi program
hands over outputs, which nothing here looks into."""

UNKNOWN_CLIENT_ID = "known-after-pulumi-up"
"""What stands where Azure has not yet said a client id."""

_SOURCES = {
    Cloud.AWS: (("169.254.170.23/32", 80), ("fd00:ec2::23/128", 80)),
    Cloud.GCP: (("169.254.169.252/32", 988), ("169.254.169.254/32", 80)),
    Cloud.AZURE: (),
}
"""Where pods ask for credentials: EKS's Pod Identity agent; GKE's metadata server, as Dataplane V2 and other data
planes show it, which on nodes in mode GKE_METADATA hands out the pod's own identity only. AKS projects a token into the
pod, which is exchanged at a public address."""


def account_annotations(
    cluster: Cluster, tenant: Tenant, client_ids: ClientIds
) -> dict[tuple[str, str], dict[str, Any]]:
    """The annotations of the service accounts that have rights in the cluster's cloud, by namespace and name."""
    return {
        (account.namespace, account.service_account): _annotations(
            cluster, account.namespace, account.service_account, client_ids
        )
        for account in tenant.grants
    }


def _annotations(cluster: Cluster, namespace: str, account: str, client_ids: ClientIds) -> dict[str, Any]:
    if isinstance(cluster.settings, GkeSettings):
        name = names.gcp_service_account(cluster.name, namespace, account)
        return {"iam.gke.io/gcp-service-account": f"{name}@{cluster.settings.project}.iam.gserviceaccount.com"}
    if cluster.cloud is Cloud.AZURE:
        return {"azure.workload.identity/client-id": client_ids.get((namespace, account), UNKNOWN_CLIENT_ID)}
    return {}


def credential_sources(cluster: Cluster, tenant: Tenant) -> list[tuple[str, int]]:
    """Addresses and ports that the tenant's pods need, to get credentials: none for a tenant without rights there."""
    return list(_SOURCES[cluster.cloud]) if tenant.grants else []
