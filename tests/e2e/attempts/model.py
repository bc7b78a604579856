"""What an attempt is: who acts, what is tried, and what must say no. The attempts themselves are in the files beside.

A is the tenant storefront, B is telemetry (and ledger). Everything happens in the cluster azure-local, where all three
are placed, except commits: those are spread over the clusters that pull A's path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from berth.settings import Engine
from tests.e2e.manifests import A_SYNC, A, Manifest

CLUSTER = "azure-local"
B, B_SYNC = "telemetry", "berth-telemetry"
KEPT, GOES = "isolation-kept", "isolation-goes"
"""Namespaces with a volume claim of tenants with `deletionPolicy: keep` and `delete`, whose owners are A's."""
CREDENTIAL = "git-credential"
"""A Secret that the suite puts into the namespaces of both syncs, as a private deploy repo needs one."""

HIGH = "isolation-high"
"""A priority class that the suite makes, as a cloud's add-on does: its pods take the place of others."""


class Who(StrEnum):
    """Who acts. The first two by impersonation, which is how the agent acts; the next two with a real credential."""

    RECONCILER = "reconciler"
    OWNER = "owner"
    RECONCILER_TOKEN = "reconciler's token"  # noqa: S105
    OWNER_CERTIFICATE = "owner's certificate"
    ADMIN = "platform admin"


R, O, T, C = Who.RECONCILER, Who.OWNER, Who.RECONCILER_TOKEN, Who.OWNER_CERTIFICATE  # noqa: E741

USERS: dict[Who, tuple[str, tuple[str, ...]]] = {
    Who.RECONCILER: (
        f"system:serviceaccount:{A_SYNC}:reconciler",
        ("system:serviceaccounts", f"system:serviceaccounts:{A_SYNC}", "system:authenticated"),
    ),
    Who.OWNER: ("alice@example.com", ("storefront-devs", "system:authenticated")),
}

RBAC = "RBAC"
POD_SECURITY = "Pod Security"
QUOTA = "quota"
LIMITS = "limit range"
ACCOUNTS = "service account admission"
BUILD = "build"
LOCKDOWN = "agent lockdown"
EGRESS = "closed egress"
PROJECT = "project"


def policy(name: str) -> str:
    return f"admission policy {name}"


@dataclass(frozen=True)
class Attempt:
    """Something that somebody tries with kubectl."""

    id: str
    who: Who
    what: str
    """For the table, after "The reconciler tries to"."""
    by: str
    """The mechanism that must refuse it."""
    message: str
    """Part of what the API server must say."""
    run: str
    """kubectl's arguments."""
    manifest: Manifest | list[Manifest] | None = None
    """kubectl's standard input."""
    engine: Engine | None = None
    """Where it is about an engine's own objects; else it must be refused whatever the engine."""

    def concerns(self, engine: Engine) -> bool:
        return self.engine in (None, engine)


@dataclass(frozen=True)
class Refused:
    """How an agent must answer a commit."""

    by: str
    message: str
    """Part of what the sync must say."""
    whole: bool = True
    """Nothing else of the commit is applied either."""


@dataclass(frozen=True)
class Gap:
    """What an engine does not refuse, and why: an expected failure of the suite."""

    why: str


@dataclass(frozen=True)
class Harmless:
    """What may be applied, because it does not reach beyond the tenant."""

    leaves: tuple[str, ...] = ()
    """The objects that it adds, as the suite names them."""


Answer = Refused | Gap | Harmless


@dataclass(frozen=True)
class Commit:
    """Something that is tried by a commit in a tenant's path of the deploy repo.

    The directory that the cluster pulls gets `files`; `resources` and `more` go into its kustomization.yaml.
    """

    id: str
    what: str
    answers: Mapping[Engine, Answer]
    """What each engine must answer; an engine that is left out has no such thing."""
    cluster: str
    tenant: str = A
    resources: tuple[str, ...] = ()
    more: Manifest = field(default_factory=dict)
    files: dict[str, Manifest | str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links: name -> target."""
    modules: dict[str, str] = field(default_factory=dict)
    """Submodules: name -> URL; each at the commit before."""
    alone: bool = False
    """It reaches what other attempts are judged by: it has a commit of its own, and is taken back before the next."""


@dataclass(frozen=True)
class Lockdown:
    """A sync object that the platform makes by mistake, with none of Berth's guard-rails about it."""

    id: str
    what: str
    message: str
    """Part of what the sync must say; empty where the agent must not even look at it."""
    spec: Manifest
    engine: Engine
    beside: tuple[Manifest, ...] = ()
    """What it needs, made before it."""

    def concerns(self, engine: Engine) -> bool:
        return self.engine is engine


@dataclass(frozen=True)
class Allowed:
    """Something that must work."""

    id: str
    who: Who
    what: str
    run: str
    manifest: Manifest | None = None
    says: str = ""
    """Part of kubectl's output."""
    engine: Engine | None = None

    def concerns(self, engine: Engine) -> bool:
        return self.engine in (None, engine)


CREATE = "create -f -"
APPLY = "apply --server-side --force-conflicts --field-manager=berth -f -"
"""As the platform's own field manager: ownership of fields is no right."""


def patch(target: str, namespace: str | None, body: str, *flags: str) -> str:
    where = f" -n {namespace}" if namespace else ""
    return " ".join([f"patch {target}{where} --type=merge -p '{body}'", *flags])


def read(id: str, who: Who, what: str, run: str, message: str) -> Attempt:
    return Attempt(id, who, what, RBAC, message, run)


def create(id: str, who: Who, what: str, manifest: Manifest, resource: str, verb: str = "create") -> Attempt:
    run = CREATE if verb == "create" else APPLY
    return Attempt(id, who, what, RBAC, f'cannot {verb} resource "{resource}"', run, manifest)


def change(id: str, who: Who, what: str, run: str, resource: str, verb: str = "patch") -> Attempt:
    return Attempt(id, who, what, RBAC, f'cannot {verb} resource "{resource}"', run)


def of(engine: Engine, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    return tuple(replace(attempt, engine=engine) for attempt in attempts)
