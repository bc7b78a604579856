"""A cluster in Amazon EKS, with its network: what is made in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from berth.settings import Cluster, EksSettings, SecurityProfile
from berth.settings.aws import Addon
from components.aws.addons import IN_THE_CLUSTER, ON_EACH_NODE, Addons, AddonsArgs
from components.aws.control_plane import ControlPlane, ControlPlaneArgs
from components.aws.encryption import Encryption, EncryptionArgs
from components.aws.endpoints import Endpoints, EndpointsArgs
from components.aws.flow_logs import FlowLogs, FlowLogsArgs
from components.aws.identity import PodIdentities
from components.aws.network import Attachment, Network, NetworkArgs
from components.aws.node_pools import NodePools, NodePoolsArgs
from components.aws.place import Place
from components.aws.provider import create_provider
from components.aws.storage import create_storage_class
from components.cluster import IdentityIssuer, kubernetes_provider, tags
from components.kubeconfig import eks_kubeconfig


@dataclass(frozen=True)
class EksClusterArgs:
    settings: EksSettings
    profile: SecurityProfile
    tags: dict[str, str]
    """On everything that AWS lets carry tags."""

    @classmethod
    def of(cls, cluster: Cluster, settings: EksSettings) -> EksClusterArgs:
        return cls(settings, cluster.security_profile, tags(cluster))

    @property
    def place(self) -> Place:
        return Place.of(self.settings)

    @property
    def protected(self) -> bool:
        return self.settings.protected(self.profile)


class EksCluster(pulumi.ComponentResource):
    """Outputs as in `components.cluster.KubernetesCluster`. The name of the component is the cluster's."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:cluster:EksCluster", name, None, opts)
        settings, place = args.settings, args.place
        cloud = create_provider(f"{name}-aws", settings, args.tags, self)
        self._child = pulumi.ResourceOptions(parent=self, providers=[cloud])
        key = Encryption(name, EncryptionArgs(place, args.protected), self._child)
        attachment, ways_out = self._network(name, args, key)
        control_plane = ControlPlane(
            name, ControlPlaneArgs(place, settings, attachment, key.key_arn, args.protected), self._child
        )
        nodes = self._nodes(name, args, key, control_plane, attachment, ways_out)

        self.cluster_name, self.endpoint = control_plane.cluster_name, control_plane.endpoint
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.all(control_plane.endpoint, control_plane.certificate_authority).apply(
                lambda told: eks_kubeconfig(name, told[0], told[1], settings.region, settings.assume_role)
            )
        )
        # Whoever deploys is let in by an access entry. Controllers need nodes to clean up what tenants leave, so nodes
        # go last.
        self.provider = kubernetes_provider(name, self.kubeconfig, self, depends_on=[control_plane, *nodes])
        create_storage_class(name, key.key_arn, self.provider, self)
        self.identity: IdentityIssuer | None = PodIdentities(
            place, self.cluster_name, settings.permissions_boundary, cloud
        )
        self.register_outputs(
            {"clusterName": self.cluster_name, "endpoint": self.endpoint, "kubeconfig": self.kubeconfig}
        )

    @property
    def resource(self) -> pulumi.ComponentResource:
        return self

    def _network(self, name: str, args: EksClusterArgs, key: Encryption) -> tuple[Attachment, list[pulumi.Resource]]:
        """Where the cluster goes, and what has to be there for its nodes to reach AWS."""
        wanted = args.settings.network
        if wanted.existing is not None:
            return Attachment(wanted.existing.vpc_id, wanted.existing.private_subnet_ids), []
        zones, nat = args.settings.zones(), args.settings.nat(args.profile)
        network = Network(name, NetworkArgs(wanted.new_cidr, zones, nat), self._child)
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(args.place, network.vpc_id, key.key_arn, args.settings.log_retention_days),
            self._child,
        )
        endpoints = Endpoints(
            f"{name}-endpoint",
            EndpointsArgs(
                vpc_id=network.vpc_id,
                cidr=wanted.new_cidr,
                subnet_ids=network.attachment.node_subnets,
                route_table_ids=network.private_route_tables,
                services=args.settings.endpoints(args.profile),
            ),
            self._child,
        )
        return network.attachment, [network, endpoints]

    def _nodes(
        self,
        name: str,
        args: EksClusterArgs,
        key: Encryption,
        control_plane: ControlPlane,
        attachment: Attachment,
        ways_out: list[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        """The nodes, between the add-ons that they need and the add-ons that need them."""
        settings = args.settings

        def addons(suffix: str, which: tuple[Addon, ...], after: list[pulumi.Resource]) -> Addons:
            return Addons(
                f"{name}-{suffix}",
                AddonsArgs(
                    place=args.place,
                    cluster_name=control_plane.cluster_name,
                    kubernetes_version=settings.kubernetes_version,
                    addons=which,
                    pinned=settings.addon_versions,
                    tags=args.tags,
                    after=after,
                ),
                self._child,
            )

        on_each_node = addons("node-addons", ON_EACH_NODE, [])
        pools = NodePools(
            f"{name}-nodes",
            NodePoolsArgs(
                place=args.place,
                cluster_name=control_plane.cluster_name,
                kubernetes_version=settings.kubernetes_version,
                pools=settings.node_pools,
                subnet_ids=attachment.node_subnets,
                key_arn=key.key_arn,
                tags=args.tags,
                monitored=args.profile is SecurityProfile.STRICT,
                after=[*ways_out, on_each_node],
            ),
            self._child,
        )
        return [on_each_node, pools, addons("cluster-addons", IN_THE_CLUSTER, [pools])]
