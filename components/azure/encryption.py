"""Keys of the cluster's own, for what etcd holds and for disks: a vault, two keys, and who may use which.

Only in the strict profile. The vault has no public address: AKS reaches it over a private endpoint that it makes
itself, disks as a service that Azure trusts, and Pulumi makes the keys through the resource manager.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_azure_native.compute as compute
import pulumi_azure_native.keyvault as keyvault

from berth.names import shortened
from components.azure import roles
from components.azure.place import Place
from components.azure.roles import Role, assign

_ROTATION = "P90D"
"""Age at which a key gets its next version."""
_SOFT_DELETE_DAYS = 90


@dataclass(frozen=True)
class Keys:
    """What a cluster is told of its keys, and what has to stand before it can use them."""

    vault_id: pulumi.Output[str]
    etcd_key: pulumi.Output[str]
    """Address of a version of the key. A next one is taken by `pulumi refresh` and `pulumi up`."""
    disk_encryption_set_id: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


class EncryptionArgs:
    """`cluster` is its name, and `control_plane` the principal id of its identity. `protected` keeps Pulumi from
    deleting keys."""

    def __init__(
        self,
        place: Place,
        cluster: str,
        entra_tenant: str,
        control_plane: pulumi.Input[str],
        protected: bool,
    ) -> None:
        self.place = place
        self.cluster = cluster
        self.entra_tenant = entra_tenant
        self.control_plane = control_plane
        self.protected = protected


class Encryption(pulumi.ComponentResource):
    """Without its keys a cluster and its disks cannot be read again: nothing here goes by accident."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:azure:Encryption", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        self.vault = self._vault()
        may = keyvault.JsonWebKeyOperation
        etcd = self._key("etcd", may.ENCRYPT, may.DECRYPT)
        disks = self._key("disks", may.WRAP_KEY, may.UNWRAP_KEY)
        disk_set = self._disk_encryption_set(disks)
        disk_identity = disk_set.identity.apply(_principal)
        ready = (
            self._assign("etcd-user", roles.KEY_VAULT_CRYPTO_USER, args.control_plane, etcd.id),
            # AKS makes its private endpoint of the vault as the cluster's identity.
            self._assign("vault-contributor", roles.KEY_VAULT_CONTRIBUTOR, args.control_plane, self.vault.id),
            self._assign("disks-user", roles.KEY_VAULT_CRYPTO_SERVICE_ENCRYPTION_USER, disk_identity, disks.id),
            # To make disks with it, AKS looks the set up as the cluster's identity.
            self._assign("disks-reader", roles.READER, args.control_plane, disk_set.id),
        )
        self.keys = Keys(self.vault.id, etcd.key_uri_with_version, disk_set.id, ready)
        self.register_outputs({"vaultId": self.vault.id, "diskEncryptionSetId": disk_set.id})

    def _vault(self) -> keyvault.Vault:
        place = self._args.place
        return keyvault.Vault(
            vault_prefix(self._args.cluster),
            resource_group_name=place.group,
            location=place.region,
            properties=keyvault.VaultPropertiesArgs(
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                tenant_id=self._args.entra_tenant,
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=_SOFT_DELETE_DAYS,
                enable_purge_protection=True,
                enabled_for_deployment=False,
                enabled_for_disk_encryption=False,
                enabled_for_template_deployment=False,
                public_network_access="Disabled",
                network_acls=keyvault.NetworkRuleSetArgs(
                    bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
                    default_action=keyvault.NetworkRuleAction.DENY,
                ),
            ),
            tags=place.tags,
            opts=self._kept(),
        )

    def _key(self, part: str, *operations: keyvault.JsonWebKeyOperation) -> keyvault.Key:
        return keyvault.Key(
            f"{self._name}-{part}",
            resource_group_name=self._args.place.group,
            vault_name=self.vault.name,
            key_name=part,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RSA,
                key_size=3072,
                key_ops=list(operations),
                rotation_policy=keyvault.RotationPolicyArgs(
                    lifetime_actions=[
                        keyvault.LifetimeActionArgs(
                            action=keyvault.ActionArgs(type=keyvault.KeyRotationPolicyActionType.ROTATE),
                            trigger=keyvault.TriggerArgs(time_after_create=_ROTATION),
                        )
                    ]
                ),
            ),
            tags=self._args.place.tags,
            opts=self._kept(),
        )

    def _disk_encryption_set(self, key: keyvault.Key) -> compute.DiskEncryptionSet:
        place = self._args.place
        return compute.DiskEncryptionSet(
            f"{self._name}-disks",
            resource_group_name=place.group,
            location=place.region,
            encryption_type=compute.DiskEncryptionSetType.ENCRYPTION_AT_REST_WITH_CUSTOMER_KEY,
            active_key=compute.KeyForDiskEncryptionSetArgs(
                key_url=key.key_uri_with_version, source_vault=compute.SourceVaultArgs(id=self.vault.id)
            ),
            rotation_to_latest_key_version_enabled=True,
            # Of its own, not the cluster's: only such an identity passes a vault's firewall as a trusted service.
            identity=compute.EncryptionSetIdentityArgs(type=compute.DiskEncryptionSetIdentityType.SYSTEM_ASSIGNED),
            tags=place.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The set follows the key to new versions by itself, and does not go back to the one it began with.
                ignore_changes=["activeKey"],
            ),
        )

    def _assign(
        self, part: str, role: str, principal: pulumi.Input[str], scope: pulumi.Input[str]
    ) -> pulumi.CustomResource:
        return assign(f"{self._name}-{part}", Role(self._args.place.subscription, role), principal, scope, self._child)

    def _kept(self) -> pulumi.ResourceOptions:
        # What a key encrypted is lost with it.
        return pulumi.ResourceOptions(parent=self, protect=self._args.protected)


def vault_prefix(cluster: str) -> str:
    """The Pulumi name of a vault, which Pulumi makes the name in Azure from with eight digits of chance.

    Names of vaults are unique in all of Azure, stay taken for 90 days after a deletion, begin with a letter, have at
    most 24 characters and no two dashes in a row. Names of clusters have no capitals: an X keeps a--b from a-b.
    """
    return shortened(16, "kv", re.sub("-(?=-)", "-X", cluster))


def _principal(identity: compute.outputs.EncryptionSetIdentityResponse | None) -> str:
    if identity is None:
        raise ValueError("Azure gave the disk encryption set no identity")
    return identity.principal_id
