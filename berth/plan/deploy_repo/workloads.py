"""Both sides of the deploy repo: what each tenant's workloads come to in each cluster, and what differs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from berth.errors import InvalidInput, Problem, did_you_mean
from berth.plan.deploy_repo.build import DoesNotBuild, Job, build, find_kustomize, job_of
from berth.plan.deploy_repo.closed import closed
from berth.plan.deploy_repo.pulls import Pull
from berth.plan.deploy_repo.snapshots import DeployRepo, Snapshot
from berth.plan.difference import masked, object_changes
from berth.plan.model import Action, ObjectChange
from berth.programs import ending_together
from berth.render.objects import Object
from berth.settings import Engine

Place = tuple[str, str]
"""A cluster and a tenant."""


@dataclass(frozen=True)
class Looked:
    """What becomes of workloads: only places where something does. `built` counts the runs of kustomize."""

    changes: Mapping[Place, tuple[ObjectChange, ...]]
    emptied: Mapping[Place, str] = field(default_factory=dict)
    """Places where there is something now and would be nothing, with what the agent makes of that."""
    deleted: frozenset[Place] = frozenset()
    """Those of them where the agent deletes all that it has applied."""
    notes: tuple[str, ...] = ()
    built: int = 0


def look_at(repo: Path, base: str | None, before: Iterable[Pull], after: Iterable[Pull], *, modules: Path) -> Looked:
    """Compares the workloads of both sides.

    A branch is the working tree of `repo` afterwards, and `base`, a ref of the repo, before; without `base` nothing
    changes in it, and all paths are built. Tags and commits are read from the clone. `modules` is where kustomize may
    have been built from (local/).

    Raises InvalidInput with every path that is missing or does not build, each with its tenant and cluster.
    """
    with DeployRepo.opened(repo) as opened:
        return _Work(opened, base, find_kustomize(modules)).compare(list(before), list(after))


@dataclass
class _Work:
    repo: DeployRepo
    base: str | None
    kustomize: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    now: Snapshot = field(init=False)
    then: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.repo.working_tree()
        self.then = self.now
        if self.base is not None:
            commit = self.repo.commit(self.base)
            if not commit:
                raise InvalidInput([self._no_base(self.base)])
            self.then = self.repo.at(commit)

    def _no_base(self, ref: str) -> Problem:
        fix = "fetch it first: git fetch"
        if self.repo.shallow():
            fix = "this clone is shallow, and holds the last commits only: fetch all (actions/checkout: fetch-depth: 0)"
        expected = "a branch, tag or commit that is in this clone of the deploy repo"
        return Problem("--deploy-base", 0, 0, "", f'"{ref}"', expected, fix)

    def compare(self, before: list[Pull], after: list[Pull]) -> Looked:
        former = {(pull.cluster, pull.tenant): pull for pull in self._of_this_repo(before, after)}
        to_be = {(pull.cluster, pull.tenant): pull for pull in self._of_this_repo(after, before)}
        wanted: dict[Place, tuple[Job | None, Job | None]] = {}
        sources: dict[Job, Snapshot] = {}
        for place in [*to_be, *(place for place in former if place not in to_be)]:
            old, new = former.get(place), to_be.get(place)
            if new is not None and not new.active:
                continue  # the agent leaves what is there as it is
            if old == new and new is not None and self._same(new):
                continue
            new_job = self._job(new, sources, then=False)
            old_job = self._job(old, sources, then=True) if old is not None and old.active else None
            if old_job != new_job or self.base is None:
                wanted[place] = (old_job, new_job)
        built = self._build({job for jobs in wanted.values() for job in jobs if job is not None}, sources)
        for place, (_, job) in wanted.items():
            if job is not None and isinstance(error := built[job], DoesNotBuild):
                self.problems.append(_problem(to_be[place], str(error), _BUILDS))
        if self.problems:
            raise InvalidInput(self.problems)
        found, emptied = {}, {}
        for place, (old_job, new_job) in wanted.items():
            then = built[old_job] if old_job is not None else []
            if isinstance(then, DoesNotBuild):
                cluster, tenant = place
                self.notes.append(f"What {tenant} had in {cluster} does not build: all there is now counts as added.")
                then = []
            now = built[new_job] if new_job is not None else []
            changes = _changes(then, now if isinstance(now, list) else [])
            if changes:
                found[place] = changes
            if then and now == [] and new_job is not None:
                emptied[place] = _of_nothing(to_be[place])
        deleted = frozenset(place for place in emptied if _deletes(to_be[place]))
        return Looked(found, emptied, deleted, tuple(self.notes), len(built))

    def _same(self, pull: Pull) -> bool:
        """Whether what a pull sees is known to be the same on both sides without a look at what it names."""
        if self.base is None or pull.ref[0] != "branch" or not pull.path or pull.path not in self.now.folders:
            return False
        seen = (pull.directory or "") if pull.engine is Engine.FLUX else ""
        return self.now.identity(seen) == self.then.identity(seen)

    def _of_this_repo(self, pulls: list[Pull], others: list[Pull]) -> list[Pull]:
        """What is pulled from the shared repo: tenants with a repo of their own are not in it."""
        shared = {pull.url for pull in (*pulls, *others) if pull.directory is not None}
        if len(shared) > 1:
            here = {_plain(url) for url in self.repo.remotes()}
            matching = {url for url in shared if _plain(url) in here}
            if not matching:
                expected = f"a clone of one of {', '.join(sorted(shared))}"
                raise InvalidInput([Problem("--deploy-repo", 0, 0, "", f'"{self.repo.root}"', expected)])
            shared = matching
        note = "Tenants with another repo than this deploy repo were not looked at."
        if any(pull.directory is None or pull.url not in shared for pull in pulls) and note not in self.notes:
            self.notes.append(note)
        return [pull for pull in pulls if pull.directory is not None and pull.url in shared]

    def _job(self, pull: Pull | None, sources: dict[Job, Snapshot], *, then: bool) -> Job | None:
        """The build of a pull, or None where there is nothing to build. What is wrong afterwards is a problem."""
        if pull is None:
            return None
        snapshot = self._snapshot(pull, then=then)
        if snapshot is None:
            return None
        try:
            job = job_of(snapshot, pull)
        except DoesNotBuild as error:
            if not then:
                missing = str(error) == "the path is not there"
                part = self.repo.asked_for
                fix = f"paths are from the top of the repo, and --deploy-repo is {part} in it" if part else ""
                self.problems.append(_problem(pull, "nothing" if missing else str(error), _BUILDS, fix))
            return None
        sources.setdefault(job, snapshot)
        return job

    def _snapshot(self, pull: Pull, *, then: bool) -> Snapshot | None:
        kind, value = pull.ref
        if kind == "branch":
            return self.then if then else self.now
        if kind == "semver":
            note = f"{pull.tenant} follows the range {value}: which tag that is, the agent decides. It was not built."
            if note not in self.notes:
                self.notes.append(note)
            return None
        candidates = {"tag": [f"refs/tags/{value}"], "commit": [value]}.get(kind, [f"refs/tags/{value}", value])
        commit = next((found for ref in candidates if (found := self._commit(ref))), "")
        if commit:
            return self.repo.at(commit)
        if kind == "" and self._is_branch(value):
            return self.then if then else self.now
        if not then:
            known = self.repo.git("tag", "--list").decode().split()
            fix = did_you_mean(value, known) or "fetch it, or make it: git fetch --tags"
            self.problems.append(_problem(pull, f'"{value}"', f"a {kind or 'revision'} of the deploy repo", fix))
        return None

    def _is_branch(self, name: str) -> bool:
        """Argo CD's objects do not say what kind of revision they name."""
        return bool(self._commit(f"refs/remotes/origin/{name}") or self._commit(f"refs/heads/{name}"))

    def _commit(self, ref: str) -> str:
        if ref not in self._commits:
            self._commits[ref] = self.repo.commit(ref)
        return self._commits[ref]

    _commits: dict[str, str] = field(default_factory=dict)

    def _build(self, jobs: set[Job], sources: Mapping[Job, Snapshot]) -> dict[Job, list[Object] | DoesNotBuild]:
        def one(job: Job) -> list[Object] | DoesNotBuild:
            try:
                return build(self.kustomize, sources[job], job)
            except DoesNotBuild as error:
                return error

        with ThreadPoolExecutor(os.cpu_count()) as pool, ending_together():
            return dict(zip(jobs, pool.map(one, jobs), strict=True))


def _deletes(pull: Pull) -> bool:
    return pull.engine is Engine.FLUX and pull.prune


def _of_nothing(pull: Pull) -> str:
    if pull.engine is Engine.ARGOCD:
        return "Argo CD refuses that, and syncs nothing of it"
    if not _deletes(pull):
        return "Flux deletes nothing, as `sync.prune` is false"
    return "Flux deletes all that it has applied, volume claims with their data too"


_BUILDS = "a path that the agent can build"


def _problem(pull: Pull, found: str, expected: str, fix: str = "") -> Problem:
    return Problem(pull.path, 0, 0, f"{pull.tenant} in {pull.cluster}", found, expected, fix)


def _plain(url: str) -> str:
    """The address without what differs between two ways to write the same."""
    return url.rpartition("@")[2].removeprefix("https://").replace(":", "/").removesuffix("/").removesuffix(".git")


def _changes(before: list[Object], after: list[Object]) -> tuple[ObjectChange, ...]:
    """What differs, without what Secrets hold. The agent makes nothing anew: what cannot change is refused."""
    changes = object_changes(map(closed, before), map(closed, after))
    return tuple(_told(change) for change in changes)


def _told(change: ObjectChange) -> ObjectChange:
    def open_(item: Any) -> Any:
        return None if item is None else masked(item)

    changes = tuple(
        replace(
            inner,
            replaces=Action.CHANGE,
            reason="" if inner.replaces is Action.CHANGE else "the API server may refuse it, which stops the sync",
        )
        for inner in change.changes
    )
    action = change.action if change.action in (Action.ADD, Action.REMOVE) else Action.CHANGE
    return ObjectChange(action, open_(change.before), open_(change.after), changes)
