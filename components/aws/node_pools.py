"""Managed node groups, one for each pool. Nobody logs in to a node: there is no SSH key and no Systems Manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.names import shortened
from berth.settings.aws import EksNodePool
from components.aws import policies
from components.aws.nodes import TAINT_EFFECTS, ami_type, disks, user_data
from components.aws.place import Place
from components.aws.roles import Role, RoleArgs

_LONGEST_PREFIX = 37
"""EKS takes 63 characters for a node group's name; the provider's own ending has 26."""
_MAX_UNAVAILABLE = 33
"""Percent of a pool's nodes that are replaced at a time."""


@dataclass(frozen=True)
class NodePoolsArgs:
    place: Place
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    pools: Sequence[EksNodePool]
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    """Tags of machines and disks, which the provider's own do not get to."""
    monitored: bool
    """Whether EC2 measures machines each minute instead of each fifth, which it charges for."""
    after: Sequence[pulumi.Resource]
    """What nodes need to join: a way out, and the add-ons that run on each of them."""


class NodePools(pulumi.ComponentResource):
    def __init__(self, name: str, args: NodePoolsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:NodePools", name, None, opts)
        self._args = args
        self._role = Role(
            f"{name}-role",
            RoleArgs(
                (args.place.cluster, "nodes"),
                policies.service_trust("ec2.amazonaws.com"),
                [
                    args.place.aws_policy("AmazonEKSWorkerNodePolicy"),
                    args.place.aws_policy("AmazonEC2ContainerRegistryPullOnly"),
                ],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        for pool in args.pools:
            self._node_group(f"{args.place.cluster}-pool-{pool.name}", pool)
        self.register_outputs({})

    def _node_group(self, name: str, pool: EksNodePool) -> None:
        template = self._launch_template(name, pool)
        # One at least of a pool without taints: the cluster's own pods need somewhere to run from the start.
        first = max(pool.min, 0 if pool.taints else 1)
        aws.eks.NodeGroup(
            name,
            cluster_name=self._args.cluster_name,
            # A name of its own each time: where EKS must replace the group, the new one stands before the old one goes.
            node_group_name_prefix=f"{shortened(_LONGEST_PREFIX - 1, pool.name)}-",
            version=self._args.kubernetes_version,
            node_role_arn=self._role.arn,
            subnet_ids=self._args.subnet_ids,
            ami_type=ami_type(pool),
            capacity_type="SPOT" if pool.spot else "ON_DEMAND",
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(min_size=pool.min, max_size=pool.max, desired_size=first),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=_MAX_UNAVAILABLE),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            labels=pool.labels,
            taints=[
                aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value, effect=TAINT_EFFECTS[taint.effect])
                for taint in pool.taints
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                # A node that cannot join fails its group, and one without its role's rights cannot leave in order.
                depends_on=[self._role, *self._args.after],
                # How many nodes there are is an autoscaler's or a person's to change, between min and max.
                ignore_changes=["scalingConfig.desiredSize"],
            ),
        )

    def _launch_template(self, name: str, pool: EksNodePool) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            name,
            # Here and not in the node group: another type then rolls the nodes, instead of replacing the group.
            instance_type=pool.instance_type,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                # Sessions only, and one hop: the node's own credentials stay out of reach of its pods.
                http_tokens="required",
                http_put_response_hop_limit=1,
                instance_metadata_tags="disabled",
            ),
            block_device_mappings=disks(pool, self._args.key_arn),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=self._args.monitored),
            user_data=user_data(pool),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags={**self._args.tags, "Name": name})
                for kind in ("instance", "network-interface", "volume")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
