"""The whole input: every stack, profile and tenant file of a project, checked against each other.

`Project.load` is the one way in: the command line, the Pulumi program and the tests use it, and it either returns a
project in which every file is right or raises with all that is wrong in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from berth.errors import InvalidInput, Problem, did_you_mean, one_of
from berth.settings import Cluster, StackFile, load_stack, stack_files
from berth.tenants.load import (
    LoadedProfile,
    LoadedTenant,
    load_profile,
    load_tenant,
    misnamed,
    profile_paths,
    tenant_paths,
)
from berth.tenants.model import Placement, Policy
from berth.tenants.resolve import Tenant, breaches, merged_policy, resolve

T = TypeVar("T")


@dataclass(frozen=True)
class Project:
    """Stacks, profiles and tenants by name, all valid."""

    root: Path
    stacks: Mapping[str, StackFile]
    profiles: Mapping[str, LoadedProfile]
    tenants: Mapping[str, LoadedTenant]

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
        named_tenants = {path.stem: path for path in tenant_paths(root)}
        tenants = _gather(named_tenants, lambda _, path: load_tenant(path, root), problems)
        problems += misnamed(root)
        project = cls(root, dict(sorted(loaded_stacks.items())), profiles, tenants)
        whole = len(loaded_stacks) == len(paths) + len(given)
        problems += _check_stacks(project)
        problems += _check_tenants(project, set(named_profiles), check_placements=whole)
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
        for placement in tenant.file.placements:
            if selects(placement, cluster):
                policy = merged_policy(self.profiles[tenant.file.profile].file, tenant.file, placement)
                return resolve(tenant.file, placement, policy, cluster)
        return None


def selects(placement: Placement, cluster: Cluster) -> bool:
    """Whether a placement means a cluster."""
    if cluster.environment not in placement.environments:
        return False
    if placement.clouds is not None:
        return cluster.cloud in placement.clouds
    if placement.clusters is not None:
        return cluster.name in placement.clusters
    return (placement.labels or {}).items() <= cluster.labels.items()


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a Pulumi.yaml. Raises InvalidInput where there is none."""
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise InvalidInput(
        [
            Problem(
                "Pulumi.yaml",
                0,
                0,
                "",
                "nothing",
                f"a project at or above {start}",
                "name one with --project",
            )
        ]
    )


def _gather(paths: Mapping[str, Path], load: Callable[[str, Path], T], problems: list[Problem]) -> dict[str, T]:
    loaded = {}
    for name, path in paths.items():
        try:
            loaded[name] = load(name, path)
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


def _check_tenants(project: Project, profiles: Iterable[str], *, check_placements: bool) -> Iterator[Problem]:
    owner: dict[str, LoadedTenant] = {}
    clusters = list(project.clusters())
    known = sorted(profiles)
    for tenant in project.tenants.values():
        for namespace in tenant.namespaces:
            other = owner.setdefault(namespace, tenant)
            if other is not tenant:
                yield tenant.document.problem(
                    ("namespaces",),
                    "namespaces that no other tenant has",
                    found=f'"{namespace}"',
                    fix=f"{other.document.file} has it already",
                )
        if check_placements:
            yield from _check_placements(tenant, clusters)
        if tenant.file.profile not in known:
            yield tenant.document.problem(("profile",), one_of(known), fix=did_you_mean(tenant.file.profile, known))
        elif tenant.file.profile in project.profiles:
            yield from _check_policies(tenant, project.profiles[tenant.file.profile])
    yield from _check_ingress(project, owner)


def _check_policies(tenant: LoadedTenant, profile: LoadedProfile) -> Iterator[Problem]:
    for index, placement in enumerate(tenant.file.placements):
        policy: Policy = merged_policy(profile.file, tenant.file, placement)
        for breach in breaches(profile.name, profile.file, tenant.file, index, policy):
            yield tenant.document.problem(breach.path, breach.expected, found=breach.found, fix=breach.fix)


def _check_placements(tenant: LoadedTenant, clusters: list[Cluster]) -> Iterator[Problem]:
    names = [cluster.name for cluster in clusters]
    environments = sorted({cluster.environment for cluster in clusters})
    taken: dict[str, int] = defaultdict(int)
    for index, placement in enumerate(tenant.file.placements):
        at = ("placements", index)
        unknown = [env for env in placement.environments if env not in environments]
        for env in unknown:
            where = (*at, "environments", placement.environments.index(env))
            yield tenant.document.problem(
                where, f"the environment of a stack: {one_of(environments)}", fix=did_you_mean(env, environments)
            )
        missing = [name for name in placement.clusters or () if name not in names]
        for name in missing:
            where = (*at, "clusters", (placement.clusters or []).index(name))
            yield tenant.document.problem(
                where, f"a cluster of some stack: {one_of(names)}", fix=did_you_mean(name, names)
            )
        chosen = [cluster for cluster in clusters if selects(placement, cluster)]
        if not chosen and not unknown and not missing:
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
