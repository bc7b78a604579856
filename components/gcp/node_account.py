"""Whom nodes act as: a service account of their own, with what a node needs and nothing else.

What pods may do in Google Cloud is not its concern: each has an identity of its own, see `components.gcp.identity`.
"""

from __future__ import annotations

import pulumi
from pulumi_gcp import projects, serviceaccount

from berth.names import shortened

ROLES = ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader")
"""To write logs and metrics, and to pull images of the project."""


class NodeAccount(pulumi.ComponentResource):
    """The service account of the nodes of one cluster."""

    email: pulumi.Output[str]

    def __init__(self, name: str, cluster: str, project: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:gcp:NodeAccount", name, None, opts)
        account = serviceaccount.Account(
            name,
            account_id=shortened(30, cluster, "nodes"),
            display_name=f"Nodes of {cluster}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        for role in ROLES:
            projects.IAMMember(
                f"{name}-{role.removeprefix('roles/')}",
                project=project,
                role=role,
                member=account.member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.email = account.email
        self.register_outputs({"email": self.email})
