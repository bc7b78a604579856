"""The NetworkPolicy of each of a tenant's namespaces: nothing in or out but what is listed.

Policies add up, so one that selects every pod and lists what is allowed is default-deny and allow-list in one. Tenants
cannot write NetworkPolicies, or they could add to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from berth import names
from berth.cidr import network, networks, within
from berth.render.objects import Object, tenant_object
from berth.tenants import Tenant
from berth.tenants.policy import METADATA_NETWORKS

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace: a label that nobody can fake."""

_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""RFC 1918, RFC 6598 and RFC 4193: `internet` means none of these."""


def network_policy(tenant: Tenant, credential_sources: Sequence[tuple[str, int]] = ()) -> Iterator[Object]:
    """`credential_sources` are the addresses and ports where the tenant's pods get their own identity in the cloud: the
    only metadata addresses that anything may reach, and only where the tenant has such an identity."""
    traffic = tenant.policy.network
    own = {"namespaceSelector": {"matchLabels": {names.TENANT_LABEL: tenant.name}}}
    ingress: list[dict[str, Any]] = [{"from": [own]}]
    for peer in traffic.ingress_from:
        if peer.namespace:
            ingress.append({"from": [_namespace(peer.namespace)]})
        else:
            ingress.append({"from": [{"ipBlock": {"cidr": peer.cidr}}]})
    egress: list[dict[str, Any]] = [{"to": [own]}]
    if traffic.dns:
        dns = _namespace("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
        ports = [{"port": 53, "protocol": protocol} for protocol in ("TCP", "UDP")]
        egress.append({"to": [dns], "ports": ports})
    for cidr, port in credential_sources:
        egress.append({"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": port, "protocol": "TCP"}]})
    egress += [{"to": [_block(cidr)]} for cidr in traffic.egress_cidrs]
    if traffic.internet:
        egress += [{"to": [_block(cidr, _PRIVATE)]} for cidr in ("0.0.0.0/0", "::/0")]
    for namespace in tenant.namespaces:
        spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress}
        yield tenant_object(tenant, "networking.k8s.io/v1", "NetworkPolicy", names.OBJECT, namespace, spec=spec)


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: name}}}


def _block(cidr: str, apart_from: tuple[str, ...] = ()) -> dict[str, Any]:
    """An ipBlock that never includes a metadata address."""
    whole = network(cidr)
    inside = [n for n in (*networks(*apart_from), *METADATA_NETWORKS) if within(n, whole)]
    # An exception within another one says nothing.
    widest = [n for n in inside if not any(n != other and within(n, other) for other in inside)]
    block: dict[str, Any] = {"cidr": cidr}
    if widest:
        block["except"] = [str(n) for n in widest]
    return {"ipBlock": block}
