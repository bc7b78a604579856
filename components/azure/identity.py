"""Rights of a tenant's service accounts in Azure: a managed identity each, which trusts that one account's tokens."""

from __future__ import annotations

import pulumi
import pulumi_azure_native as azure_native
import pulumi_azure_native.managedidentity as managedidentity

from berth.names import shortened
from berth.tenants import Tenant
from berth.tenants.identity import AzureIdentity, azure_role_id
from berth.tenants.resolve import CloudAccount
from components.azure.place import Place
from components.azure.roles import Role, assign, subscription_of
from components.cluster import TenantIdentity

_AUDIENCE = "api://AzureADTokenExchange"
_LONGEST = 128
"""Characters of an identity's name."""


class AksIdentityIssuer:
    """Makes the identities of tenants in one cluster. `issuer` is the URL that the cluster's tokens name."""

    def __init__(self, provider: azure_native.Provider, place: Place, issuer: pulumi.Output[str]) -> None:
        self._provider = provider
        self._place = place
        self._issuer = issuer

    def create(self, name: str, tenant: Tenant, opts: pulumi.ResourceOptions) -> TenantIdentity:
        with_provider = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[self._provider]))
        return AksTenantIdentity(name, AksTenantIdentityArgs(self._place, self._issuer, tenant.grants), with_provider)


class AksTenantIdentityArgs:
    """`grants` of one tenant in one cluster."""

    def __init__(self, place: Place, issuer: pulumi.Input[str], grants: tuple[CloudAccount, ...]) -> None:
        self.place = place
        self.issuer = issuer
        self.grants = grants


class AksTenantIdentity(TenantIdentity):
    """For each service account: an identity, its trust in the account, and its roles."""

    def __init__(self, name: str, args: AksTenantIdentityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:azure:TenantIdentity", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self.client_ids = {
            (account.namespace, account.service_account): self._account(name, account) for account in args.grants
        }
        self.register_outputs({})

    def _account(self, tenant: str, account: CloudAccount) -> pulumi.Output[str]:
        name = f"{tenant}/{account.namespace}/{account.service_account}"
        place = self._args.place
        identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=identity_name(account),
            resource_group_name=place.group,
            location=place.region,
            tags=place.tags,
            opts=self._child,
        )
        managedidentity.FederatedIdentityCredential(
            name,
            resource_group_name=place.group,
            resource_name_=identity.name,
            federated_identity_credential_resource_name="service-account",
            issuer=self._args.issuer,
            subject=f"system:serviceaccount:{account.namespace}:{account.service_account}",
            audiences=[_AUDIENCE],
            opts=self._child,
        )
        grant = account.grant
        if not isinstance(grant, AzureIdentity):
            raise TypeError(f"{name}: a grant for another cloud")
        subscription = subscription_of(grant.scope)
        for role in grant.roles:
            role_id = azure_role_id(role)
            assign(f"{name}/{role_id}", Role(subscription, role_id), identity.principal_id, grant.scope, self._child)
        return identity.client_id


def identity_name(account: CloudAccount) -> str:
    """Unique in the cluster's resource group: names in Kubernetes have no "_", so a-b_c is not a_b-c."""
    return shortened(_LONGEST, f"{account.namespace}_{account.service_account.replace('.', '_')}")
