"""Rights of tenants' service accounts in the cluster's project: a Google service account each, which only they may
act as.

GKE knows a pod by the project, its namespace and its service account, not by its cluster: a pod of the same names in
another cluster of the project is the same to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects, serviceaccount

from berth import names
from berth.tenants import Tenant
from berth.tenants.identity import GcpIdentity
from berth.tenants.resolve import CloudAccount
from components.cluster import TenantIdentity


class GcpTenantIdentity(TenantIdentity):
    """The Google service accounts of one tenant in one cluster."""

    def __init__(self, name: str, issuer: WorkloadIdentity, tenant: Tenant, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:gcp:TenantIdentity", name, None, opts)
        self.client_ids = {}
        for account in tenant.grants:
            self._account(name, issuer, tenant, account)
        self.register_outputs({})

    def _account(self, name: str, issuer: WorkloadIdentity, tenant: Tenant, account: CloudAccount) -> None:
        child = pulumi.ResourceOptions(parent=self)
        pod = f"{account.namespace}/{account.service_account}"
        account_id = names.gcp_service_account(issuer.cluster, account.namespace, account.service_account)
        google = serviceaccount.Account(
            f"{name}-{account_id}",
            account_id=account_id,
            display_name=f"{tenant.name} in {issuer.cluster}",
            description=pod[:256],
            opts=child,
        )
        serviceaccount.IAMMember(
            f"{name}-{account_id}",
            service_account_id=google.name,
            role="roles/iam.workloadIdentityUser",
            member=f"serviceAccount:{issuer.workload_pool}[{pod}]",
            # The project has no such pool of identities before it has a first cluster.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[issuer.ready]),
        )
        if not isinstance(account.grant, GcpIdentity):
            raise TypeError(f"{pod}: rights of another cloud in a cluster of Google's")
        for role in account.grant.roles:
            projects.IAMMember(
                f"{name}-{account_id}-{role.replace('/', '-')}",
                project=issuer.project,
                role=role,
                member=google.member,
                opts=child,
            )


@dataclass(frozen=True)
class WorkloadIdentity:
    """Gives tenants of one cluster their rights. `ready` is what must be there before."""

    cluster: str
    project: str
    workload_pool: str
    provider: pulumi.ProviderResource
    ready: pulumi.Resource

    def create(self, name: str, tenant: Tenant, opts: pulumi.ResourceOptions) -> TenantIdentity:
        mine = pulumi.ResourceOptions(provider=self.provider)
        return GcpTenantIdentity(name, self, tenant, pulumi.ResourceOptions.merge(opts, mine))
