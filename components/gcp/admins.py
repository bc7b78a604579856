"""Who administers a cluster: may reach its API server in Google Cloud, and may do everything inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_gcp import projects

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class AdminsArgs:
    """`principals` are groups, users and service accounts as IAM writes them: group:platform@example.com."""

    cluster: str
    project: str
    region: str
    principals: Sequence[str]


class Admins(pulumi.ComponentResource):
    """The rights of a cluster's admins. Rights inside are given there, so that they hold for this cluster only."""

    def __init__(
        self, name: str, args: AdminsArgs, provider: kubernetes.Provider, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("berth:gcp:Admins", name, None, opts)
        for principal in args.principals:
            projects.IAMMember(
                f"{name}-{principal}",
                project=args.project,
                role="roles/container.clusterViewer",
                member=principal,
                condition=_this_cluster(args),
                opts=pulumi.ResourceOptions(parent=self),
            )
        kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name="berth-admins"),
            role_ref=kubernetes.rbac.v1.RoleRefArgs(api_group=_RBAC, kind="ClusterRole", name="cluster-admin"),
            subjects=[_subject(principal) for principal in args.principals],
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )
        self.register_outputs({})


def _this_cluster(args: AdminsArgs) -> projects.IAMMemberConditionArgs:
    """Makes the binding this cluster's own: the one that another cluster of the project has for the same principal
    stays when this one goes."""
    path = f"/locations/{args.region}/clusters/{args.cluster}"
    return projects.IAMMemberConditionArgs(
        title=f"berth-{args.cluster}",
        description=f"Only the cluster {args.cluster} in {args.region}",
        expression=f'resource.type != "container.googleapis.com/Cluster" || resource.name.endsWith("{path}")',
    )


def _subject(principal: str) -> kubernetes.rbac.v1.SubjectArgs:
    """GKE knows service accounts, too, as users by their address."""
    kind, _, address = principal.partition(":")
    return kubernetes.rbac.v1.SubjectArgs(api_group=_RBAC, kind="Group" if kind == "group" else "User", name=address)
