"""A plan as plain data, for JSON. Documented in docs/plan.md, and for programs in schemas/plan.json.

What is in a version stays: a key may be added, none changes its meaning.
"""

from __future__ import annotations

from typing import Any

from berth.plan.model import (
    ABSENT,
    Action,
    ClusterPlan,
    GuardHit,
    ObjectChange,
    Plan,
    PropertyChange,
    ResourceChange,
    StackPlan,
    TenantChange,
)
from berth.plan.radius import Counts, blast
from berth.settings.guards import EXIT_CODES

VERSION = 1


def as_data(plan: Plan) -> dict[str, Any]:
    """The whole plan, the blast radius first."""
    found = blast(plan)
    return {
        "version": VERSION,
        "base": {"ref": plan.base.ref, "commit": plan.base.commit} if plan.base else None,
        "changes": plan.changes,
        "guards": [_guard(hit) for hit in plan.guards],
        "notes": list(plan.notes),
        "blast": {
            "line": found.line,
            "alarms": list(found.alarms),
            "tenants": list(found.tenants),
            "clusters": list(found.clusters),
            "clouds": list(found.clouds),
            "environments": list(found.environments),
            "placements": _counts(found.placements),
            "objects": _counts(found.objects),
            "workloads": _counts(found.workloads),
            "resources": _counts(found.resources),
        },
        "stacks": [_stack(stack) for stack in plan.stacks],
    }


def _guard(hit: GuardHit) -> dict[str, Any]:
    return {
        "guard": hit.guard.value,
        "stack": hit.stack,
        "subject": hit.subject,
        "what": hit.what,
        "fix": hit.fix,
        "approved": hit.approved or None,
        "exitCode": EXIT_CODES[hit.guard],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {action.value: number for action, number in counts.items()}


def _stack(stack: StackPlan) -> dict[str, Any]:
    return {
        "name": stack.name,
        "environment": stack.environment,
        "action": stack.action.value,
        "whole": stack.whole,
        "resources": _resources(stack.resources),
        "clusters": [_cluster(cluster) for cluster in stack.clusters],
    }


def _resources(changes: tuple[ResourceChange, ...]) -> list[dict[str, Any]]:
    return [_resource(change) for change in changes if change.action is not Action.NONE]


def _cluster(cluster: ClusterPlan) -> dict[str, Any]:
    unchanged = [tenant.name for tenant in cluster.tenants if tenant not in cluster.changed_tenants]
    return {
        "name": cluster.name,
        "environment": cluster.environment,
        "cloud": cluster.cloud,
        "region": cluster.region,
        "action": cluster.action.value,
        "resources": _resources(cluster.resources),
        "guardRails": [_object(change) for change in cluster.guard_rails],
        "tenants": [_tenant(tenant) for tenant in cluster.changed_tenants],
        "unchangedTenants": unchanged,
        "letGo": list(cluster.let_go),
    }


def _resource(change: ResourceChange) -> dict[str, Any]:
    return {
        "urn": change.urn,
        "type": change.type,
        "name": change.name,
        "action": change.action.value,
        "protected": change.protected,
        "formerUrn": change.former_urn,
        "consequence": change.consequence,
        "order": change.order,
        "changes": [_property(each) for each in change.changes],
        # Where each change is listed, the whole would say the same again.
        "before": None if change.changes else change.before,
        "after": None if change.changes else change.after,
    }


def _tenant(tenant: TenantChange) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "action": tenant.action.value,
        "otherClusters": list(tenant.other_clusters),
        "lostNamespaces": list(tenant.lost_namespaces),
        "keptNamespaces": list(tenant.kept_namespaces),
        "emptied": tenant.emptied,
        "objects": [_object(change) for change in tenant.objects],
        "workloads": [_object(change) for change in tenant.workloads],
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "apiVersion": change.object["apiVersion"],
        "kind": change.kind,
        "namespace": change.namespace,
        "name": change.name,
        "action": change.action.value,
        "changes": [_property(each) for each in change.changes],
        "before": change.before,
        "after": change.after,
    }


def _property(change: PropertyChange) -> dict[str, Any]:
    """Without `before` or `after` where there is no value: null is one."""
    sides = {"before": change.before, "after": change.after}
    return {
        "path": list(change.path),
        **{name: value for name, value in sides.items() if value is not ABSENT},
        "replaces": change.replaces.value,
        "reason": change.reason,
    }
