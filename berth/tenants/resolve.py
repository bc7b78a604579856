"""From what is written to what holds: defaults < profile < tenant < placement override. Maps merge, lists replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from berth.document import KeyPath
from berth.errors import one_of
from berth.quantity import parse_quantity
from berth.settings import Cluster, ExistingSettings
from berth.settings.credentials import CredentialKind
from berth.tenants.identity import Grant
from berth.tenants.model import (
    DeletionPolicy,
    Identity,
    Lifecycle,
    Owners,
    Placement,
    Profile,
    TenantFile,
)
from berth.tenants.must_hold import namespace_of
from berth.tenants.notify import Notify
from berth.tenants.policy import PodSecurity, Policy

DEFAULTS: Mapping[str, Any] = {
    # Both open the cluster to the outside and cost money: a profile or a tenant has to ask for them.
    "quota": {"services.loadbalancers": "0", "services.nodeports": "0"},
}


@dataclass(frozen=True)
class GitSource:
    """What the agent of one cluster pulls for one tenant."""

    url: str
    ref: dict[str, str]
    """One of branch, tag, semver, commit."""
    path: str
    directory: str | None
    """The only directory of the repo that the tenant may see; None where the whole repo is the tenant's own."""
    secret_name: str | None
    """The Secret with the credential; None where the repo is public."""
    github_app: bool = False
    """Whether that is a GitHub App, and not what Git itself understands."""

    @property
    def is_shared(self) -> bool:
        """Whether it is the stack's deploy repo, and not one of the tenant's own."""
        return self.directory is not None


@dataclass(frozen=True)
class CloudAccount:
    """A service account in the cluster, and its rights in the cluster's cloud."""

    namespace: str
    service_account: str
    grant: Grant


@dataclass(frozen=True)
class Tenant:
    """A tenant as it is to be in one cluster: every layer merged, every name written out."""

    name: str
    owners: Owners
    lifecycle: Lifecycle
    namespaces: tuple[str, ...]
    policy: Policy
    source: GitSource
    identity: tuple[Identity, ...]
    deletion_policy: DeletionPolicy = DeletionPolicy.KEEP
    notify: tuple[Notify, ...] = ()
    grants: tuple[CloudAccount, ...] = ()
    """The service accounts that have rights in the cluster's cloud."""
    rests: bool = False
    """Whether the agent is to leave it alone: for its lifecycle, or as all of the cluster's tenants."""

    def namespace(self, suffix: str) -> str:
        return _namespace(self.name, suffix)


def _namespace(tenant: str, suffix: str) -> str:
    return f"{tenant}-{suffix}" if suffix else tenant


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Later layers win: maps merge key by key, everything else is replaced."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


_POLICY_KEYS = set(Policy.model_fields)


def _stated(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(by_alias=True, exclude_unset=True, include=_POLICY_KEYS)


def merged_policy(profile: Profile, tenant: TenantFile, placement: Placement) -> Policy:
    """The policy that holds for a tenant where it is placed."""
    return Policy.model_validate(merge(DEFAULTS, _stated(profile), _stated(tenant), _stated(placement.overrides)))


def resolve(tenant: TenantFile, placement: Placement, policy: Policy, cluster: Cluster) -> Tenant:
    """The tenant in one cluster. `policy` is `merged_policy` of the same placement."""
    return Tenant(
        name=tenant.name,
        owners=tenant.owners,
        lifecycle=tenant.lifecycle,
        namespaces=tuple(_namespace(tenant.name, suffix) for suffix in tenant.namespaces),
        policy=policy,
        source=_source(tenant, placement, cluster),
        identity=tuple(tenant.identity),
        deletion_policy=tenant.deletion_policy,
        notify=tuple(tenant.notify),
        grants=tuple(_grants(tenant, cluster)),
        rests=cluster.gitops.suspended or tenant.lifecycle is not Lifecycle.ACTIVE,
    )


def _grants(tenant: TenantFile, cluster: Cluster) -> Iterator[CloudAccount]:
    if isinstance(cluster.settings, ExistingSettings):
        return  # whoever made the cluster decides how its pods get rights in a cloud
    for identity in tenant.identity:
        grant: Grant | None = getattr(identity, cluster.cloud.value)
        if grant is not None:
            yield CloudAccount(_namespace(tenant.name, identity.namespace), identity.service_account, grant)


def _source(tenant: TenantFile, placement: Placement, cluster: Cluster) -> GitSource:
    chosen = placement.ref or tenant.source.ref
    ref = chosen.model_dump(exclude_none=True) if chosen else None
    if tenant.source.url is not None:
        path = (tenant.source.path or ".").format(
            tenant=tenant.name,
            environment=cluster.environment,
            cloud=cluster.cloud,
            cluster=cluster.name,
            region=cluster.region,
        )
        return GitSource(tenant.source.url, ref or {"branch": "main"}, path, None, tenant.source.secret_name)
    path = cluster.path_of(tenant.name)
    steps = path.split("/")
    # Up to the first step that names the tenant: its base and overlays lie below, other tenants' beside it.
    template = cluster.deploy_repo.path.split("/")
    own = next(index for index, step in enumerate(template) if "{tenant}" in step)
    return GitSource(
        url=cluster.deploy_repo.url,
        ref=ref or {"branch": cluster.deploy_repo.branch},
        path=path,
        directory="/".join(steps[: own + 1]),
        secret_name=cluster.credential.secret_name if cluster.credential else None,
        github_app=cluster.credential is not None and cluster.credential.kind is CredentialKind.GITHUB_APP,
    )


@dataclass(frozen=True)
class Breach:
    """A merged policy that must not be: where it was stated in the tenant file, and what would be right."""

    path: KeyPath
    found: str
    expected: str
    fix: str = ""


def breaches(profile_name: str, profile: Profile, tenant: TenantFile, index: int, policy: Policy) -> Iterator[Breach]:
    """What is wrong with the policy that holds at placement `index`, though each layer is fine by itself."""
    at = _Where(tenant, index)
    for name, highest in profile.ceiling.quota.items():
        if name in policy.quota and parse_quantity(policy.quota[name]) > parse_quantity(highest):
            yield Breach(
                at("quota", name),
                policy.quota[name],
                f"at most {highest}, the ceiling of {profile_name}",
                "lower it, or choose a profile with a higher ceiling",
            )
    for name, highest in profile.ceiling.limits.items():
        for kind, values in (("default", policy.limits.default), ("max", policy.limits.max)):
            if name in values and parse_quantity(values[name]) > parse_quantity(highest):
                yield Breach(
                    at("limits", kind, name), values[name], f"at most {highest}, the ceiling of {profile_name}"
                )
    if policy.pod_security is PodSecurity.BASELINE and not policy.exception:
        yield Breach(
            at("podSecurity"), "baseline", "an exception with it", "add `exception:` and say why restricted does not do"
        )
    yield from _held_elsewhere(at, tenant, policy)
    for name in ("cpu", "memory", "ephemeral-storage"):
        yield from _disorder(at, name, policy)
        default, request = policy.limits.default.get(name), policy.limits.default_request.get(name)
        # The API server takes a default limit for a default request where there is none.
        for counted, given, key in (
            (f"limits.{name}", default, "default"),
            (f"requests.{name}", request or default, "defaultRequest"),
            (name, request or default, "defaultRequest"),
        ):
            if counted in policy.quota and not given:
                yield Breach(
                    at("quota", counted),
                    policy.quota[counted],
                    f"limits.{key}.{name} with it",
                    "without a default, the quota refuses every pod that names none",
                )


def _held_elsewhere(at: _Where, tenant: TenantFile, policy: Policy) -> Iterator[Breach]:
    """Objects that no manifest of the tenant can hold: its syncs apply nothing to other namespaces."""
    own = [_namespace(tenant.name, suffix) for suffix in tenant.namespaces]
    for index, held in enumerate(policy.sync.must_hold):
        if namespace_of(held) not in (None, *own):
            path = at("sync", "mustHold")
            expected = f"an object in a namespace of the tenant: {one_of(own)}"
            yield Breach(path if path == _ELSEWHERE else (*path, index), held, expected)


def _disorder(at: _Where, name: str, policy: Policy) -> Iterator[Breach]:
    """Limits that the API server refuses: each is at most the next of min, defaultRequest, default and max."""
    limits = policy.limits
    ladder = [("min", limits.min), ("defaultRequest", limits.default_request), ("default", limits.default),
              ("max", limits.max)]  # fmt: skip
    stated = [(kind, values[name]) for kind, values in ladder if name in values]
    for (lower, low), (upper, high) in pairwise(stated):
        if parse_quantity(low) > parse_quantity(high):
            path = at("limits", lower, name)
            if path == _ELSEWHERE:  # a profile's value, and the tenant's own bound
                yield Breach(at("limits", upper, name), high, f"at least {lower}, {low}")
            else:
                yield Breach(path, low, f"at most {upper}, {high}")


_ELSEWHERE: KeyPath = ("profile",)


class _Where:
    """The key path in the tenant file that a merged value comes from, or where it would be mended."""

    def __init__(self, tenant: TenantFile, index: int) -> None:
        self.tenant = tenant.model_dump(by_alias=True, exclude_unset=True)
        self.override: KeyPath = ("placements", index, "overrides")

    def __call__(self, *path: str) -> KeyPath:
        overrides = self.tenant["placements"][self.override[1]].get("overrides", {})
        if _has(overrides, path):
            return (*self.override, *path)
        return path if _has(self.tenant, path) else _ELSEWHERE


def _has(data: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True
