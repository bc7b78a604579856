"""Git, through the git command: what it prints, and what a remote's branch or tag stands at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from berth.errors import OperationFailed


def git(*arguments: str, cwd: Path, identity: bool = False) -> str:
    """Runs git and returns what it prints. Raises OperationFailed with git's own message."""
    who = {}
    if identity:
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "Berth"), ("EMAIL", "berth@localhost"))
        }
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=cwd,
            env={**os.environ, **who, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise OperationFailed("git is not installed", "apt-get install git") from None
    if done.returncode != 0:
        raise OperationFailed(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


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
    command = ["git", "ls-remote", url, pattern, f"{pattern}^{{}}"]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)  # noqa: S603
    except FileNotFoundError:
        raise OperationFailed("git is not installed", "apt-get install git") from None
    except subprocess.TimeoutExpired:
        raise OperationFailed(f"{url} does not answer within {timeout:.0f} s") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["git ls-remote failed"])[-1]
        raise OperationFailed(f"{url}: {reason}")
    lines = done.stdout.splitlines()
    if not lines:
        raise OperationFailed(f"{url} has no {kind[:-1]} {name}")
    return lines[-1].split()[0]  # an annotated tag's commit comes after the tag itself
