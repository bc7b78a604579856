"""What is known of a cluster and of Git, as rows. Pure: nobody is asked here."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace

from berth import names
from berth.agents import KINDS
from berth.errors import OperationFailed
from berth.quantity import parse_quantity
from berth.settings import Cluster, Engine
from berth.status import agent, argocd, flux
from berth.status.expected import Commits, Expected, point_of, root_point
from berth.status.model import ClusterRow, Reach, Row, Said, State, Use, Workloads
from berth.status.observed import WORKLOADS, Object, Observed
from berth.tenants import Tenant

_SKEW = datetime.timedelta(seconds=60)
"""From here on, a difference of clocks is told: ages are wrong by it, and a token or certificate may be refused."""

_OF_WORKLOADS = (argocd.DEGRADED, argocd.NOT_READY, flux.UNHEALTHY)
"""Messages that do not say which."""


def rows(
    cluster: Cluster, tenants: Iterable[Tenant], answer: Observed | OperationFailed, expected: Expected
) -> list[Row]:
    """A row for each of the tenants, in their order. `answer` is what is known of the cluster, or why nothing is."""
    return [_row(cluster, tenant, answer, expected) for tenant in tenants]


def cluster_row(cluster: Cluster, answer: Observed | OperationFailed, expected: Expected | None = None) -> ClusterRow:
    """The row of a cluster as a whole."""
    engine = cluster.gitops.engine
    row = ClusterRow(
        cluster.name, cluster.stack, cluster.cloud.value, cluster.environment, engine.value, Reach.UNREACHABLE
    )
    if isinstance(answer, OperationFailed):
        return replace(row, message=answer.message)
    found, programs = agent.look(engine, answer), agent.programs(engine, answer)
    failures = list(agent.failures(cluster, answer, programs))
    nodes = None if answer.refusal("Node") else [_is_ready(each) for each in answer.everywhere("Node")]
    unread = dict.fromkeys((*found.unread, *_unread_nodes(answer)))
    row = replace(
        row,
        version=answer.version,
        agent_version=agent.version(programs),
        agent_ready=not failures if failures or programs else None,
        lacks=found.missing,
        unread=tuple(unread),
        nodes_ready=None if nodes is None else sum(nodes),
        nodes_total=None if nodes is None else len(nodes),
        skew=None if answer.skew is None else answer.skew.total_seconds(),
    )
    said = [*row.lacks, *failures]
    if (point := root_point(cluster)) is not None:
        root = _root(cluster, answer, (expected or {}).get(point))
        row = replace(row, root=root.state)
        if root.state in (State.FAILING, State.MISSING):
            said.append(f"root sync: {root.message}")
    state = Reach.WRONG if said else Reach.OK
    if answer.skew is not None and abs(answer.skew) > _SKEW:
        ahead = "ahead of" if answer.skew > datetime.timedelta() else "behind"
        said.append(f"its clock is {abs(answer.skew.total_seconds()):.0f} s {ahead} this machine's")
    return replace(row, state=state, message="; ".join(said))


def _row(cluster: Cluster, tenant: Tenant, answer: Observed | OperationFailed, expected: Expected) -> Row:
    commits = expected.get(point_of(tenant), Commits(""))
    where = tenant.name, cluster.name, cluster.cloud.value, cluster.environment
    unknown = ""
    if isinstance(commits, OperationFailed):
        unknown = f"expected commit unknown: {commits.message}"
        commits = Commits("")
    if isinstance(answer, OperationFailed):
        return Row(*where, State.UNREACHABLE, expected=commits.head, message=answer.message)
    engine = cluster.gitops.engine
    namespace = names.ARGOCD_NAMESPACE if engine is Engine.ARGOCD else names.sync_namespace(tenant.name)
    if "semver" in tenant.source.ref:
        # What the agent says is all that is known of which commit that is, and all there is to be behind of.
        commits = Commits(_chosen_commit(engine, answer, namespace, tenant.name))
    said = _read_sync(engine, answer, commits.head, namespace, tenant.name)
    lag = commits.behind(said.applied) if said.applied and not unknown else None
    workloads = _workloads(tenant, answer)
    message = unknown if said.state is State.UNKNOWN and not said.message else said.message
    if message in _OF_WORKLOADS and workloads and workloads.waiting:
        message = f"{message}: {', '.join(workloads.waiting)}"
    since = said.since
    if since is None and said.state is State.SYNCING and lag:  # there has been something to sync since then
        since = lag[1]
    return Row(
        *where,
        said.state,
        expected=commits.head,
        applied=said.applied,
        objects=said.objects,
        since=since,
        message=message,
        changed=said.changed,
        behind=lag[0] if lag else None,
        behind_since=lag[1] if lag else None,
        quota=_quota(tenant, answer),
        workloads=workloads,
        unread=tuple(_unread(tenant, answer)),
    )


def _read_sync(engine: Engine, answer: Observed, expected: str, namespace: str, name: str) -> Said:
    """What the agent says of one sync, or why that cannot be read."""
    for kind in KINDS[engine]:
        refused = answer.refusal(kind.name, namespace)
        if refused is not None and kind.name != "AppProject":
            if refused.unknown_kind:
                return Said(State.MISSING, f"not deployed: the cluster does not know {kind}")
            return Said(State.UNKNOWN, refused.message)
    if engine is Engine.ARGOCD:
        return argocd.judge(expected, answer.get("Application", namespace, name))
    return flux.judge(
        expected, answer.get("GitRepository", namespace, name), answer.get("Kustomization", namespace, name)
    )


def _chosen_commit(engine: Engine, answer: Observed, namespace: str, name: str) -> str:
    """The commit of the tag that the agent has chosen in a range; empty where it has not yet."""
    if engine is Engine.ARGOCD:
        return argocd.compared_commit(answer.get("Application", namespace, name))
    return flux.fetched_commit(answer.get("GitRepository", namespace, name))


def _root(cluster: Cluster, answer: Observed, commits: Commits | OperationFailed | None) -> Said:
    engine = cluster.gitops.engine
    namespace = names.ARGOCD_NAMESPACE if engine is Engine.ARGOCD else names.FLUX_NAMESPACE
    head = commits.head if isinstance(commits, Commits) else ""
    return _read_sync(engine, answer, head, namespace, names.ROOT)


def _quota(tenant: Tenant, answer: Observed) -> tuple[Use, ...]:
    found = []
    for namespace in tenant.namespaces:
        item = answer.get("ResourceQuota", namespace, names.OBJECT)
        status = (item or {}).get("status") or {}
        used = status.get("used") or {}
        for resource, hard in (status.get("hard") or {}).items():
            found.append(Use(namespace, resource, used.get(resource, "0"), hard, _share(used.get(resource, "0"), hard)))
    return tuple(sorted(found, key=lambda use: (-use.share, use.namespace, use.resource)))


def _share(used: str, hard: str) -> float:
    most, now = parse_quantity(hard), parse_quantity(used)
    if not most:
        return 2.0 if now else 0.0
    return round(float(now / most), 4)


def _workloads(tenant: Tenant, answer: Observed) -> Workloads | None:
    if any(answer.refusal(kind, namespace) for kind in WORKLOADS for namespace in tenant.namespaces):
        return None
    total, waiting = 0, []
    for kind in WORKLOADS:
        for namespace in tenant.namespaces:
            for item in answer.inside(kind, namespace):
                total += 1
                if not agent.is_ready(item):
                    waiting.append(f"{kind} {item['metadata']['name']}")
    return Workloads(total - len(waiting), total, tuple(sorted(waiting)))


def _unread(tenant: Tenant, answer: Observed) -> Iterator[str]:
    """What of the tenant could not be read, besides its sync objects."""
    for kind in ("ResourceQuota", *WORKLOADS):
        for namespace in tenant.namespaces:
            if (why := answer.refusal(kind, namespace)) is not None:
                yield f"{kind} in {namespace}: {why.message}"


def _unread_nodes(answer: Observed) -> Iterator[str]:
    if (why := answer.refusal("Node")) is not None:
        yield f"Node: {why.message}"


def _is_ready(node: Object) -> bool:
    conditions = node.get("status", {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
