"""The whole input: every stack, profile and tenant file of a project, checked against each other.

`Project.load` is the one way in: the command line, the Pulumi program and the tests use it, and it either returns a
project in which every file is right or raises with all that is wrong in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from berth.document import read_document
from berth.errors import InvalidInput, Problem, did_you_mean, one_of
from berth.settings import Cluster, GkeSettings, StackFile, load_stack, misnamed_stacks, stack_files
from berth.tenants.load import (
    LoadedProfile,
    LoadedTenant,
    load_profile,
    misnamed,
    profile_paths,
    tenant_of,
    tenant_paths,
)
from berth.tenants.model import Placement
from berth.tenants.policy import Policy
from berth.tenants.references import check_placed_names, check_references
from berth.tenants.resolve import Tenant, breaches, merged_policy, resolve
from berth.tenants.secret_names import check_secret_names

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Project:
    """Stacks, profiles and tenants by name, all valid."""

    root: Path
    stacks: Mapping[str, StackFile]
    profiles: Mapping[str, LoadedProfile]
    tenants: Mapping[str, LoadedTenant]
    _policies: dict[tuple[str, int], Policy] = field(default_factory=dict, compare=False, repr=False)
    """Merged policies by tenant and index of the placement: each is needed by the checks and once a cluster."""

    @classmethod
    def load(cls, root: Path, stacks: Mapping[str, StackFile] | None = None) -> Project:
        """Reads the project at `root`. Stacks given in `stacks` are taken as they are instead of from their files.

        Raises InvalidInput with every problem of every file.
        """
        given = dict(stacks or {})
        problems: list[Problem] = []
        paths = {name: path for name, path in stack_files(root).items() if name not in given}
        loaded_stacks = given | _gather(paths, lambda name, path: load_stack(name, path, root), problems)
        named_profiles = {path.stem: path for path in profile_paths(root)}
        profiles = _gather(named_profiles, lambda _, path: load_profile(path, root), problems)
        documents = {path.stem: read_document(path, root) for path in tenant_paths(root)}
        tenants = _gather(documents, lambda _, document: tenant_of(document), problems)
        problems += [*misnamed_stacks(root), *misnamed(root)]
        project = cls(root, dict(sorted(loaded_stacks.items())), profiles, tenants)
        problems += _check_stacks(project)
        # Names are looked up in files with other mistakes too, so that one run shows them all; but not among stacks
        # that could not be read.
        for document in documents.values():
            problems += check_references(document, "profile", sorted(named_profiles))
            if len(loaded_stacks) == len(paths) + len(given):
                problems += check_placed_names(document, list(project.clusters()))
        problems += _check_tenants(project)
        if problems:
            raise InvalidInput(problems)
        return project

    def with_stack(self, stack: StackFile) -> Project:
        """The project with a stack in place of the one of this name. What holds for tenants is not merged anew."""
        stacks = {**self.stacks, stack.name: stack}
        return Project(self.root, stacks, self.profiles, self.tenants, self._policies)

    def with_tenant(self, tenant: LoadedTenant) -> Project:
        """The project with one more tenant. Raises InvalidInput if it does not fit in."""
        tenants = dict(sorted({**self.tenants, tenant.file.name: tenant}.items()))
        project = Project(self.root, self.stacks, self.profiles, tenants)
        problems = [
            *check_references(tenant.document, "profile", list(self.profiles)),
            *_check_tenants(project),
        ]
        if problems:
            raise InvalidInput(problems)
        return project

    def stack(self, name: str) -> StackFile:
        """The stack by name. Raises InvalidInput, with the names there are, for any other."""
        if name not in self.stacks:
            raise InvalidInput(
                [
                    Problem(
                        f"Pulumi.{name}.yaml",
                        0,
                        0,
                        "",
                        f'the stack "{name}"',
                        one_of(self.stacks),
                        did_you_mean(name, list(self.stacks)),
                    )
                ]
            )
        return self.stacks[name]

    def clusters(self) -> Iterator[Cluster]:
        for stack in self.stacks.values():
            yield from stack.clusters

    def tenants_in(self, cluster: Cluster) -> Iterator[Tenant]:
        """The tenants placed in a cluster, as they are to be there, by name."""
        for tenant in self.tenants.values():
            placed = self.place(tenant, cluster)
            if placed is not None:
                yield placed

    def place(self, tenant: LoadedTenant, cluster: Cluster) -> Tenant | None:
        """The tenant as it is to be in the cluster; None where it is not placed there."""
        for index, placement in enumerate(tenant.file.placements):
            if selects(placement, cluster):
                return resolve(tenant.file, placement, self.policy(tenant, index), cluster)
        return None

    def policy(self, tenant: LoadedTenant, index: int) -> Policy:
        """The policy that holds for a tenant at one of its placements."""
        key = (tenant.file.name, index)
        if key not in self._policies:
            profile = self.profiles[tenant.file.profile].file
            self._policies[key] = merged_policy(profile, tenant.file, tenant.file.placements[index])
        return self._policies[key]


def selects(placement: Placement, cluster: Cluster) -> bool:
    """Whether a placement means a cluster."""
    if cluster.environment not in placement.environments:
        return False
    if placement.clouds is not None:
        return cluster.cloud in placement.clouds
    if placement.clusters is not None:
        return cluster.name in placement.clusters
    return (placement.labels or {}).items() <= cluster.labels.items()


def _gather(sources: Mapping[str, S], load: Callable[[str, S], T], problems: list[Problem]) -> dict[str, T]:
    loaded = {}
    for name, source in sources.items():
        try:
            loaded[name] = load(name, source)
        except InvalidInput as error:
            problems += error.problems
    return loaded


def _check_stacks(project: Project) -> Iterator[Problem]:
    owner: dict[str, StackFile] = {}
    for stack in project.stacks.values():
        for index, cluster in enumerate(stack.settings.clusters):
            other = owner.setdefault(cluster.name, stack)
            if other is not stack:
                yield stack.document.problem(
                    ("config", "berth:clusters", index, "name"),
                    "a name that no other cluster has",
                    fix=f"{other.document.file} has a cluster of this name",
                )


def _check_tenants(project: Project) -> Iterator[Problem]:
    owner: dict[str, LoadedTenant] = {}
    clusters = list(project.clusters())
    for tenant in project.tenants.values():
        for index, namespace in enumerate(tenant.namespaces):
            other = owner.setdefault(namespace, tenant)
            if other is not tenant:
                yield tenant.document.problem(
                    tenant.namespace_key(index),
                    "a namespace that no other tenant has",
                    found=f'"{namespace}"',
                    fix=f"{other.document.file} has it already",
                )
        yield from _check_placements(tenant, clusters)
        yield from _check_shared_identities(tenant, clusters)
        yield from check_secret_names(tenant, [stack for stack in project.stacks.values() if _is_in(tenant, stack)])
        if tenant.file.profile in project.profiles:
            yield from _check_policies(project, tenant)
    yield from _check_ingress(project, owner)


def _check_policies(project: Project, tenant: LoadedTenant) -> Iterator[Problem]:
    profile = project.profiles[tenant.file.profile]
    for index in range(len(tenant.file.placements)):
        policy = project.policy(tenant, index)
        for breach in breaches(profile.name, profile.file, tenant.file, index, policy):
            yield tenant.document.problem(breach.path, breach.expected, found=breach.found, fix=breach.fix)


def _check_placements(tenant: LoadedTenant, clusters: list[Cluster]) -> Iterator[Problem]:
    """Each placement matches a cluster, and no cluster twice. Names that do not exist are reported elsewhere."""
    names = {cluster.name for cluster in clusters}
    environments = {cluster.environment for cluster in clusters}
    taken: dict[str, int] = {}
    for index, placement in enumerate(tenant.file.placements):
        at = ("placements", index)
        chosen = [cluster for cluster in clusters if selects(placement, cluster)]
        known = environments.issuperset(placement.environments) and names.issuperset(placement.clusters or ())
        if not chosen and known and clusters:
            yield tenant.document.problem(
                at,
                "a placement that matches a cluster",
                found="one that matches none",
                fix="compare it with the clusters in the stack files",
            )
        for cluster in chosen:
            if cluster.name in taken:
                yield tenant.document.problem(
                    at,
                    "one placement a cluster",
                    found=f'"{cluster.name}" again',
                    fix=f"placements[{taken[cluster.name]}] matches it already",
                )
            taken.setdefault(cluster.name, index)


def _is_in(tenant: LoadedTenant, stack: StackFile) -> bool:
    return any(selects(placement, cluster) for placement in tenant.file.placements for cluster in stack.clusters)


def _check_shared_identities(tenant: LoadedTenant, clusters: list[Cluster]) -> Iterator[Problem]:
    """All GKE clusters of a project share one pool of identities: a service account has the rights of its namesake."""
    environments: dict[str, set[str]] = {}
    for cluster in clusters:
        if isinstance(cluster.settings, GkeSettings) and any(selects(p, cluster) for p in tenant.file.placements):
            environments.setdefault(cluster.settings.project, set()).add(cluster.environment)
    shared = next((shared for shared, found in sorted(environments.items()) if len(found) > 1), None)
    for index, identity in enumerate(tenant.file.identity):
        if shared is not None and identity.gcp is not None:
            yield tenant.document.problem(
                ("identity", index, "gcp"),
                f"placements in one environment of the project {shared}",
                found=" and ".join(sorted(environments[shared])),
                fix="clusters of a project share identities, so one environment would have the rights of the other: "
                "give each environment a project of its own",
            )


def _check_ingress(project: Project, owner: Mapping[str, LoadedTenant]) -> Iterator[Problem]:
    for tenant in project.tenants.values():
        stated = [(("network",), tenant.file.network)] + [
            (("placements", index, "overrides", "network"), placement.overrides.network)
            for index, placement in enumerate(tenant.file.placements)
        ]
        for at, traffic in stated:
            for index, peer in enumerate(traffic.ingress_from):
                if peer.namespace and owner.get(peer.namespace, tenant) is not tenant:
                    yield tenant.document.problem(
                        (*at, "ingressFrom", index, "namespace"),
                        "a namespace that is no tenant's",
                        fix="tenants do not reach each other",
                    )
