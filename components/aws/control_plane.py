"""The EKS cluster itself, its logs, and who is let in."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.settings import EksSettings
from components.aws import policies
from components.aws.network import Attachment
from components.aws.place import Place
from components.aws.roles import Role, RoleArgs

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that EKS has."""


@dataclass(frozen=True)
class ControlPlaneArgs:
    place: Place
    settings: EksSettings
    attachment: Attachment
    key_arn: pulumi.Input[str]
    protected: bool


class ControlPlane(pulumi.ComponentResource):
    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:ControlPlane", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=args.place.control_plane_log_group,
            retention_in_days=args.settings.log_retention_days,
            kms_key_id=args.key_arn,
            # The audit log cannot be had again.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                (args.place.cluster, "control-plane"),
                policies.service_trust("eks.amazonaws.com"),
                [args.place.aws_policy("AmazonEKSClusterPolicy")],
            ),
            self._child,
        )
        cluster = self._cluster(name, args, role, logs)
        self.cluster_name, self.endpoint = cluster.name, cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data
        for principal in args.settings.administrators():
            self._administrator(name, args.place, principal)
        self.register_outputs({"clusterName": self.cluster_name, "endpoint": self.endpoint})

    def _cluster(self, name: str, args: ControlPlaneArgs, role: Role, logs: aws.cloudwatch.LogGroup) -> aws.eks.Cluster:
        settings = args.settings
        return aws.eks.Cluster(
            name,
            name=args.place.cluster,
            version=settings.kubernetes_version,
            role_arn=role.arn,
            vpc_config=self._vpc_config(name, args),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                ip_family="ipv4", service_ipv4_cidr=settings.network.service_cidr
            ),
            access_config=aws.eks.ClusterAccessConfigArgs(
                # Only access entries let anyone in: no ConfigMap does, and whoever creates the cluster gets nothing by
                # the way.
                authentication_mode="API",
                bootstrap_cluster_creator_admin_permissions=False,
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=args.key_arn), resources=["secrets"]
            ),
            enabled_cluster_log_types=list(LOG_TYPES),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type=settings.support.upper()),
            # Berth installs the add-ons, with versions and settings of its own.
            bootstrap_self_managed_addons=False,
            deletion_protection=args.protected,
            opts=pulumi.ResourceOptions(
                parent=self,
                # With it goes everything that runs in it.
                protect=args.protected,
                # EKS acts as the role from the first minute to the last. A log group that is not there yet would be
                # made by EKS: unencrypted, kept for ever.
                depends_on=[role, logs],
            ),
        )

    def _administrator(self, name: str, place: Place, principal: str) -> None:
        """Lets an IAM role or user in as an admin of the cluster."""
        account, path = principal.split(":", 5)[4:]
        entry = aws.eks.AccessEntry(
            f"{name}-admin-{account}-{path}",
            cluster_name=self.cluster_name,
            principal_arn=principal,
            type="STANDARD",
            opts=self._child,
        )
        aws.eks.AccessPolicyAssociation(
            f"{name}-admin-{account}-{path}",
            cluster_name=self.cluster_name,
            principal_arn=entry.principal_arn,
            policy_arn=place.access_policy("AmazonEKSClusterAdminPolicy"),
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=self._child,
        )

    def _vpc_config(self, name: str, args: ControlPlaneArgs) -> aws.eks.ClusterVpcConfigArgs:
        api = args.settings.api
        return aws.eks.ClusterVpcConfigArgs(
            subnet_ids=args.attachment.api_server_subnets,
            security_group_ids=[self._security_group(f"{name}-api", args).id],
            # Nodes reach the API server inside the network, whoever else does.
            endpoint_private_access=True,
            endpoint_public_access=api.public,
            public_access_cidrs=api.allowed_cidrs if api.public else None,
        )

    def _security_group(self, name: str, args: ControlPlaneArgs) -> aws.ec2.SecurityGroup:
        """Who else reaches the API server's private addresses: EKS's own group lets in nothing but nodes."""
        settings = args.settings
        group = aws.ec2.SecurityGroup(
            name,
            description="Private addresses of the API server",
            vpc_id=args.attachment.vpc_id,
            tags={"Name": name},
            opts=self._child,
        )
        own = [settings.network.cidr] if settings.network.cidr else []
        for cidr in [*own, *([] if settings.api.public else settings.api.allowed_cidrs)]:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{cidr}",
                security_group_id=group.id,
                description="HTTPS to the API server",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=self._child,
            )
        return group
