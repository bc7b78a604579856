"""A cluster in Azure AKS, with everything in Azure that it needs, in a resource group of its own."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native.authorization as authorization
import pulumi_azure_native.containerservice as containerservice
import pulumi_azure_native.managedidentity as managedidentity
import pulumi_azure_native.operationalinsights as operationalinsights
import pulumi_azure_native.resources as resources
import yaml

from berth.settings import AksSettings, Cluster, SecurityProfile
from berth.settings.azure import UpgradeChannel
from components.azure import profiles, roles
from components.azure.encryption import Encryption, EncryptionArgs, Keys
from components.azure.identity import AksIdentityIssuer
from components.azure.maintenance import windows
from components.azure.monitoring import Monitoring, MonitoringArgs, log_workspace
from components.azure.network import Subnets, subnets_of
from components.azure.node_pools import NodePoolArgs, node_pool, system_pool
from components.azure.place import Place
from components.azure.provider import azure_provider
from components.azure.roles import Role, assign
from components.cluster import IdentityIssuer, kubernetes_provider, tags
from components.kubeconfig import aks_kubeconfig

_RAISED_BY_AKS = (UpgradeChannel.STABLE, UpgradeChannel.RAPID)
"""Channels in which AKS goes to a next minor version by itself."""


@dataclass(frozen=True)
class AksClusterArgs:
    """What the settings say, and what holds for the stack."""

    settings: AksSettings
    profile: SecurityProfile
    tags: Mapping[str, str]

    @classmethod
    def of(cls, cluster: Cluster, settings: AksSettings) -> AksClusterArgs:
        return cls(settings, cluster.security_profile, tags(cluster))

    @property
    def strict(self) -> bool:
        return self.profile is SecurityProfile.STRICT

    @property
    def protected(self) -> bool:
        return self.settings.protected(self.profile)

    @property
    def raised_by_aks(self) -> bool:
        """Whether AKS decides on the minor version once the cluster stands."""
        return self.settings.upgrade_channel in _RAISED_BY_AKS


class AksCluster(pulumi.ComponentResource):
    """Outputs as in `components.cluster.KubernetesCluster`."""

    def __init__(self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:cluster:AksCluster", name, None, opts)
        settings = args.settings
        self._name, self._args = name, args
        self._azure = azure_provider(name, settings, self)
        self._child = pulumi.ResourceOptions(parent=self, provider=self._azure)
        self._component = pulumi.ResourceOptions(parent=self, providers=[self._azure])
        self._place = self._resource_group()
        self._control_plane = self._control_plane_identity()

        subnets = subnets_of(name, self._place, settings, self._component)
        workspace = log_workspace(name, self._place, settings.log_retention_days, self._child)
        keys = self._keys() if args.strict else None
        cluster = self._cluster(subnets, workspace, keys)

        pools = [
            node_pool(
                f"{name}-pool-{pool.name}",
                NodePoolArgs(self._place, settings, pool, cluster.name, subnets.node_subnet_id, args.raised_by_aks),
                self._child,
            )
            for pool in settings.node_pools
        ]
        windows(name, self._place, cluster.name, settings.maintenance, self._child)
        Monitoring(f"{name}-monitoring", MonitoringArgs(self._place, args.profile, cluster, workspace), self._component)
        self._admit(cluster)

        self.cluster_name = cluster.name
        self.endpoint = _endpoint(cluster, private=not settings.api.public)
        self.kubeconfig = self._kubeconfig(cluster)
        # Agents need nodes to run on when they come, and to tidy up on when they go.
        self.provider = kubernetes_provider(name, self.kubeconfig, self, depends_on=pools)
        issuer = cluster.oidc_issuer_profile.apply(_issuer_url)
        self.identity: IdentityIssuer | None = AksIdentityIssuer(self._azure, self._place, issuer)
        self.register_outputs(
            {"clusterName": self.cluster_name, "endpoint": self.endpoint, "kubeconfig": self.kubeconfig}
        )

    @property
    def resource(self) -> pulumi.ComponentResource:
        return self

    def _resource_group(self) -> Place:
        settings, labels = self._args.settings, self._args.tags
        group = resources.ResourceGroup(
            self._name,
            resource_group_name=self._name,
            location=settings.region,
            tags=labels,
            # A resource group takes all that is in it with it.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(protect=self._args.protected)),
        )
        return Place(settings.subscription, group.name, settings.region, labels)

    def _control_plane_identity(self) -> managedidentity.UserAssignedIdentity:
        place = self._place
        return managedidentity.UserAssignedIdentity(
            f"{self._name}-control-plane",
            resource_group_name=place.group,
            location=place.region,
            tags=place.tags,
            opts=self._child,
        )

    def _keys(self) -> Keys:
        settings = self._args.settings
        args = EncryptionArgs(
            self._place,
            self._name,
            settings.entra_tenant,
            self._control_plane.principal_id,
            self._args.protected,
        )
        return Encryption(f"{self._name}-encryption", args, self._component).keys

    def _cluster(
        self, subnets: Subnets, workspace: operationalinsights.Workspace, keys: Keys | None
    ) -> containerservice.ManagedCluster:
        settings, place = self._args.settings, self._place
        return containerservice.ManagedCluster(
            self._name,
            resource_name_=self._name,
            resource_group_name=place.group,
            location=place.region,
            tags=place.tags,
            sku=profiles.sku(self._args.profile),
            support_plan=containerservice.KubernetesSupportPlan.KUBERNETES_OFFICIAL,
            kubernetes_version=settings.kubernetes_version,
            dns_prefix=self._name,
            node_resource_group=f"{self._name}-nodes",
            node_resource_group_profile=containerservice.ManagedClusterNodeResourceGroupProfileArgs(
                restriction_level=containerservice.RestrictionLevel.READ_ONLY
            ),
            identity=containerservice.ManagedClusterIdentityArgs(
                type=containerservice.ResourceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[self._control_plane.id],
            ),
            agent_pool_profiles=[system_pool(settings, subnets.node_subnet_id)],
            auto_scaler_profile=containerservice.ManagedClusterPropertiesAutoScalerProfileArgs(
                expander=containerservice.Expander.LEAST_WASTE
            ),
            auto_upgrade_profile=profiles.upgrades(settings),
            network_profile=profiles.network(settings, subnets.outbound),
            api_server_access_profile=profiles.api_server(settings, subnets.api_server_subnet_id),
            aad_profile=profiles.entra(settings),
            enable_rbac=True,
            disable_local_accounts=True,
            oidc_issuer_profile=containerservice.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
            security_profile=profiles.security(keys, workspace.id),
            addon_profiles=profiles.add_ons(workspace.id),
            disk_encryption_set_id=keys.disk_encryption_set_id if keys else None,
            opts=self._kept([*self._network_rights(subnets), *(keys.ready if keys else ())]),
        )

    def _kept(self, before: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        versions = ["kubernetesVersion", "agentPoolProfiles[*].orchestratorVersion"]
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._azure,
            # Deleting a cluster deletes every tenant's workloads; AKS has no switch of its own against it.
            protect=self._args.protected,
            # AKS checks what its identity may do before it begins, and uses the keys when it does.
            depends_on=before,
            # The autoscaler moves the count; in some channels AKS raises the version, which cannot be lowered again.
            ignore_changes=["agentPoolProfiles[*].count", *(versions if self._args.raised_by_aks else [])],
        )

    def _network_rights(self, subnets: Subnets) -> list[pulumi.Resource]:
        """The control plane's rights in the network: its subnets, and nothing beside them."""
        scopes = {"nodes": subnets.node_subnet_id, "api-server": subnets.api_server_subnet_id}
        role = Role(subnets.subscription, roles.NETWORK_CONTRIBUTOR)
        return [
            assign(f"{self._name}-network-{part}", role, self._control_plane.principal_id, scope, self._child)
            for part, scope in scopes.items()
        ]

    def _admit(self, cluster: containerservice.ManagedCluster) -> None:
        """Lets the administrators fetch the kubeconfig. That they are administrators, the cluster itself knows."""
        role = Role(self._place.subscription, roles.CLUSTER_USER)
        for group in self._args.settings.admins:
            assign(
                f"{self._name}-admin-{group}",
                role,
                group,
                cluster.id,
                self._child,
                principal_type=authorization.PrincipalType.GROUP,
            )

    def _kubeconfig(self, cluster: containerservice.ManagedCluster) -> pulumi.Output[str]:
        """With the certificate authority of the kubeconfig that AKS hands out, which holds no credential either."""
        answer = containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=self._place.group,
            resource_name=cluster.name,
            opts=pulumi.InvokeOutputOptions(parent=self, provider=self._azure),
        )
        name, entra_tenant = self._name, self._args.settings.entra_tenant
        authority = answer.kubeconfigs.apply(_certificate_authority)
        built = pulumi.Output.all(self.endpoint, authority).apply(
            lambda known: aks_kubeconfig(name, known[0], known[1], entra_tenant)
        )
        return pulumi.Output.secret(built)


def _certificate_authority(kubeconfigs: Sequence[containerservice.outputs.CredentialResultResponse]) -> str:
    """The certificate authority, in base64, of the first of these kubeconfigs, which are in base64 themselves."""
    kubeconfig = yaml.safe_load(base64.b64decode(kubeconfigs[0].value))
    authority: str = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
    return authority


def _endpoint(cluster: containerservice.ManagedCluster, *, private: bool) -> pulumi.Output[str]:
    return pulumi.Output.format("https://{0}:443", cluster.private_fqdn if private else cluster.fqdn)


def _issuer_url(profile: containerservice.outputs.ManagedClusterOIDCIssuerProfileResponse | None) -> str:
    if profile is None:
        raise ValueError("the cluster has no OIDC issuer")
    return profile.issuer_url
