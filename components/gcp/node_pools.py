"""A cluster's nodes. GKE repairs and upgrades them, and adds and removes them as pods ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
from pulumi_gcp import container

from berth.names import shortened
from berth.settings.gcp import GkeNodePool

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
"""All of them: what nodes may do is decided by the roles of their account."""
METADATA = {"disable-legacy-endpoints": "true"}
_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}


@dataclass(frozen=True)
class NodePoolArgs:
    pool: GkeNodePool
    zones: int
    labels: dict[str, str]
    disks_key: pulumi.Input[str]
    node_account: pulumi.Input[str]


def node_pool(
    cluster_name: str, cluster: container.Cluster, args: NodePoolArgs, opts: pulumi.ResourceOptions
) -> container.NodePool:
    """A pool over all zones of the cluster."""
    pool = args.pool
    return container.NodePool(
        # Pulumi adds eight characters, and GKE takes forty: a pool that must be replaced gets another name, and is
        # there before the old one goes.
        shortened(32, cluster_name, pool.name),
        cluster=cluster.id,
        # Of each zone.
        initial_node_count=-(-pool.min // args.zones),
        autoscaling=container.NodePoolAutoscalingArgs(
            total_min_node_count=pool.min,
            total_max_node_count=pool.max,
            # Spot nodes come from where there are any.
            location_policy="ANY" if pool.spot else "BALANCED",
        ),
        max_pods_per_node=pool.max_pods,
        management=container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
        upgrade_settings=container.NodePoolUpgradeSettingsArgs(strategy="SURGE", max_surge=1, max_unavailable=0),
        network_config=container.NodePoolNetworkConfigArgs(enable_private_nodes=True),
        node_config=_node_config(args),
        opts=pulumi.ResourceOptions.merge(
            opts,
            # Only how a pool starts: from then on it has as many nodes as are needed, and a change would replace it.
            pulumi.ResourceOptions(ignore_changes=["initialNodeCount"]),
        ),
    )


def _node_config(args: NodePoolArgs) -> container.NodePoolNodeConfigArgs:
    pool = args.pool
    return container.NodePoolNodeConfigArgs(
        machine_type=pool.instance_type,
        spot=pool.spot,
        image_type="COS_CONTAINERD",
        disk_type=disk_type(pool.instance_type),
        disk_size_gb=pool.disk_gb,
        boot_disk_kms_key=args.disks_key,
        service_account=args.node_account,
        oauth_scopes=list(SCOPES),
        metadata=METADATA,
        labels=pool.labels,
        resource_labels=args.labels,
        taints=[
            container.NodePoolNodeConfigTaintArgs(key=taint.key, value=taint.value, effect=_EFFECTS[taint.effect])
            for taint in pool.taints
        ],
        gvnic=container.NodePoolNodeConfigGvnicArgs(enabled=True),
        shielded_instance_config=container.NodePoolNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=container.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        kubelet_config=container.NodePoolNodeConfigKubeletConfigArgs(insecure_kubelet_readonly_port_enabled="FALSE"),
    )


def disk_type(machine_type: str) -> str:
    """The disk that a machine type boots from: from the fourth generation on, machines have no Persistent Disk."""
    generation = re.match(r"[a-z]+([0-9]+)", machine_type)
    return "hyperdisk-balanced" if generation and int(generation[1]) >= 4 else "pd-balanced"
