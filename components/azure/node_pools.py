"""Node pools: the system pool, which is born with its cluster, and the pools of the settings, which come and go."""

from __future__ import annotations

import pulumi
import pulumi_azure_native.containerservice as containerservice

from berth.settings.azure import SURGE_PERCENT, SYSTEM_POOL, AksNodePool, AksSettings, Disk, Os
from components.azure.place import Place

_DISKS = {Disk.EPHEMERAL: containerservice.OSDiskType.EPHEMERAL, Disk.MANAGED: containerservice.OSDiskType.MANAGED}
_SYSTEMS = {Os.UBUNTU: containerservice.OSSKU.UBUNTU, Os.AZURE_LINUX: containerservice.OSSKU.AZURE_LINUX}
_SYSTEM_TAINT = "CriticalAddonsOnly=true:NoSchedule"
_SYSTEM_PODS = 110
_SPOT = "kubernetes.azure.com/scalesetpriority"
"""Label and taint that AKS puts on spot nodes. Stated here too, or after a refresh an update would take them away."""
_MARKET_PRICE = -1.0
_SURGE = containerservice.AgentPoolUpgradeSettingsArgs(max_surge=f"{SURGE_PERCENT}%", drain_timeout_in_minutes=30)
"""A third at once, as AKS advises for production; half an hour for a pod to move."""


def system_pool(
    settings: AksSettings, subnet_id: pulumi.Input[str]
) -> containerservice.ManagedClusterAgentPoolProfileArgs:
    """The pool for the cluster's own pods, which keeps all others out."""
    pool = settings.system_pool
    return containerservice.ManagedClusterAgentPoolProfileArgs(
        name=SYSTEM_POOL,
        mode=containerservice.AgentPoolMode.SYSTEM,
        type=containerservice.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        vm_size=pool.instance_type,
        os_type=containerservice.OSType.LINUX,
        os_sku=containerservice.OSSKU.UBUNTU,
        os_disk_type=_DISKS[pool.os_disk],
        os_disk_size_gb=pool.disk_gb,
        count=pool.min,
        min_count=pool.min,
        max_count=pool.max,
        enable_auto_scaling=True,
        max_pods=_SYSTEM_PODS,
        availability_zones=settings.zones(),
        vnet_subnet_id=subnet_id,
        orchestrator_version=settings.kubernetes_version,
        node_taints=[_SYSTEM_TAINT],
        enable_encryption_at_host=True,
        enable_node_public_ip=False,
        upgrade_settings=_SURGE,
    )


class NodePoolArgs:
    """`pool` of the settings, for the cluster called `cluster` with nodes in `subnet_id`."""

    def __init__(
        self,
        place: Place,
        settings: AksSettings,
        pool: AksNodePool,
        cluster: pulumi.Input[str],
        subnet_id: pulumi.Input[str],
        raised_by_aks: bool,
    ) -> None:
        self.place = place
        self.settings = settings
        self.pool = pool
        self.cluster = cluster
        self.subnet_id = subnet_id
        self.raised_by_aks = raised_by_aks


def node_pool(name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions) -> containerservice.AgentPool:
    """One pool of the settings."""
    pool = args.pool
    return containerservice.AgentPool(
        name,
        resource_group_name=args.place.group,
        resource_name_=args.cluster,
        agent_pool_name=pool.name,
        mode=containerservice.AgentPoolMode.USER,
        type=containerservice.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        vm_size=pool.instance_type,
        os_type=containerservice.OSType.LINUX,
        os_sku=_SYSTEMS[pool.os],
        os_disk_type=_DISKS[pool.os_disk],
        os_disk_size_gb=pool.disk_gb,
        count=pool.min,
        min_count=pool.min,
        max_count=pool.max,
        enable_auto_scaling=True,
        max_pods=pool.max_pods,
        availability_zones=args.settings.zones(),
        vnet_subnet_id=args.subnet_id,
        orchestrator_version=args.settings.kubernetes_version,
        node_labels=labels(pool),
        node_taints=taints(pool),
        scale_set_priority=containerservice.ScaleSetPriority.SPOT if pool.spot else None,
        scale_set_eviction_policy=containerservice.ScaleSetEvictionPolicy.DELETE if pool.spot else None,
        spot_max_price=_MARKET_PRICE if pool.spot else None,
        enable_encryption_at_host=True,
        enable_node_public_ip=False,
        # AKS refuses a surge for spot pools.
        upgrade_settings=None if pool.spot else _SURGE,
        tags=args.place.tags,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                # The settings name the pool, and a cluster takes no two of a name.
                delete_before_replace=True,
                # The autoscaler moves the count; with some upgrade channels AKS raises the version.
                ignore_changes=["count", *(["orchestratorVersion"] if args.raised_by_aks else [])],
            ),
        ),
    )


def labels(pool: AksNodePool) -> dict[str, str]:
    return {**pool.labels, **({_SPOT: "spot"} if pool.spot else {})}


def taints(pool: AksNodePool) -> list[str]:
    """As AKS writes them: key=value:effect."""
    stated = [f"{taint.key}={taint.value}:{taint.effect}" for taint in pool.taints]
    spot = f"{_SPOT}=spot:NoSchedule"
    return [*stated, spot] if pool.spot and spot not in stated else stated
