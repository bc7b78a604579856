"""EKS add-ons: their versions, their settings, and the rights in AWS of those that need some."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.settings.aws import Addon
from components.aws import policies
from components.aws.place import Place
from components.aws.roles import Role, RoleArgs

ON_EACH_NODE = (Addon.VPC_CNI, Addon.KUBE_PROXY, Addon.POD_IDENTITY)
"""Without these a node never gets ready: they are there before the first."""
IN_THE_CLUSTER = (Addon.COREDNS, Addon.EBS_CSI)
"""These are only active once their pods run, which takes nodes."""
_NAMESPACE = "kube-system"
_RIGHTS = {
    Addon.VPC_CNI: ("aws-node", "AmazonEKS_CNI_Policy"),
    Addon.EBS_CSI: ("ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"),
}
"""The service account of an add-on that calls AWS, and the policy that AWS keeps for it."""


@dataclass(frozen=True)
class AddonsArgs:
    place: Place
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    addons: Sequence[Addon]
    pinned: Mapping[Addon, str]
    tags: Mapping[str, str]
    """Tags of what add-ons make in AWS."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be there first."""


class Addons(pulumi.ComponentResource):
    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:Addons", name, None, opts)
        for addon in args.addons:
            self._addon(f"{args.place.cluster}-{addon}", addon, args)
        self.register_outputs({})

    def _addon(self, name: str, addon: Addon, args: AddonsArgs) -> None:
        role = self._role(f"{name}-role", addon, args.place) if addon in _RIGHTS else None
        identity = (
            aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=_RIGHTS[addon][0])
            if role
            else None
        )
        aws.eks.Addon(
            name,
            cluster_name=args.cluster_name,
            addon_name=addon.value,
            addon_version=args.pinned.get(addon) or self._default_version(addon, args.kubernetes_version),
            configuration_values=configuration(addon, args.tags),
            pod_identity_associations=[identity] if identity else None,
            # What is stated here holds: a change by hand is undone, as everywhere else.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # Its pods call AWS as soon as they start.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after, *([role] if role else [])]),
        )

    def _role(self, name: str, addon: Addon, place: Place) -> Role:
        account, policy = _RIGHTS[addon]
        trust = policies.pod_trust(place, _NAMESPACE, account)
        return Role(
            name,
            RoleArgs((place.cluster, addon.value), trust, [place.aws_policy(policy)]),
            pulumi.ResourceOptions(parent=self),
        )

    def _default_version(self, addon: Addon, kubernetes_version: str) -> pulumi.Output[str]:
        """The version that EKS has as default for the cluster's own."""
        return aws.eks.get_addon_version_output(
            addon_name=addon.value,
            kubernetes_version=kubernetes_version,
            most_recent=False,
            opts=pulumi.InvokeOptions(parent=self),
        ).version


def configuration(addon: Addon, tags: Mapping[str, str]) -> str | None:
    """An add-on's settings, as JSON text; None where EKS's own do."""
    values: dict[Addon, object] = {
        Addon.VPC_CNI: {
            # Without it, every NetworkPolicy is a wish.
            "enableNetworkPolicy": "true",
            # Addresses in blocks of 16: as many pods as `maxPods` says, whatever the machine.
            "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
        },
        Addon.EBS_CSI: {"controller": {"extraVolumeTags": dict(tags)}},
    }
    return json.dumps(values[addon], sort_keys=True) if addon in values else None
