"""Git, through the git command: what it prints, and what a remote's branch or tag stands at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from berth import programs
from berth.errors import OperationFailed


class GitRefused(OperationFailed):
    """Git ran, and did not do what it was asked to."""


def git(
    *arguments: str,
    cwd: Path,
    identity: bool = False,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Runs git and returns what it prints, without the last line's end.

    `given` is its input, `environment` what it gets beside this process's own. Raises OperationFailed with git's own
    message.
    """
    who = {}
    if identity:
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "Berth"), ("EMAIL", "berth@localhost"))
        }
    whole = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **who, **(environment or {})}
    return _run(cwd, arguments, whole, None if given is None else given.encode()).decode().rstrip("\n")


_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


def read(cwd: Path, *arguments: str, given: bytes | None = None, environment: Mapping[str, str] | None = None) -> bytes:
    """Runs git, which neither asks, fetches nor takes a lock, and returns what it prints, byte for byte.

    `given` is its input, `environment` what it gets beside this process's own. Raises OperationFailed with git's own
    message.
    """
    return _run(cwd, arguments, {**_QUIET, **(environment or {})}, given)


def _run(cwd: Path, arguments: Sequence[str], environment: Mapping[str, str], given: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=cwd,
            env={**os.environ, **environment},
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
        )
    except FileNotFoundError:
        if not cwd.is_dir():
            raise OperationFailed(f"{cwd} is not there") from None
        raise OperationFailed("git is not installed", "apt-get install git") from None
    if done.returncode != 0:
        raise GitRefused(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def resolve_remote(url: str, ref: dict[str, str], timeout: float = 10.0) -> str:
    """The commit that a branch or tag of a remote repo stands at; a commit stands for itself. Empty for a semver range:
    which tag is the highest in it, only the agent decides.

    Raises OperationFailed where the repo cannot be reached or has no such ref.
    """
    if "commit" in ref:
        return ref["commit"]
    if "semver" in ref:
        return ""
    kind, name = ("heads", ref["branch"]) if "branch" in ref else ("tags", ref["tag"])
    pattern = f"refs/{kind}/{name}"
    lines = git_within(timeout, url, "ls-remote", url, pattern, f"{pattern}^{{}}").splitlines()
    if not lines:
        raise OperationFailed(f"{url} has no {kind[:-1]} {name}")
    return lines[-1].split()[0]  # an annotated tag's commit comes after the tag itself


def git_within(timeout: float, url: str, *arguments: str) -> str:
    """Runs git, which asks the repo at `url`, for at most `timeout` seconds, and returns what it prints.

    Raises OperationFailed. When the time is up, all that git has started ends with it.
    """
    try:
        done = programs.run(
            ("git", *arguments), timeout=timeout, environment={**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        )
    except FileNotFoundError:
        raise OperationFailed("git is not installed", "apt-get install git") from None
    except subprocess.TimeoutExpired:
        raise OperationFailed(f"{url} does not answer within {timeout:.0f} s") from None
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise OperationFailed(f"{url}: {(told or [f'git {arguments[0]} failed'])[-1]}")
    return done.stdout.decode(errors="replace")
