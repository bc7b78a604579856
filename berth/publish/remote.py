"""What `origin` has, and the push of one commit on top of that: nothing goes along, and nothing is written over."""

from __future__ import annotations

from pathlib import Path

from berth.errors import OperationFailed
from berth.git import GitRefused, git

_SHOWN = 3
"""How many commits a message names."""


def check_base(repo: Path, base: str, branch: str) -> None:
    """Raises OperationFailed where `branch` of `origin` stands at another commit than `base`. Fetches nothing."""
    tip = git("ls-remote", "origin", f"refs/heads/{branch}", cwd=repo).partition("\t")[0]
    if tip == base:
        return
    if not tip:
        raise OperationFailed(f"origin has no branch {branch}", f"git push origin HEAD:refs/heads/{branch}")
    if not _holds(repo, base, tip):
        raise OperationFailed(f"{branch} of origin has commits that {repo} has not", _pull(branch))
    ahead = git("log", "--no-show-signature", "--format=%h %s", f"{tip}..{base}", cwd=repo).splitlines()
    more = f", and {len(ahead) - _SHOWN} more" if len(ahead) > _SHOWN else ""
    raise OperationFailed(
        f"{repo} has {len(ahead)} commit{'' if len(ahead) == 1 else 's'} that {branch} of origin has not: "
        f"{', '.join(ahead[:_SHOWN])}{more}",
        f"push that to {branch} first, or publish from another checkout",
    )


def push_alone(repo: Path, commit: str, branch: str, expected: str) -> None:
    """Pushes a commit to a branch of `origin` that stands at `expected`, or that is not there where that is empty.

    Raises OperationFailed; then nothing was pushed.
    """
    target = f"refs/heads/{branch}"
    lease = f"--force-with-lease={target}:{expected}"
    try:
        git("push", "--quiet", lease, "origin", f"{commit}:{target}", cwd=repo)
    except GitRefused as error:
        if "stale info" not in error.message:
            raise
        if not expected:
            raise OperationFailed(
                f"origin has a branch {branch} already", "delete it there, or name another one: --branch NAME"
            ) from None
        raise OperationFailed(f"{branch} of origin has moved meanwhile", _pull(branch)) from None


def _pull(branch: str) -> str:
    return f"git pull --rebase origin {branch}"


def _holds(repo: Path, later: str, earlier: str) -> bool:
    """Whether the history of a commit has another one in it. One that is not here is in none."""
    try:
        git("merge-base", "--is-ancestor", earlier, later, cwd=repo)
    except GitRefused:
        return False
    return True
