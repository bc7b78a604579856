"""A clone of a repo in a folder of its own: what the repo holds is read from it, and the commit is made in it.

Nobody's checkout is touched. It has all commits of one branch and no files: those of a commit are read from Git.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from berth.errors import OperationFailed
from berth.git import git, read

_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
"""Paths are paths, whatever signs they hold."""


@dataclass(frozen=True)
class Commit:
    """A commit by its full id, with the first line of its message and its author's day."""

    id: str
    subject: str
    day: str

    @property
    def short(self) -> str:
        return self.id[:8]

    def __str__(self) -> str:
        return f"{self.short} {self.subject}"


@dataclass(frozen=True)
class Clone:
    """The clone of one branch."""

    root: Path
    url: str
    """As messages name the repo."""
    branch: str

    @classmethod
    def make(cls, remote: str, url: str, branch: str, root: Path) -> Clone:
        """Clones into the folder `root`, which is not there yet. Raises OperationFailed where the repo cannot be
        reached, asks for a login that there is none for, or has no such branch."""
        options = ("--quiet", "--no-checkout", "--single-branch", f"--branch={branch}")
        try:
            git("clone", *options, "--", remote, str(root), cwd=root.parent)
        except OperationFailed as error:
            told = [line for line in error.message.splitlines() if "warning:" not in line] or [error.message]
            reason = told[-1].removeprefix("git clone: ").removeprefix("fatal: ")
            raise OperationFailed(f"{url}: {reason}", f"git ls-remote {url} {branch}") from None
        return cls(root, url, branch)

    @property
    def tip(self) -> str:
        """The commit that the branch stood at when it was fetched last."""
        return self.commit(f"refs/remotes/origin/{self.branch}")

    def fetch(self) -> None:
        """Raises OperationFailed."""
        git("fetch", "--quiet", "origin", cwd=self.root)

    def commit(self, rev: str) -> str:
        """The full id of a commit, or an empty text where the clone has none of the name."""
        try:
            return self._read("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}").strip()
        except OperationFailed:
            return ""

    def is_name(self, branch: str) -> bool:
        """Whether a branch can have this name."""
        try:
            self._read("check-ref-format", f"refs/heads/{branch}")
        except OperationFailed:
            return False
        return not branch.startswith("-")

    def is_shallow(self) -> bool:
        return self._read("rev-parse", "--is-shallow-repository").strip() == "true"

    def holds(self, later: str, earlier: str) -> bool:
        """Whether the history of a commit has another one in it, or is it."""
        try:
            self._read("merge-base", "--is-ancestor", earlier, later)
        except OperationFailed:
            return False
        return True

    def about(self, commit: str) -> Commit:
        return self._commits("--no-walk", commit)[0]

    def changes(self, until: str, paths: Sequence[str], *, since: str = "", most: int = 0) -> list[Commit]:
        """What changed one of the paths on the branch, newest first: commits up to `until` and after `since`; all of
        them where no path is named. A merge counts as one change, made when it came to the branch."""
        limit = [f"--max-count={most}"] if most else []
        return self._commits("--first-parent", *limit, f"{since}..{until}" if since else until, "--", *paths)

    def content(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """The same for two commits that hold the same at all of the paths; empty texts where there is nothing."""
        names = "".join(f"{commit}:{'' if path == '.' else path}\n" for path in paths)
        told = read(self.root, "cat-file", "--batch-check=%(objectname)", given=names.encode()).decode().splitlines()
        return tuple("" if line.endswith(" missing") else line for line in told)

    def differences(self, before: str, after: str, paths: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Files that differ at the paths, or at all: `A`, `M` or `D`, and the path."""
        options = ("-r", "-z", "--no-renames", "--name-status")
        words = self._read("diff-tree", *options, before, after, "--", *paths).split("\0")
        return list(zip(words[::2], words[1::2], strict=False))

    def restore(self, commit: str, paths: Sequence[str], branch: str, message: str, *, identity: bool) -> str:
        """Makes a commit on a new local branch that holds, at the paths, what another commit holds there, and all else
        as the followed branch has it. Returns its id. `identity`: as Berth, and not as the person.

        Raises OperationFailed.
        """
        git("symbolic-ref", "HEAD", f"refs/heads/{branch}", cwd=self.root)
        git("update-ref", f"refs/heads/{branch}", self.tip, cwd=self.root)
        git("read-tree", self.tip, cwd=self.root)
        git("--literal-pathspecs", "restore", "--staged", f"--source={commit}", "--", *paths, cwd=self.root)
        words = self.root / ".git" / "ROLLBACK_MSG"
        words.write_text(message, "utf-8")
        options = ("--quiet", "--no-verify", "--cleanup=verbatim", f"--file={words}")
        try:
            git("commit", *options, cwd=self.root, identity=identity)
        except OperationFailed as error:
            if "tell me who you are" not in error.message and "empty ident" not in error.message:
                raise
            raise OperationFailed(
                "Git does not know who commits", "git config --global user.name NAME, and the same for user.email"
            ) from None
        return self.commit("HEAD")

    def push(self, branch: str) -> None:
        """Pushes a local branch under its name: on to the followed one, or as one that is not there yet.

        Raises OperationFailed; then nothing was pushed.
        """
        target = f"refs/heads/{branch}"
        lease = [] if branch == self.branch else [f"--force-with-lease={target}:"]
        try:
            git("push", "--quiet", *lease, "origin", f"{target}:{target}", cwd=self.root)
        except OperationFailed as error:
            if "stale info" in error.message:
                raise OperationFailed(
                    f"the branch {branch} is there already", "delete it, or name another one: --branch NAME"
                ) from None
            if "fetch first" in error.message or "non-fast-forward" in error.message:
                raise OperationFailed(f"{branch} has moved on meanwhile", "run it again") from None
            raise OperationFailed(" ".join(error.message.split())) from None

    def _commits(self, *arguments: str) -> list[Commit]:
        printed = self._read("log", "--no-show-signature", "-z", "--date=short", "--format=%H%n%ad%n%s", *arguments)
        parts = [item.split("\n", 2) for item in printed.split("\0") if item]
        return [Commit(commit, subject, day) for commit, day, subject in parts]

    def _read(self, *arguments: str) -> str:
        return read(self.root, *arguments, environment=_LITERAL).decode(errors="replace")
