"""The keys that a cluster's Secrets and its nodes' disks are encrypted with, and who may use them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms, organizations

_ROTATION = f"{90 * 24 * 60 * 60}s"
"""90 days. Older versions of a key go on decrypting what they encrypted."""


@dataclass(frozen=True)
class EncryptionArgs:
    """`project` and `region` of the cluster. `protect` keeps the keys from being deleted: what they encrypted would be
    lost with them."""

    project: str
    region: str
    protect: bool


class Encryption(pulumi.ComponentResource):
    """A key ring with a key for Secrets and a key for disks."""

    secrets_key: pulumi.Output[str]
    """Id of the key for the Secrets in the cluster's database."""
    disks_key: pulumi.Output[str]
    """Id of the key for the boot disks of nodes."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:gcp:Encryption", name, None, opts)
        # Nothing brings back what was encrypted with a key that is gone.
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        # Google never deletes a key ring: a name that Pulumi makes up leaves room for a next cluster of the same name.
        ring = kms.KeyRing(name, location=args.region, opts=kept)
        number = organizations.get_project_output(
            project_id=args.project, opts=pulumi.InvokeOutputOptions(parent=self)
        ).number
        self.secrets_key = _key(f"{name}-secrets", ring, _agent("container-engine-robot", number), kept)
        self.disks_key = _key(f"{name}-disks", ring, _agent("compute-system", number), kept)
        self.register_outputs({"secretsKey": self.secrets_key, "disksKey": self.disks_key})


def _agent(service: str, project_number: pulumi.Output[str]) -> pulumi.Output[str]:
    """Google's own account for a service in a project. It is there from when the service's API is enabled."""
    return pulumi.Output.concat("serviceAccount:service-", project_number, f"@{service}.iam.gserviceaccount.com")


def _key(name: str, ring: kms.KeyRing, user: pulumi.Output[str], kept: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A key that `user` may use, and nobody else."""
    key = kms.CryptoKey(name, key_ring=ring.id, purpose="ENCRYPT_DECRYPT", rotation_period=_ROTATION, opts=kept)
    kms.CryptoKeyIAMMember(
        name,
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=user,
        opts=pulumi.ResourceOptions(parent=kept.parent),
    )
    return key.id
