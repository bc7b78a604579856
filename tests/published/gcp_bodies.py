"""A cluster's inputs as the bodies that Google's APIs get: where the provider's names differ from theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.published.gcp_api import validator

Inputs = Mapping[str, Any]
Path = tuple[str | int, ...]

PROVIDERS_OWN = ""
"""A field that the provider or the URL takes: no API has it in a body."""

_TEXTS = {"kubeletConfig.insecureKubeletReadonlyPortEnabled": {"TRUE": True, "FALSE": False}}
_ENDPOINTS = "controlPlaneEndpointsConfig.ipEndpointsConfig"
_BINDING = {"role": "role", "member": "members.*"}
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "container/cluster:Cluster": (
        "container",
        "Cluster",
        {
            "location": PROVIDERS_OWN,
            "networkingMode": PROVIDERS_OWN,
            "deletionProtection": PROVIDERS_OWN,
            "removeDefaultNodePool": PROVIDERS_OWN,
            "minMasterVersion": "initialClusterVersion",
            "nodeLocations": "locations",
            "nodeConfig": "nodePools.0.config",
            "initialNodeCount": "nodePools.0.initialNodeCount",
            "defaultMaxPodsPerNode": "defaultMaxPodsConstraint.maxPodsPerNode",
            "enableShieldedNodes": "shieldedNodes.enabled",
            "enableLegacyAbac": "legacyAbac.enabled",
            "datapathProvider": "networkConfig.datapathProvider",
            "enableIntranodeVisibility": "networkConfig.enableIntraNodeVisibility",
            "serviceExternalIpsConfig": "networkConfig.serviceExternalIpsConfig",
            "privateClusterConfig.enablePrivateNodes": "networkConfig.defaultEnablePrivateNodes",
            "privateClusterConfig.enablePrivateEndpoint": f"{_ENDPOINTS}.enablePublicEndpoint",  # the reverse of it
            "masterAuthorizedNetworksConfig": f"{_ENDPOINTS}.authorizedNetworksConfig",
            "loggingConfig.enableComponents": "loggingConfig.componentConfig.enableComponents",
            "monitoringConfig.enableComponents": "monitoringConfig.componentConfig.enableComponents",
            "monitoringConfig.managedPrometheus": "monitoringConfig.managedPrometheusConfig",
            "maintenancePolicy.recurringWindow": "maintenancePolicy.window.recurringWindow",
            "maintenancePolicy.recurringWindow.startTime": "maintenancePolicy.window.recurringWindow.window.startTime",
            "maintenancePolicy.recurringWindow.endTime": "maintenancePolicy.window.recurringWindow.window.endTime",
        },
    ),
    "container/nodePool:NodePool": (
        "container",
        "NodePool",
        {"cluster": PROVIDERS_OWN, "nodeConfig": "config", "maxPodsPerNode": "maxPodsConstraint.maxPodsPerNode"},
    ),
    "compute/network:Network": ("compute", "Network", {"routingMode": "routingConfig.routingMode"}),
    "compute/subnetwork:Subnetwork": ("compute", "Subnetwork", {}),
    "compute/router:Router": ("compute", "Router", {}),
    "compute/routerNat:RouterNat": (
        "compute",
        "RouterNat",
        {
            "router": PROVIDERS_OWN,
            "region": PROVIDERS_OWN,
            "subnetworks.*.sourceIpRangesToNats": "subnetworks.*.sourceIpRangesToNat",
        },
    ),
    "compute/firewall:Firewall": (
        "compute",
        "Firewall",
        {"denies": "denied", "denies.*.protocol": "denied.*.IPProtocol"},
    ),
    "kms/keyRing:KeyRing": ("cloudkms", "KeyRing", {"location": PROVIDERS_OWN}),
    "kms/cryptoKey:CryptoKey": ("cloudkms", "CryptoKey", {"keyRing": PROVIDERS_OWN}),
    "kms/cryptoKeyIAMMember:CryptoKeyIAMMember": ("cloudkms", "Binding", {"cryptoKeyId": PROVIDERS_OWN, **_BINDING}),
    "projects/iAMMember:IAMMember": ("cloudresourcemanager", "Binding", {"project": PROVIDERS_OWN, **_BINDING}),
    "serviceaccount/account:Account": (
        "iam",
        "CreateServiceAccountRequest",
        {"displayName": "serviceAccount.displayName", "description": "serviceAccount.description"},
    ),
    "serviceaccount/iAMMember:IAMMember": ("iam", "Binding", {"serviceAccountId": PROVIDERS_OWN, **_BINDING}),
}
"""API, schema, and the fields with another place in it, by the kind of a resource."""


def problems(kind: str, inputs: Inputs) -> list[str]:
    """What an API would refuse, or not know, in the inputs of a resource of kind `gcp:...`."""
    api, schema, places = KINDS[kind.removeprefix("gcp:")]
    found = validator(api, schema).iter_errors(body(inputs, places))
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def body(inputs: Inputs, places: Mapping[str, str]) -> dict[str, Any]:
    """The inputs with every value where the API has it."""
    made: dict[str, Any] = {}
    for path, value in _values(inputs, ()):
        target = _target(path, places)
        if target is not None:
            _put(made, target, _spelt(path, value))
    return made


def _values(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no other, with its path."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    steps = list(inside)
    if not steps:
        yield path, value
    for step, held in steps:
        yield from _values(held, (*path, step))


def _pattern(path: Path) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in path)


def _target(path: Path, places: Mapping[str, str]) -> Path | None:
    """Where the value at a path stands in the body: the longest beginning that has another place decides."""
    for length in range(len(path), 0, -1):
        place = places.get(_pattern(path[:length]))
        if place == PROVIDERS_OWN:
            return None
        if place is not None:
            indices = iter([step for step in path[:length] if isinstance(step, int)])
            steps = (next(indices, 0) if step == "*" else int(step) if step.isdigit() else step
                     for step in place.split("."))  # fmt: skip
            return (*steps, *path[length:])
    return path


def _spelt(path: Path, value: Any) -> Any:
    """The value, where the provider has a text for what is true or false in the API."""
    for ending, values in _TEXTS.items():
        if _pattern(path).endswith(ending) and isinstance(value, str):
            return values.get(value, value)
    return value


def _put(made: dict[str, Any], path: Path, value: Any) -> None:
    here: Any = made
    for step, following in zip(path, (*path[1:], None), strict=True):
        empty: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(here, list):
            if step == len(here):
                here.append(empty)
        elif following is None:
            here[step] = value
        else:
            here.setdefault(step, empty)
        here = here[step]
