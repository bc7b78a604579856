"""What a tenant's clusters follow: the repo, the branch, and the folder in it that is the tenant's.

A rollback is a commit to that branch. Clusters that follow a tag, a range of tags or a commit take no notice of one:
what they follow is a line of the tenant file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from berth.document import KeyPath
from berth.errors import InvalidInput, Problem, did_you_mean
from berth.local.paths import FleetPaths
from berth.local.stack import is_local
from berth.project import Project, selects
from berth.settings import Cluster
from berth.tenants import Tenant
from berth.tenants.load import LoadedTenant


@dataclass(frozen=True)
class Placed:
    """A tenant in one of its clusters."""

    cluster: Cluster
    tenant: Tenant

    @property
    def suspended(self) -> bool:
        """Whether its agent applies nothing for now."""
        return self.tenant.rests


@dataclass(frozen=True)
class Followed:
    """One branch of one repo, and the part of it that is a tenant's."""

    tenant: str
    url: str
    """As the agents know the repo."""
    remote: str
    """As this machine reaches it: the Git server of a local fleet takes no push, its repo is a folder here."""
    branch: str
    folder: str
    """The tenant's; "." where the whole repo is."""
    clusters: tuple[Placed, ...]
    """Where the tenant is to be rolled back, by stack and name."""
    others: tuple[Placed, ...]
    """Its clusters in stacks that were not named and that follow the same branch."""
    pinned: tuple[Problem, ...]
    """What clusters of the named stacks follow that is no branch: a line of the tenant file each."""

    def stacks(self) -> list[str]:
        return list(dict.fromkeys(placed.cluster.stack for placed in self.clusters))


def followed(project: Project, name: str, stacks: Sequence[str] = ()) -> Followed:
    """What a tenant's clusters in these stacks follow; without `stacks`, in all.

    Raises InvalidInput where there is no such tenant or stack, the tenant is in none of them, or there is not one
    branch that can be committed to.
    """
    loaded = _tenant(project, name)
    unknown = [problem for stack in stacks for problem in _unknown(project, stack)]
    if unknown:
        raise InvalidInput(unknown)
    everywhere = [(stack, each) for stack in project.stacks for each in _placed(project, loaded, stack)]
    chosen = [each for stack, each in everywhere if not stacks or stack in stacks]
    if not chosen:
        there = sorted({stack for stack, _ in everywhere})
        fix = f"it is placed in {', '.join(there)}" if there else ""
        raise InvalidInput([Problem("--stack", 0, 0, "", f'"{", ".join(stacks)}"', f"a stack with {name} in it", fix)])
    floating = [each for each in chosen if "branch" in each.tenant.source.ref]
    pinned = tuple(_pinned(loaded, [each for each in chosen if each not in floating]))
    if not floating:
        raise InvalidInput(pinned)
    points = list(dict.fromkeys(_point(loaded, each) for each in floating))
    if len(points) > 1:
        raise InvalidInput([_several(loaded, floating)])
    url, branch, folder = points[0]
    others = [each for _, each in everywhere if each not in chosen and _point(loaded, each) == points[0]]
    remote = _remote(project, floating[0])
    return Followed(name, url, remote, branch, folder, tuple(floating), tuple(others), pinned)


def _tenant(project: Project, name: str) -> LoadedTenant:
    if name not in project.tenants:
        fix = did_you_mean(name, list(project.tenants)) or "each file in tenants/ is one"
        raise InvalidInput([Problem("TENANT", 0, 0, "", f'"{name}"', "a tenant of this project", fix)])
    return project.tenants[name]


def _unknown(project: Project, stack: str) -> Iterable[Problem]:
    try:
        project.stack(stack)
    except InvalidInput as error:
        return error.problems
    return ()


def _placed(project: Project, loaded: LoadedTenant, stack: str) -> list[Placed]:
    clusters = project.stack(stack).clusters
    return [Placed(cluster, tenant) for cluster in clusters if (tenant := project.place(loaded, cluster)) is not None]


def _point(loaded: LoadedTenant, placed: Placed) -> tuple[str, str, str]:
    """The repo, the branch, and the tenant's folder."""
    source = placed.tenant.source
    return source.url, source.ref.get("branch", ""), source.directory or _fixed(loaded.file.source.path or ".")


def _several(loaded: LoadedTenant, floating: Sequence[Placed]) -> Problem:
    points: dict[tuple[str, str, str], list[str]] = {}
    for each in floating:
        points.setdefault(_point(loaded, each), []).append(each.cluster.stack)
    told = [
        f"{'/'.join(dict.fromkeys(stacks))}: {branch} of {url}, {folder}"
        for (url, branch, folder), stacks in points.items()
    ]
    expected = "the stacks to roll back, which follow one branch of one repo"
    return Problem("--stack", 0, 0, "", f"{len(points)} branches or folders", expected, "; ".join(told))


def _pinned(loaded: LoadedTenant, chosen: Iterable[Placed]) -> Iterator[Problem]:
    """Each line that a tag, a range or a commit stands in, with the clusters that follow it."""
    lines: dict[KeyPath, list[str]] = {}
    for each in chosen:
        index = next(i for i, placement in enumerate(loaded.file.placements) if selects(placement, each.cluster))
        at: KeyPath = ("placements", index) if loaded.file.placements[index].ref else ("source",)
        ((kind, _),) = each.tenant.source.ref.items()
        lines.setdefault((*at, "ref", kind), []).append(each.cluster.name)
    for line, clusters in lines.items():
        yield loaded.document.problem(
            line,
            f"a branch, which a commit can be put on, for {', '.join(clusters)}",
            fix=f"to roll that back, change this line to the former {line[-1]}, and deploy",
        )


def _remote(project: Project, placed: Placed) -> str:
    shared = placed.tenant.source.is_shared and is_local(project.stack(placed.cluster.stack))
    return str(FleetPaths.of(project.root).deploy_repo) if shared else placed.tenant.source.url


def _fixed(template: str) -> str:
    """What a path in a tenant's own repo begins with in every cluster. What its manifests share lies there."""
    steps = takewhile(lambda step: "{" not in step, template.split("/"))
    return "/".join(steps) or "."
