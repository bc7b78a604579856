"""Rights in AWS for tenants' service accounts, by EKS Pod Identity: it needs no credential and no annotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.tenants import Tenant
from berth.tenants.identity import AwsIdentity
from components.aws import policies
from components.aws.place import Place
from components.aws.roles import Role, RoleArgs
from components.cluster import TenantIdentity


@dataclass(frozen=True)
class PodIdentities:
    """Makes the roles of tenants in one cluster: a `components.cluster.IdentityIssuer`."""

    place: Place
    cluster_name: pulumi.Output[str]
    boundary: str | None
    provider: aws.Provider

    def create(self, name: str, tenant: Tenant, opts: pulumi.ResourceOptions) -> TenantIdentity:
        mine = pulumi.ResourceOptions(providers=[self.provider])
        return AwsTenantIdentity(name, self, tenant, pulumi.ResourceOptions.merge(opts, mine))


class AwsTenantIdentity(TenantIdentity):
    """A role for each of a tenant's service accounts with rights, which no other pod can have."""

    def __init__(self, name: str, issuer: PodIdentities, tenant: Tenant, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:TenantIdentity", name, None, opts)
        self.client_ids: Mapping[tuple[str, str], pulumi.Output[str]] = {}
        child = pulumi.ResourceOptions(parent=self)
        for account in tenant.grants:
            if not isinstance(account.grant, AwsIdentity):
                continue  # the grants of a tenant in this cluster are all AWS's own
            own = f"{name}/{account.namespace}/{account.service_account}"
            role = Role(
                own,
                RoleArgs(
                    (issuer.place.cluster, account.namespace, account.service_account),
                    policies.pod_trust(issuer.place, account.namespace, account.service_account),
                    account.grant.policy_arns,
                    boundary=issuer.boundary,
                    tags={"berth-tenant": tenant.name},
                ),
                child,
            )
            aws.eks.PodIdentityAssociation(
                own,
                cluster_name=issuer.cluster_name,
                namespace=account.namespace,
                service_account=account.service_account,
                role_arn=role.arn,
                # Pods that start get all rights of the role, or wait.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
            )
        self.register_outputs({})
