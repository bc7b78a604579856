"""Role assignments, and the ids of the built-in roles that a cluster needs.

Ids are those of "Azure built-in roles". What tenants may have is in `berth.tenants.identity`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

import pulumi
import pulumi_azure_native.authorization as authorization

NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
KEY_VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
KEY_VAULT_CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CLUSTER_USER = "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"
"""May fetch the cluster's kubeconfig, which holds no credential. What it opens is for Kubernetes to say."""

_NAMES = UUID("6f0d2a34-7b58-4f0e-9d0c-2b1f1c3f5a7e")
"""The space of Berth's names for role assignments. Changing it replaces every one."""


def subscription_of(scope: str) -> str:
    """The subscription of a resource, a resource group or a subscription, by its id."""
    return scope.split("/")[2]


@dataclass(frozen=True)
class Role:
    """A role definition, by the id of a subscription that it holds in and its own."""

    subscription: str
    id: str

    @property
    def resource_id(self) -> str:
        return f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.id}"


def assign(
    name: str,
    role: Role,
    principal_id: pulumi.Input[str],
    scope: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    principal_type: authorization.PrincipalType = authorization.PrincipalType.SERVICE_PRINCIPAL,
) -> authorization.RoleAssignment:
    """Gives a principal a role at a scope. `name` is unique in the stack, and so is the assignment's."""
    return authorization.RoleAssignment(
        name,
        role_assignment_name=str(uuid5(_NAMES, f"{role.subscription}/{name}")),
        role_definition_id=role.resource_id,
        principal_id=principal_id,
        # Named, so that a principal which was made a moment ago is not looked up where it is not replicated to yet.
        principal_type=principal_type,
        scope=scope,
        opts=pulumi.ResourceOptions.merge(
            opts,
            # Its name is fixed: a second one of the same name can stand only when the first is gone.
            pulumi.ResourceOptions(delete_before_replace=True),
        ),
    )
