"""Files into a Git repo as one commit, whole or not at all.

The commit is made with an index of its own, so nothing in the checkout changes until it is whole; then the branch and
the checkout move to it in one step of Git's, which leaves everybody else's changes alone. Not here: what the files say,
and what `origin` has (`remote`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from berth.ending import uninterrupted
from berth.errors import OperationFailed
from berth.git import GitRefused, git
from berth.publish.remote import check_base, push_alone


@dataclass(frozen=True)
class Change:
    """What happens to one file: `A`dded, `M`odified or `D`eleted."""

    kind: str
    path: str


@dataclass(frozen=True)
class Publication:
    """What would be published: files that are to be as given, in place of all that lies at the owned paths."""

    repo: Path
    """The checkout's top folder."""
    base: str
    """The commit that the checkout stands at."""
    branch: str
    """The one that the checkout is on."""
    followed: str
    """The one that the agents follow: what is pushed begins where it stands on `origin`."""
    tree: str
    """The tree of the whole repo as it is to be."""
    changes: tuple[Change, ...] = field(default=())

    def former(self, path: str) -> str:
        """The text of a file as the branch has it."""
        return _git(self.repo, "show", f"{self.base}:{path}")

    def commit(self, message: str, *, branch: str | None = None, push: bool = False) -> str:
        """Makes the commit, on another `branch` if one is named, and pushes it to `origin` first if asked to. Returns
        the commit. Raises OperationFailed, with the checkout as it was."""
        made = _git(self.repo, "commit-tree", self.tree, "-p", self.base, "-F", "-", stdin=message)
        target = branch or self.branch
        if branch is not None:
            known = _git(self.repo, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
            if known:
                raise OperationFailed(f"the branch {branch} is there already", "delete it, or name another one")
        if push:
            # Before anything here changes: where the push is refused, nothing has happened.
            self.check_pushable()
            push_alone(self.repo, made, target, "" if branch is not None else self.base)
        if branch is not None:
            _git(self.repo, "update-ref", f"refs/heads/{branch}", made, "")
            return made
        untouched, there = self._is_untouched(), self._there()
        with uninterrupted():
            try:
                _git(self.repo, "merge", "--quiet", "--ff-only", "--no-stat", made)
            except GitRefused:
                if untouched:  # else Git refused it for what somebody else did meanwhile, and wrote nothing
                    self._take_back(there)
                raise
        return made

    def _is_untouched(self) -> bool:
        """Whether the checkout still stands at `base`, with nothing of anybody's own where the changes go."""
        changed = _git(self.repo, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all").split("\0")
        return _git(self.repo, "rev-parse", "HEAD") == self.base and not self._paths & {line[3:] for line in changed}

    @property
    def _paths(self) -> set[str]:
        return {change.path for change in self.changes}

    def _there(self) -> set[str]:
        return {path for path in self._paths if os.path.lexists(self.repo / path)}

    def _take_back(self, there: Set[str]) -> None:
        """Makes what the changes are about what it was, where Git did not get to the end: on a full disk it leaves what
        it has written. `there` are the files that were there."""
        with suppress(OSError, GitRefused):
            for path in self._paths - there:
                (self.repo / path).unlink(missing_ok=True)  # first: this makes room
            paths = "\0".join(self._paths)
            _git(self.repo, "reset", "--quiet", self.base, "--pathspec-from-file=-", "--pathspec-file-nul", stdin=paths)
            former = "\0".join(change.path for change in self.changes if change.kind != "A")
            _git(self.repo, "checkout-index", "--force", "-z", "--stdin", stdin=former)

    def check_pushable(self) -> None:
        """Raises OperationFailed where a push would take along more than this one commit."""
        check_base(self.repo, self.base, self.followed)


def prepare(
    folder: Path, files: Mapping[str, str], owned: Sequence[str], *, followed: str | None = None
) -> Publication:
    """What `files` change in the checkout at `folder`, compared with the commit that it stands at. `followed` is the
    branch that the agents follow: without it, the one that the checkout is on.

    Raises OperationFailed where the folder is no checkout's top, has no commit, or has changes of its own at the paths.
    """
    repo = _top(folder)
    branch = _git(repo, "branch", "--show-current")
    if not branch:
        raise OperationFailed(f"{repo} is on no branch", "git switch to the branch that the agents follow")
    base = _git(repo, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", failing="it has no commit yet")
    dirty = _git(repo, "status", "--porcelain", "--untracked-files=all", "--", *owned)
    if dirty:
        paths = sorted({line[3:] for line in dirty.splitlines()})
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        raise OperationFailed(
            f"{repo} has changes that are in no commit: {', '.join(paths[:3])}{more}",
            "commit them, or take them back: these paths are what berth publish writes",
        )
    tree = _tree(repo, base, files, owned)
    listed = _git(repo, "diff-tree", "-r", "-z", "--name-status", "--no-renames", base, tree)
    words = listed.split("\0")[:-1] if listed else []
    changes = tuple(Change(kind, path) for kind, path in zip(words[::2], words[1::2], strict=True))
    return Publication(repo, base, branch, followed or branch, tree, changes)


def _top(folder: Path) -> Path:
    if not folder.is_dir():
        raise OperationFailed(
            f"{folder} is no folder", "clone the deploy repo, and name its folder: --deploy-repo PATH"
        )
    top = _git(folder, "rev-parse", "--show-toplevel", failing="it is no checkout of a Git repo")
    if Path(top).resolve() != folder.resolve():
        # A folder of some other repo: most likely this project's own.
        raise OperationFailed(f"{folder} is not the top of a checkout, {top} is", "name the deploy repo's own folder")
    return folder.resolve()


def _tree(repo: Path, base: str, files: Mapping[str, str], owned: Sequence[str]) -> str:
    """Writes the tree of `base` with `files` in place of what lies at the owned paths. Returns its id."""
    with tempfile.TemporaryDirectory(prefix="berth-publish-") as folder:
        sources = []
        for number, text in enumerate(files.values()):
            source = Path(folder) / str(number)
            source.write_bytes(text.encode())
            sources.append(str(source))
        hashed = _git(repo, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin="\n".join(sources))
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(repo, "read-tree", base, env=index)
        _git(repo, "rm", "--cached", "--quiet", "-r", "--ignore-unmatch", "--", *owned, env=index)
        entries = zip(files, hashed.splitlines(), strict=True)
        lines = "".join(f"100644 {blob}\t{path}\n" for path, blob in entries)
        _git(repo, "update-index", "--add", "--index-info", stdin=lines, env=index)
        return _git(repo, "write-tree", env=index)


def _git(
    cwd: Path, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None, failing: str = ""
) -> str:
    """Runs git and returns what it prints. Raises OperationFailed with git's own message, or with `failing`."""
    try:
        return git(*arguments, cwd=cwd, given=stdin, environment=env)
    except GitRefused as error:
        if not failing:
            raise GitRefused(" ".join(error.message.split())) from None
        raise OperationFailed(f"{cwd}: {failing}") from None
