"""What tests of AKS clusters share: recordings, and ways to look into them."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.components.recording import Recorder, Registered
from tests.components.stacks import PUBLIC, run, sample, tenant

CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
ROLE = "azure-native:authorization:RoleAssignment"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
TENANT = "berth:azure:TenantIdentity"
TRUST = "azure-native:managedidentity:FederatedIdentityCredential"

SCOPE = "/subscriptions/00000000-0000-0000-0000-00000000cccc/resourceGroups/acme"
GRANT: dict[str, Any] = {
    "serviceAccount": "api",
    "azure": {"roles": ["Key Vault Secrets User", "Reader"], "scope": SCOPE},
}
ACME = tenant(identity=[GRANT])
HUB = "/subscriptions/00000000-0000-0000-0000-00000000dddd/resourceGroups/hub/providers/Microsoft.Network"
EXISTING = {
    "nodeSubnetId": f"{HUB}/virtualNetworks/hub/subnets/nodes",
    "apiServerSubnetId": f"{HUB}/virtualNetworks/hub/subnets/api",
}


@cache
def recorded(profile: str = "strict", *, preview: bool = False) -> Recorder:
    """The sample with one tenant that has an identity: in `dev` with an API server that is public to one network."""
    return run(sample("aks", **(PUBLIC if profile == "dev" else {})), profile=profile, tenants=(ACME,), preview=preview)


def with_pools(*pools: dict[str, Any], profile: str = "strict", **more: Any) -> Recorder:
    """The sample with these pools beside its own."""
    general = {"name": "general", "instanceType": "Standard_D4ds_v5"}
    return run(sample("aks", nodePools=[general, *pools], **more), profile=profile)


def one(recorder: Recorder, kind: str, name: str | None = None) -> Registered:
    """The only resource of a kind, or the only one of a kind and a name."""
    found = [item for item in recorder.of_type(kind) if name in (None, item.name)]
    assert len(found) == 1, [item.name for item in recorder.of_type(kind)]
    return found[0]


def made(recorder: Recorder, *prefixes: str) -> dict[tuple[str, str], Registered]:
    """What was registered, by type and name; only types that begin so, where prefixes are given."""
    return {(item.type, item.name): item for item in recorder.recorded if item.type.startswith(prefixes or ("",))}


def inputs_of(recorder: Recorder, of: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The inputs of everything that is named after a cluster."""
    return {
        key: item.inputs
        for key, item in made(recorder).items()
        if key[1] == of or key[1].startswith((f"{of}-", f"{of}/"))
    }
