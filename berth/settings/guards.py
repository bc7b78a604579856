"""What a change may not do unless it says so: the guards of `berth plan`, and how a stack file says "I mean it"."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from berth.model import Choice, Model, Text


class Guard(StrEnum):
    """What a plan is stopped for, in the order in which it is told."""

    NO_TENANTS = "no-tenants"
    """A stack that had tenants would have none: a wrong folder or a wrong merge, before it is a wish."""
    TENANT_REMOVED = "tenant-removed"
    """A tenant's file is deleted while it is not offboarding."""
    TENANT_RENAMED = "tenant-renamed"
    """A tenant's file comes back under another name: to clusters, one tenant is deleted and another is new."""
    CLUSTER_REMOVED = "cluster-removed"
    """A cluster goes that still holds tenants."""
    MASS_REMOVAL = "mass-removal"
    """More of the tenants or objects of a stack go than `maxRemovedPercent`."""
    GUARD_RAIL_LOWERED = "guard-rail-lowered"
    """What keeps a tenant in bounds allows more than before, or is gone."""
    SEVERAL_ENVIRONMENTS = "several-environments"
    """Production and another environment change together: nothing was tried before."""
    WORKLOADS_EMPTIED = "workloads-emptied"
    """What a tenant has in the deploy repo comes to nothing, and its agent would delete all that it has applied. Last,
    as exit codes count in this order and keep their meaning."""


EXIT_CODES = {guard: 20 + number for number, guard in enumerate(Guard)}
"""What `berth plan` exits with where a guard stops it. Of several, that of the first in the order above."""


class Approval(Model):
    """A guard that is passed on purpose. It holds for the change that adds it, and for no later one."""

    guard: Annotated[Guard, Choice(Guard)]
    subject: Text
    """The tenant, the cluster or the stack that the guard names."""
    reason: Text
    """Why it is meant. Shown in the plan."""


class Guards(Model):
    """What the plan of this stack is stopped for."""

    max_removed_percent: Annotated[int, Field(ge=0, le=100)] = 10
    """How many of the tenants, or of the objects, of the stack one change may remove, in percent."""
    approvals: list[Approval] = Field(default_factory=list)
    """Guards that this change passes on purpose. Take them out again with a later change."""
