"""The storage class that volumes get unless they name another: EBS, encrypted with the cluster's key.

EKS makes no default class, and an EBS volume is not encrypted unless it is said.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

NAME = "encrypted"


def create_storage_class(
    name: str, key_arn: pulumi.Input[str], provider: kubernetes.Provider, parent: pulumi.Resource
) -> None:
    kubernetes.storage.v1.StorageClass(
        f"{name}-storage-class",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=NAME, annotations={"storageclass.kubernetes.io/is-default-class": "true"}
        ),
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": key_arn},
        # Not before a pod uses it: the volume is then in the zone of the pod.
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        reclaim_policy="Delete",
        opts=pulumi.ResourceOptions(parent=parent, provider=provider),
    )
