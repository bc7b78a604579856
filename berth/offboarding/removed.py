"""A tenant whose file is gone before it was on its way out, a cluster that is gone with tenants in it, and tenants that
Pulumi would delete because Git is to deliver them. Pure.

A plan compares with a base, and its guards `tenant-removed`, `cluster-removed` and `mass-removal` stop that. A deploy
has no base: what a cluster, the deploy repo or the outputs of the last update hold says which tenants there were, and
how they were. It is refused before anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berth.errors import InvalidInput, Problem
from berth.names import LIFECYCLE_ANNOTATION, ROLE_LABEL, TENANT_LABEL
from berth.project import Project
from berth.render.objects import Object
from berth.settings import StackFile
from berth.settings.guards import Guard
from berth.tenants import Lifecycle

_GUARDS = (Guard.TENANT_REMOVED, Guard.TENANT_RENAMED)
"""What a plan stops a deleted file for. A deploy cannot tell one from the other: an approval of either counts."""
UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class Holding:
    """A namespace that a tenant's workloads run in, as it was found in `place`: a cluster, or the deploy repo.
    `lifecycle` is `unknown` where the namespace does not say."""

    tenant: str
    place: str
    namespace: str
    lifecycle: str


def holdings(place: str, objects: Iterable[Object]) -> list[Holding]:
    """The tenants' namespaces among `objects`, but for those that are being deleted already."""
    found = []
    for item in objects:
        metadata = item["metadata"]
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        if item["kind"] != "Namespace" or labels.get(ROLE_LABEL) != "workloads" or metadata.get("deletionTimestamp"):
            continue
        if tenant := labels.get(TENANT_LABEL):
            found.append(Holding(tenant, place, metadata["name"], annotations.get(LIFECYCLE_ANNOTATION, UNKNOWN)))
    return found


def refuse_removed(project: Project, stack: str, held: Iterable[Holding]) -> None:
    """Raises InvalidInput with each tenant that is held, has no file, and was not offboarding when it was last
    deployed, unless the stack's file approves of it."""
    if problems := removed_tenants(project, stack, held):
        raise InvalidInput(problems)


def removed_tenants(project: Project, stack: str, held: Iterable[Holding]) -> list[Problem]:
    """What `refuse_removed` refuses."""
    file = project.stack(stack)
    approved = _approved(file, *_GUARDS)
    by_tenant: dict[str, list[Holding]] = {}
    for each in held:
        known = each.tenant in project.tenants or each.tenant in approved
        if not known and each.lifecycle != Lifecycle.OFFBOARDING:
            by_tenant.setdefault(each.tenant, []).append(each)
    return [_no_file(file.document.file, tenant, found) for tenant, found in by_tenant.items()]


def removed_clusters(project: Project, stack: str, held: Iterable[Holding]) -> list[Problem]:
    """Each cluster that holds tenants and is not in the stack any more, unless the stack's file approves of that."""
    file = project.stack(stack)
    known = {cluster.name for cluster in file.clusters} | _approved(file, Guard.CLUSTER_REMOVED)
    return [
        file.document.problem(
            ("config", "berth:clusters"),
            "the cluster, until no tenant is placed in it",
            found=f"no cluster {cluster}, while it still holds {', '.join(tenants)}",
            fix=f"move them away and deploy; or {_approving(file.document.file, Guard.CLUSTER_REMOVED, cluster)}",
        )
        for cluster, tenants in _by_place(each for each in held if each.place not in known)
    ]


def let_go_tenants(project: Project, stack: str, held: Iterable[Holding]) -> list[Problem]:
    """Each place where tenants are held that have a file, unless the stack's file approves of the removal: of all, as a
    plan asks for it, or of each. `held` is what Pulumi delivered to clusters that Git is to deliver to."""
    file = project.stack(stack)
    if stack in _approved(file, Guard.MASS_REMOVAL):
        return []
    staying = project.tenants.keys() - _approved(file, *_GUARDS)
    return [
        file.document.problem(
            ("config", "berth:delivery"),
            "pulumi, as long as tenants are there that it delivered",
            found=f"git, while Pulumi holds {', '.join(tenants)} in {cluster}, and deletes what it no longer registers",
            fix=f"set it back, see docs/delivery.md; or {_approving(file.document.file, Guard.MASS_REMOVAL, stack)}",
        )
        for cluster, tenants in _by_place(each for each in held if each.tenant in staying)
    ]


def _by_place(held: Iterable[Holding]) -> list[tuple[str, list[str]]]:
    """The tenants that are held in each place, sorted."""
    found: dict[str, set[str]] = {}
    for each in held:
        found.setdefault(each.place, set()).add(each.tenant)
    return [(place, sorted(tenants)) for place, tenants in sorted(found.items())]


def _approved(file: StackFile, *guards: Guard) -> set[str]:
    return {each.subject for each in file.settings.guards.approvals if each.guard in guards}


def _approving(stack_file: str, guard: Guard, subject: str) -> str:
    return f"approve it in {stack_file}: {{guard: {guard}, subject: {subject}, reason: ...}}"


def _no_file(stack_file: str, tenant: str, held: list[Holding]) -> Problem:
    holds = ", ".join(f"{each.namespace} in {each.place} ({each.lifecycle})" for each in sorted(held))
    return Problem(
        f"tenants/{tenant}.yaml",
        0,
        0,
        "",
        f"no file, while there is still {holds}",
        "the file, until its tenant was deployed with `lifecycle: offboarding`",
        f"put it back and set that; or {_approving(stack_file, Guard.TENANT_REMOVED, tenant)}",
    )
