"""The Azure provider of one cluster: its subscription and Entra tenant, whatever the environment is logged in to."""

from __future__ import annotations

import pulumi
import pulumi_azure_native as azure_native

from berth.settings import AksSettings


def azure_provider(name: str, settings: AksSettings, parent: pulumi.Resource) -> azure_native.Provider:
    """Credentials come from the environment: `az login`, or a federated identity in CI."""
    return azure_native.Provider(
        name,
        subscription_id=settings.subscription,
        tenant_id=settings.entra_tenant,
        location=settings.region,
        opts=pulumi.ResourceOptions(parent=parent),
    )
