"""Prepares a rollback: one commit that puts what a tenant's clusters build from back to what it was.

It does what `git revert` of all commits since would do, kept to the tenant's paths: what the same commits did elsewhere
stays. Not here: which branch that is (`followed`), which commit (`choose`), and what comes after (`follow`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from berth.errors import InvalidInput, Problem
from berth.plan.deploy_repo.references import references
from berth.plan.deploy_repo.snapshots import DeployRepo, Snapshot
from berth.project import Project
from berth.rollback.applied import applied_well
from berth.rollback.choose import Reason, choose
from berth.rollback.clone import Clone, Commit
from berth.rollback.followed import Followed, Placed, followed

_LOOKED_AT = 50
"""How many former states of the tenant's paths are looked at for one that was applied well."""
_SHOWN = 5
"""How many files or commits a note names."""


@dataclass(frozen=True)
class Rollback:
    """A commit that is made and not pushed."""

    followed: Followed
    clone: Clone
    branch: str
    commit: str
    base: str
    """The commit that the followed branch stood at, and this one's parent."""
    to: Commit
    reason: Reason | None
    """Why it goes back to that one; None where it was named."""
    paths: tuple[str, ...]
    """What goes back: files and folders of the repo."""
    reverts: tuple[Commit, ...]
    """What changed them since, newest first."""
    files: tuple[tuple[str, str], ...]
    """What the commit does to files: `A`, `M` or `D`, and the path."""
    notes: tuple[str, ...]
    """What else is to be known, a sentence each."""

    def push(self) -> None:
        """Raises OperationFailed; then nothing was pushed."""
        self.clone.push(self.branch)


def prepare(
    project: Project,
    tenant: str,
    folder: Path,
    *,
    stacks: Sequence[str] = (),
    to: str | None = None,
    branch: str | None = None,
) -> Rollback:
    """Makes the commit in a new clone in `folder`, which is not there yet. Asks clusters, and changes none.

    `to` is the commit to go back to; without it, the last one that the clusters applied well. `branch` is the name of
    the branch that the commit is put on; by default one of its own.

    Raises InvalidInput for what cannot be rolled back, and OperationFailed where the repo cannot be had.
    """
    what = followed(project, tenant, stacks)
    clone = Clone.make(what.remote, what.url, what.branch, folder)
    with DeployRepo.opened(clone.root) as repo:
        work = _Work(what, clone, repo)
        tip = clone.tip
        target, reason = (work.named(to, tip), None) if to is not None else work.chosen(project.root, tip)
        paths = work.paths(tip, target)
        if clone.content(tip, paths) == clone.content(target, paths):
            raise InvalidInput([_nothing(clone, target, paths)])
        _check_there(what, clone, target)
        about, reverts = clone.about(target), clone.changes(tip, paths, since=target)
        name = branch or f"rollback/{tenant}-{about.short}"
        _check_name(clone, name)
        notes = tuple(work.notes(tip, target, paths, reverts))
    partly = [commit.id for commit in reverts if _elsewhere(clone, commit, paths)]
    message = _message(what, about, paths, reverts, partly)
    # The repo of a local fleet is a throw-away, in which nobody has to be known.
    made = clone.restore(target, paths, name, message, identity=what.remote != what.url)
    files = clone.differences(tip, made)
    return Rollback(what, clone, name, made, tip, about, reason, paths, tuple(reverts), tuple(files), notes)


@dataclass(frozen=True)
class _Work:
    what: Followed
    clone: Clone
    repo: DeployRepo

    def named(self, rev: str, tip: str) -> str:
        """The commit that was asked for."""
        found = self.clone.commit(rev)
        if found and self.clone.holds(tip, found):
            return found
        expected = f"a commit in the history of {self.what.branch}"
        fix = f"see: git log {self.what.branch} -- {self.what.folder}"
        if self.clone.is_shallow():
            fix = f"{self.what.url} is a shallow clone, and holds the last commits only"
        raise InvalidInput([Problem("--to", 0, 0, "", f'"{rev}"', expected, fix)])

    def chosen(self, root: Path, tip: str) -> tuple[str, Reason]:
        """The commit to go back to where none was named."""
        active = [placed for placed in self.what.clusters if not placed.suspended]
        applied = {cluster: self._known(said) for cluster, said in applied_well(root, active).items()}
        last = self.clone.changes(tip, self.paths(tip), most=1)
        # What is broken now names too little of what it is built from: also ask what was not.
        whole = {commit for said in applied.values() for commit in said or ()} | {f"{each.id}^" for each in last}
        paths = self.paths(tip, *sorted(filter(self.clone.commit, whole)))
        changes = [change.id for change in self.clone.changes(tip, paths, most=_LOOKED_AT)]
        states = [state for state in changes if state == changes[0] or not _missing(self.what, self.clone, state)]
        contents = [self.clone.content(state, paths) for state in states]
        held = {
            cluster: None if said is None else {self.clone.content(commit, paths) for commit in said}
            for cluster, said in applied.items()
        }
        choice = choose(contents, held) if states else None
        if choice is None:
            expected = f"a commit of {self.what.branch} before the one that holds what is there now"
            fix = "there is nothing to go back to: this is the first content that the tenant's path has"
            if self.clone.is_shallow():
                fix = f"{self.what.url} is a shallow clone, and holds the last commits only"
            raise InvalidInput([Problem(self.what.folder, 0, 0, "", "", expected, fix)])
        return states[choice[0]], choice[1]

    def _known(self, commits: set[str] | None) -> set[str] | None:
        """Those in the clone: a branch may have been forced back since a cluster followed it."""
        return None if commits is None else set(filter(self.clone.commit, commits))

    def paths(self, *commits: str) -> tuple[str, ...]:
        """What goes back: the whole folder, or, where other clusters follow the branch too, what these build from at
        any of the commits."""
        if not self.what.others:
            return (self.what.folder,)
        return self._inside(self._read(self.what.clusters, *commits))

    def notes(self, tip: str, target: str, paths: Sequence[str], reverts: Sequence[Commit]) -> Iterator[str]:
        folder, everyone = self.what.folder, (*self.what.clusters, *self.what.others)
        for commit in reverts:
            if elsewhere := _elsewhere(self.clone, commit, paths):
                yield f"{commit.short} also changed {_some(elsewhere)}: that stays."
        for other in self.what.others:
            shared = self._inside(self._read([other], tip, target), paths)
            changed = sorted({path for _, path in self.clone.differences(tip, target, shared)}) if shared else []
            if changed:
                yield f"{other.cluster.name} ({other.cluster.stack}) builds from {_some(changed)} as well."
        outside = sorted(path for path in self._read(everyone, tip) if not _within(path, [folder]))
        if outside and self.clone.content(tip, outside) != self.clone.content(target, outside):
            yield f"{_some(outside)}, outside of {folder}, is built from, has changed since, and stays as it is."
        for problem in self.what.pinned:
            yield f"{problem}: not rolled back by this."
        for placed in self.what.clusters:
            if placed.suspended:
                yield f"{placed.cluster.name} is suspended: nothing is applied there until it is resumed."

    def _read(self, clusters: Iterable[Placed], *commits: str) -> set[str]:
        """What builds read at any of the commits. One that is broken names less than it did before."""
        paths = sorted({placed.tenant.source.path for placed in clusters})
        return {read for commit in commits for path in paths for read in _built_from(self.repo.at(commit), path)}

    def _inside(self, read: Iterable[str], bounds: Sequence[str] = ()) -> tuple[str, ...]:
        """Those inside of the tenant's folder and of the `bounds`, without what lies in another one of them."""
        kept: list[str] = []
        for path in sorted(read):
            if _within(path, bounds or [self.what.folder]) and not _within(path, kept):
                kept.append(path)
        return tuple(kept)


def _built_from(snapshot: Snapshot, path: str) -> set[str]:
    return references(snapshot, "", path).read


def _within(path: str, folders: Sequence[str]) -> bool:
    return any(folder == "." or path == folder or path.startswith(f"{folder}/") for folder in folders)


def _elsewhere(clone: Clone, commit: Commit, paths: Sequence[str]) -> list[str]:
    """What a commit changed besides the paths."""
    return [path for _, path in clone.differences(f"{commit.id}^", commit.id) if not _within(path, paths)]


def _some(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _nothing(clone: Clone, target: str, paths: Sequence[str]) -> Problem:
    about = clone.about(target)
    expected = f"a commit at which {_some(paths)} was not what it is now"
    return Problem("--to", 0, 0, "", f'"{about.short}"', expected, "there is nothing to revert")


def _check_there(what: Followed, clone: Clone, target: str) -> None:
    """Raises InvalidInput where a cluster would find nothing: going back is not going away."""
    if missing := _missing(what, clone, target):
        expected = f"a commit at which {_some(missing)} was there"
        fix = "to take a tenant out of a cluster, change its placements"
        raise InvalidInput([Problem("--to", 0, 0, "", f'"{clone.about(target).short}"', expected, fix)])


def _missing(what: Followed, clone: Clone, commit: str) -> list[str]:
    """Paths that clusters build, and that are not there at a commit."""
    paths = sorted({placed.tenant.source.path for placed in what.clusters})
    return [path for path, content in zip(paths, clone.content(commit, paths), strict=True) if not content]


def _check_name(clone: Clone, name: str) -> None:
    if not clone.is_name(name):
        raise InvalidInput([Problem("--branch", 0, 0, "", f'"{name}"', "the name of a branch, such as rollback/web")])


def _message(
    what: Followed, to: Commit, paths: Sequence[str], reverts: Sequence[Commit], elsewhere: Sequence[str]
) -> str:
    """The same for the same commits."""
    lines = [f"Roll back {what.tenant} to {to.short}", ""]
    lines += [f"What is below these paths is again what it was at {to.id}", f'("{to.subject}"):', ""]
    lines += [f"    {path}" for path in paths]
    lines += ["", "This reverts there:", ""]
    for commit in reverts:
        lines += [f"    {commit.id} {commit.subject}"]
        lines += ["    (what it changed elsewhere stays)"] if commit.id in elsewhere else []
    return "\n".join(lines) + "\n"
