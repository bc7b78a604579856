"""The AWS provider of one cluster: nothing of the cluster is reached by another."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from berth.settings import EksSettings


def create_provider(name: str, settings: EksSettings, tags: dict[str, str], parent: pulumi.Resource) -> aws.Provider:
    assume = aws.ProviderAssumeRoleArgs(role_arn=settings.assume_role, session_name="berth")
    return aws.Provider(
        name,
        region=settings.region,
        # Credentials for another account fail before anything is made in it.
        allowed_account_ids=[settings.account],
        assume_roles=[assume] if settings.assume_role else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )
