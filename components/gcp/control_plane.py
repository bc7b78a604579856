"""The GKE cluster itself: who reaches its API server, what is switched on in it, when it is upgraded.

Nodes are in `components.gcp.node_pools`. The pool that GKE insists on at the start is deleted at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pulumi
from pulumi_gcp import container

from berth.settings import GkeSettings
from berth.settings.common import Maintenance
from berth.settings.gcp import GkeApi
from components.gcp.network import Place
from components.gcp.node_pools import METADATA, SCOPES

_LOGGED = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"]
_PROJECT_POLICY = "PROJECT_SINGLETON_POLICY_ENFORCE"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_MONDAY = datetime(2024, 1, 1)
"""Any Monday in the past: a window's first day has to be one of its days."""


@dataclass(frozen=True)
class ControlPlaneArgs:
    settings: GkeSettings
    place: Place
    labels: dict[str, str]
    protect: bool
    secrets_key: pulumi.Input[str]
    disks_key: pulumi.Input[str]
    node_account: pulumi.Input[str]


def control_plane(name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions) -> container.Cluster:
    """A regional cluster, without the nodes that it is for."""
    settings = args.settings
    return container.Cluster(
        name,
        name=name,
        location=settings.region,
        node_locations=settings.zones(),
        min_master_version=settings.kubernetes_version,
        release_channel=container.ClusterReleaseChannelArgs(channel=settings.release_channel.upper()),
        maintenance_policy=container.ClusterMaintenancePolicyArgs(recurring_window=window(settings.maintenance)),
        resource_labels=args.labels,
        deletion_protection=args.protect,
        # The network, and who reaches the API server in it.
        network=args.place.network,
        subnetwork=args.place.subnetwork,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy=_ranges(args.place),
        private_cluster_config=container.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True, enable_private_endpoint=not settings.api.public
        ),
        control_plane_endpoints_config=_endpoints(settings.api),
        master_authorized_networks_config=_authorized_networks(settings.api),
        # Dataplane V2 enforces NetworkPolicies. The older engine for them is off.
        datapath_provider="ADVANCED_DATAPATH",
        network_policy=container.ClusterNetworkPolicyArgs(enabled=False),
        enable_intranode_visibility=True,
        # A Service that may claim any address can catch other tenants' traffic (CVE-2020-8554).
        service_external_ips_config=container.ClusterServiceExternalIpsConfigArgs(enabled=False),
        # Who may do what.
        workload_identity_config=container.ClusterWorkloadIdentityConfigArgs(workload_pool=settings.workload_pool),
        authenticator_groups_config=_groups(settings.security_group),
        master_auth=_no_client_certificate(),
        enable_legacy_abac=False,
        anonymous_authentication_config=container.ClusterAnonymousAuthenticationConfigArgs(mode="LIMITED"),
        rbac_binding_config=_no_bindings_for_everyone(),
        # What runs, and what is kept of it.
        binary_authorization=container.ClusterBinaryAuthorizationArgs(evaluation_mode=_PROJECT_POLICY),
        database_encryption=container.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=args.secrets_key),
        enable_shielded_nodes=True,
        enable_kubernetes_alpha=False,
        addons_config=_addons(),
        # Whether images have known holes is not asked for: GKE has ended that service.
        security_posture_config=container.ClusterSecurityPostureConfigArgs(mode="BASIC"),
        logging_config=container.ClusterLoggingConfigArgs(enable_components=_LOGGED),
        monitoring_config=_monitoring(),
        cost_management_config=container.ClusterCostManagementConfigArgs(enabled=True),
        # The first pool, which goes before the cluster is ready.
        remove_default_node_pool=True,
        initial_node_count=1,
        node_config=_first_pool(args),
        # The first pool's nodes take few of the pods' addresses. Every other pool says its own number.
        default_max_pods_per_node=16,
        opts=pulumi.ResourceOptions.merge(
            opts,
            # Every tenant goes with the cluster. What is ignored, and why: `_ignored`.
            pulumi.ResourceOptions(protect=args.protect, ignore_changes=_ignored(settings.api)),
        ),
    )


def _ranges(place: Place) -> container.ClusterIpAllocationPolicyArgs:
    return container.ClusterIpAllocationPolicyArgs(
        cluster_secondary_range_name=place.pods_range, services_secondary_range_name=place.services_range
    )


def _reached_by_address(api: GkeApi) -> bool:
    """Whether the API server has addresses that anyone but the nodes may use."""
    return api.public or bool(api.allowed_cidrs)


def _endpoints(api: GkeApi) -> container.ClusterControlPlaneEndpointsConfigArgs:
    return container.ClusterControlPlaneEndpointsConfigArgs(
        dns_endpoint_config=container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
            allow_external_traffic=api.dns_endpoint,
            # Google checks who calls: a token or a certificate of the cluster alone is not enough.
            enable_k8s_tokens_via_dns=False,
            enable_k8s_certs_via_dns=False,
        ),
        ip_endpoints_config=container.ClusterControlPlaneEndpointsConfigIpEndpointsConfigArgs(
            enabled=_reached_by_address(api)
        ),
    )


def _authorized_networks(api: GkeApi) -> container.ClusterMasterAuthorizedNetworksConfigArgs:
    """Present with no network in it as well: then nobody but the nodes is let through."""
    return container.ClusterMasterAuthorizedNetworksConfigArgs(
        cidr_blocks=[
            container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=cidr) for cidr in api.allowed_cidrs
        ],
        gcp_public_cidrs_access_enabled=False,
        private_endpoint_enforcement_enabled=True,
    )


def _ignored(api: GkeApi) -> list[str]:
    # GKE tells the first pool's settings as those of some other pool once it is gone, and a difference would replace
    # the cluster.
    ignored = ["nodeConfig"]
    if not _reached_by_address(api):
        # The provider sends neither while there are no addresses, so GKE may tell something else.
        ignored += ["masterAuthorizedNetworksConfig", "privateClusterConfig.enablePrivateEndpoint"]
    return ignored


def _groups(security_group: str | None) -> container.ClusterAuthenticatorGroupsConfigArgs | None:
    return container.ClusterAuthenticatorGroupsConfigArgs(security_group=security_group) if security_group else None


def _no_client_certificate() -> container.ClusterMasterAuthArgs:
    return container.ClusterMasterAuthArgs(
        client_certificate_config=container.ClusterMasterAuthClientCertificateConfigArgs(issue_client_certificate=False)
    )


def _no_bindings_for_everyone() -> container.ClusterRbacBindingConfigArgs:
    return container.ClusterRbacBindingConfigArgs(
        enable_insecure_binding_system_authenticated=False, enable_insecure_binding_system_unauthenticated=False
    )


def _monitoring() -> container.ClusterMonitoringConfigArgs:
    return container.ClusterMonitoringConfigArgs(
        enable_components=["SYSTEM_COMPONENTS"],
        managed_prometheus=container.ClusterMonitoringConfigManagedPrometheusArgs(enabled=True),
    )


def _addons() -> container.ClusterAddonsConfigArgs:
    return container.ClusterAddonsConfigArgs(
        # Off: Dataplane V2 would lead name look-ups to the cache's pods, and tenants may reach kube-dns only.
        dns_cache_config=container.ClusterAddonsConfigDnsCacheConfigArgs(enabled=False),
        gce_persistent_disk_csi_driver_config=container.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(
            enabled=True
        ),
        http_load_balancing=container.ClusterAddonsConfigHttpLoadBalancingArgs(disabled=False),
        horizontal_pod_autoscaling=container.ClusterAddonsConfigHorizontalPodAutoscalingArgs(disabled=False),
        network_policy_config=container.ClusterAddonsConfigNetworkPolicyConfigArgs(disabled=True),
    )


def _first_pool(args: ControlPlaneArgs) -> container.ClusterNodeConfigArgs:
    """As hard as the pools that stay: it is there for minutes, and scanners and organisation policies see it."""
    return container.ClusterNodeConfigArgs(
        machine_type="e2-medium",
        image_type="COS_CONTAINERD",
        disk_type="pd-balanced",
        disk_size_gb=30,
        boot_disk_kms_key=args.disks_key,
        service_account=args.node_account,
        oauth_scopes=list(SCOPES),
        metadata=METADATA,
        resource_labels=args.labels,
        shielded_instance_config=container.ClusterNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=container.ClusterNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        kubelet_config=container.ClusterNodeConfigKubeletConfigArgs(insecure_kubelet_readonly_port_enabled="FALSE"),
    )


def window(maintenance: Maintenance) -> container.ClusterMaintenancePolicyRecurringWindowArgs:
    """The weekly window, as a first occurrence and the days on which it recurs (RFC 5545)."""
    days = sorted(WEEK.index(day) for day in maintenance.days)
    hour, minute = map(int, maintenance.start.split(":"))
    start = _FIRST_MONDAY + timedelta(days=days[0], hours=hour, minutes=minute)
    return container.ClusterMaintenancePolicyRecurringWindowArgs(
        start_time=_utc(start),
        end_time=_utc(start + timedelta(hours=maintenance.hours)),
        recurrence=f"FREQ=WEEKLY;BYDAY={','.join(_short(days))}",
    )


def _short(days: Sequence[int]) -> list[str]:
    return [WEEK[day][:2].upper() for day in days]


def _utc(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
