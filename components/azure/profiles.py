"""What a cluster is told about itself: network, access, add-ons and security, as arguments of ManagedCluster."""

from __future__ import annotations

from ipaddress import IPv4Network

import pulumi
import pulumi_azure_native.containerservice as containerservice

from berth.settings import SecurityProfile
from berth.settings.azure import AksSettings, Outbound
from components.azure.encryption import Keys

_OUTBOUND = {
    Outbound.NAT_GATEWAY: containerservice.OutboundType.USER_ASSIGNED_NAT_GATEWAY,
    Outbound.ROUTE_TABLE: containerservice.OutboundType.USER_DEFINED_ROUTING,
}
_TIERS = {
    SecurityProfile.STRICT: containerservice.ManagedClusterSKUTier.STANDARD,
    SecurityProfile.DEV: containerservice.ManagedClusterSKUTier.FREE,
}
"""Standard has a service level for the API server, and costs by the hour."""
_DNS = 10
"""Which address of the Services' range is the cluster's DNS: the tenth, as in AKS's own default."""
_CLEAN_HOURS = 168


def sku(profile: SecurityProfile) -> containerservice.ManagedClusterSKUArgs:
    return containerservice.ManagedClusterSKUArgs(
        name=containerservice.ManagedClusterSKUName.BASE, tier=_TIERS[profile]
    )


def upgrades(settings: AksSettings) -> containerservice.ManagedClusterAutoUpgradeProfileArgs:
    return containerservice.ManagedClusterAutoUpgradeProfileArgs(
        upgrade_channel=containerservice.UpgradeChannel(settings.upgrade_channel.value),
        node_os_upgrade_channel=containerservice.NodeOSUpgradeChannel.NODE_IMAGE,
    )


def network(settings: AksSettings, outbound: Outbound) -> containerservice.ContainerServiceNetworkProfileArgs:
    """Azure CNI as an overlay, with Cilium for the data plane and for network policies."""
    net = settings.network
    return containerservice.ContainerServiceNetworkProfileArgs(
        network_plugin=containerservice.NetworkPlugin.AZURE,
        network_plugin_mode=containerservice.NetworkPluginMode.OVERLAY,
        network_dataplane=containerservice.NetworkDataplane.CILIUM,
        network_policy=containerservice.NetworkPolicy.CILIUM,
        load_balancer_sku=containerservice.LoadBalancerSku.STANDARD,
        outbound_type=_OUTBOUND[outbound],
        pod_cidr=net.pod_cidr,
        service_cidr=net.service_cidr,
        dns_service_ip=str(IPv4Network(net.service_cidr)[_DNS]),
    )


def api_server(
    settings: AksSettings, subnet_id: pulumi.Input[str]
) -> containerservice.ManagedClusterAPIServerAccessProfileArgs:
    """Nodes reach the API server in the network in either case; who else does is what differs."""
    public = settings.api.public
    return containerservice.ManagedClusterAPIServerAccessProfileArgs(
        enable_vnet_integration=True,
        subnet_id=subnet_id,
        enable_private_cluster=not public,
        enable_private_cluster_public_fqdn=None if public else False,
        private_dns_zone=None if public else "system",
        authorized_ip_ranges=list(settings.api.allowed_cidrs) if public else None,
        # Run command is a way into a private cluster that passes its network by.
        disable_run_command=True,
    )


def entra(settings: AksSettings) -> containerservice.ManagedClusterAADProfileArgs:
    """Groups of Entra are let in, and Azure RBAC is asked beside the cluster's own bindings."""
    return containerservice.ManagedClusterAADProfileArgs(
        managed=True,
        enable_azure_rbac=True,
        tenant_id=settings.entra_tenant,
        admin_group_object_ids=list(settings.admins),
    )


def add_ons(workspace_id: pulumi.Input[str]) -> dict[str, containerservice.ManagedClusterAddonProfileArgs]:
    """Add-ons by the names that AKS has for them. Their settings are texts, booleans too."""
    add_on = containerservice.ManagedClusterAddonProfileArgs
    return {
        "azureKeyvaultSecretsProvider": add_on(
            enabled=True, config={"enableSecretRotation": "true", "rotationPollInterval": "2m"}
        ),
        "azurepolicy": add_on(enabled=True),
        # Gone since Kubernetes 1.19. Scanners want to see it switched off.
        "kubeDashboard": add_on(enabled=False),
        "omsagent": add_on(
            enabled=True, config={"logAnalyticsWorkspaceResourceID": workspace_id, "useAADAuth": "true"}
        ),
    }


def security(keys: Keys | None, workspace_id: pulumi.Input[str]) -> containerservice.ManagedClusterSecurityProfileArgs:
    """Without keys of its own the cluster has no Defender either: both are of the strict profile."""
    return containerservice.ManagedClusterSecurityProfileArgs(
        workload_identity=containerservice.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=containerservice.ManagedClusterSecurityProfileImageCleanerArgs(
            enabled=True, interval_hours=_CLEAN_HOURS
        ),
        azure_key_vault_kms=None
        if keys is None
        else containerservice.AzureKeyVaultKmsArgs(
            enabled=True,
            key_id=keys.etcd_key,
            key_vault_network_access=containerservice.KeyVaultNetworkAccessTypes.PRIVATE,
            key_vault_resource_id=keys.vault_id,
        ),
        defender=None
        if keys is None
        else containerservice.ManagedClusterSecurityProfileDefenderArgs(
            log_analytics_workspace_resource_id=workspace_id,
            security_monitoring=containerservice.ManagedClusterSecurityProfileDefenderSecurityMonitoringArgs(
                enabled=True
            ),
        ),
    )
