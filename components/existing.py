"""A cluster that is there already: on-premises, kind, the local fleet. Creates nothing but the provider for it."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from components.cluster import IdentityIssuer


class ExistingClusterArgs:
    """How to reach the cluster: `kubeconfig` is the path of a kubeconfig file, `context` one of its contexts."""

    def __init__(self, kubeconfig: pulumi.Input[str], context: pulumi.Input[str]) -> None:
        self.kubeconfig = kubeconfig
        self.context = context


class ExistingCluster(pulumi.ComponentResource):
    """Outputs as in `components.cluster.KubernetesCluster`."""

    def __init__(self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:cluster:ExistingCluster", name, None, opts)
        self.identity: IdentityIssuer | None = (
            None  # whoever made the cluster decides how its pods get rights in a cloud
        )
        self.cluster_name = pulumi.Output.from_input(name)
        self.endpoint = pulumi.Output.from_input("")
        # The path, not the text: a person's own kubeconfig may hold credentials, which then would be in the state.
        self.kubeconfig = pulumi.Output.secret(args.kubeconfig)
        self.provider = kubernetes.Provider(
            name,
            kubeconfig=args.kubeconfig,
            context=args.context,
            # Another path or a renewed certificate is still the same cluster: nothing in it is replaced.
            cluster_identifier=name,
            # A renewed credential changes its Secret. Replaced, the agent would be without one for a while.
            enable_secret_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"clusterName": self.cluster_name, "kubeconfig": self.kubeconfig})

    @property
    def resource(self) -> pulumi.ComponentResource:
        return self
