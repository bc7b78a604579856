"""The cluster's own KMS key: for Secrets in etcd, logs and volumes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import policies
from components.aws.place import Place


@dataclass(frozen=True)
class EncryptionArgs:
    place: Place
    protected: bool


class Encryption(pulumi.ComponentResource):
    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:Encryption", name, None, opts)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Secrets, logs and volumes of the cluster {args.place.cluster}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policies.cluster_key(args.place),
            # Without the key, what it encrypted is lost.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/berth/{args.place.cluster}",
            target_key_id=key.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.register_outputs({"keyArn": self.key_arn})
