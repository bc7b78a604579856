"""What runs on a pool's machines: the image, the disks and what they are told at their first start. Pure functions."""

from __future__ import annotations

from base64 import b64encode
from textwrap import dedent

import pulumi
import pulumi_aws as aws

from berth.settings.aws import EksNodePool, Os

TAINT_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}
"""How EKS spells what Kubernetes calls a taint's effect."""


def ami_type(pool: EksNodePool) -> str:
    """The EKS-optimised image, as the API names it."""
    machine = "ARM_64" if pool.arm else "x86_64"
    if pool.os is Os.BOTTLEROCKET:
        return f"BOTTLEROCKET_{machine}{'_NVIDIA' if pool.gpu else ''}"
    return f"AL2023_{machine}_{'NVIDIA' if pool.gpu else 'STANDARD'}"


def disks(pool: EksNodePool, key_arn: pulumi.Input[str]) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgs]:
    """Bottlerocket keeps its system on one disk, whose size is the image's, and images and pods on another."""
    if pool.os is Os.BOTTLEROCKET:
        return [_disk("/dev/xvda", None, key_arn), _disk("/dev/xvdb", pool.disk_gb, key_arn)]
    return [_disk("/dev/xvda", pool.disk_gb, key_arn)]


def user_data(pool: EksNodePool) -> str:
    """Base64. EKS adds what a node needs to join, and merges it with this."""
    return b64encode((_BOTTLEROCKET if pool.os is Os.BOTTLEROCKET else _AL2023).format(pool=pool).encode()).decode()


# The control container is for Systems Manager, to which nodes have no right.
_BOTTLEROCKET = dedent("""\
    [settings.kubernetes]
    max-pods = {pool.max_pods}

    [settings.host-containers.control]
    enabled = false
    """)
_AL2023 = dedent("""\
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="BERTH"

    --BERTH
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      kubelet:
        config:
          maxPods: {pool.max_pods}

    --BERTH--
    """)


def _disk(device: str, size_gb: int | None, key_arn: pulumi.Input[str]) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=size_gb,
            # The provider takes these two as text.
            encrypted="true",
            delete_on_termination="true",
            kms_key_id=key_arn,
        ),
    )
