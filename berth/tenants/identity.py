"""Which of a tenant's service accounts have rights in a cluster's cloud, and what those rights may be."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from berth.errors import did_you_mean
from berth.model import Model, TextLike, unique, wrong
from berth.settings.aws import PolicyArn
from berth.tenants.refused_roles import no_admin_policy, no_admin_role, no_azure_admin_role

AZURE_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "App Configuration Data Reader": "516239f1-63e1-4d78-a4de-a74fb236a071",
    "Azure Event Hubs Data Receiver": "a638d3c7-ab3a-418d-83e6-5f17a39d4fde",
    "Azure Event Hubs Data Sender": "2b629674-e913-4c01-ae53-ef4638d8f975",
    "Azure Service Bus Data Receiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "Azure Service Bus Data Sender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Processor": "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Queue Data Reader": "19e7f393-937e-4f77-808e-94535e297925",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Storage Table Data Reader": "76199698-9eea-4c19-bc75-cec21354c6b6",
}
"""Built-in roles that a tenant may have, with their ids, from "Azure built-in roles". Others are given by their id."""


def _azure_role(role: str) -> str:
    if role in AZURE_ROLES or re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", role):
        return role
    near = did_you_mean(role, list(AZURE_ROLES))
    raise wrong(
        "the name of a role that Berth knows, or the id of a role definition",
        near or f"names are: {', '.join(AZURE_ROLES)}",
    )


GcpRole = Annotated[
    str,
    TextLike(
        r"(?:roles|(?:projects|organizations)/[a-z0-9:.-]+/roles)/[A-Za-z0-9_.]+",
        "a role such as roles/storage.objectViewer",
        longest=200,
    ),
    AfterValidator(no_admin_role),
]
AzureRole = Annotated[str, AfterValidator(no_azure_admin_role), AfterValidator(_azure_role)]
Scope = Annotated[
    str,
    TextLike(
        r"/subscriptions/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/[\w.()/-]+)?",
        "a subscription, resource group or resource: /subscriptions/...",
        longest=1000,
    ),
]


class AwsIdentity(Model):
    """Rights in the cluster's AWS account."""

    policy_arns: Annotated[
        list[Annotated[PolicyArn, AfterValidator(no_admin_policy)]],
        AfterValidator(unique),
        Field(min_length=1, max_length=10),
    ]
    """Policies to attach to the service account's role."""


class GcpIdentity(Model):
    """Rights in the cluster's Google Cloud project."""

    roles: Annotated[list[GcpRole], AfterValidator(unique), Field(min_length=1)]


class AzureIdentity(Model):
    """Rights in Azure."""

    roles: Annotated[list[AzureRole], AfterValidator(unique), Field(min_length=1)]
    """Built-in roles by name, or role definitions by id."""
    scope: Scope
    """Where the roles hold."""


Grant = AwsIdentity | GcpIdentity | AzureIdentity


def azure_role_id(role: str) -> str:
    """The id of a role definition that a tenant file names."""
    return AZURE_ROLES.get(role, role)
