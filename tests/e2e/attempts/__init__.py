"""What the isolation suite tries, as data: the tests run it, docs/security.md lists it. A file a mechanism."""

from __future__ import annotations

from tests.e2e.attempts import access, allowed, argocd, flux, guard_rails, rights, workloads
from tests.e2e.attempts.commits import COMMITS
from tests.e2e.attempts.model import Allowed, Attempt, Lockdown

__all__ = ["ALLOWED", "ATTEMPTS", "COMMITS", "EITHER", "LOCKDOWNS"]

EITHER: tuple[Attempt, ...] = (
    *access.READ, *access.WRITE, *guard_rails.GUARD_RAILS, *rights.RIGHTS, *rights.CLUSTER_WIDE, *workloads.PODS,
    *workloads.IMAGES, *workloads.NETWORK,
)  # fmt: skip
"""What must be refused whatever the engine."""
ATTEMPTS: tuple[Attempt, ...] = (*EITHER, *flux.SYNCS, *argocd.SYNCS)
LOCKDOWNS: tuple[Lockdown, ...] = (*flux.LOCKDOWNS, *argocd.LOCKDOWNS)
ALLOWED: tuple[Allowed, ...] = (*allowed.ALLOWED, *flux.ALLOWED, *argocd.ALLOWED)
