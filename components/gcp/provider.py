"""The one Google provider of a cluster: its project and region, and whom to act as."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp

from berth.settings import GkeSettings


def google_provider(
    name: str, settings: GkeSettings, labels: Mapping[str, str], parent: pulumi.Resource
) -> gcp.Provider:
    """Nothing of a cluster is made by another provider: two clusters may be in projects of two owners."""
    return gcp.Provider(
        name,
        project=settings.project,
        region=settings.region,
        impersonate_service_account=settings.impersonate,
        default_labels=labels,
        opts=pulumi.ResourceOptions(parent=parent),
    )
