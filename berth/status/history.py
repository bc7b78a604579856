"""The commits before the one that a branch or tag stands at, asked of the repo itself, for the lag in commits.

Commits only, without the files, into a folder that is gone afterwards: nothing is kept, and no checkout is needed.
"""

from __future__ import annotations

import datetime
import tempfile

from berth.errors import OperationFailed
from berth.git import git_within, resolve_remote
from berth.status.expected import Commits, Point

DEPTH = 200
"""Commits that are looked back. Who is further behind is so by an unknown number of commits."""


def expected_commit(point: Point, timeout: float) -> Commits | OperationFailed:
    """What a point stands at, without the commits before it; or why that is not known."""
    url, ref = point
    try:
        return Commits(resolve_remote(url, dict(ref), timeout))
    except OperationFailed as error:
        return error


def with_log(point: Point, commits: Commits, timeout: float) -> Commits:
    """The same with the commits before it, along the branch; without, where the repo does not tell in time."""
    url, ref = point
    ((kind, name),) = ref
    wanted = {"branch": f"refs/heads/{name}", "tag": f"refs/tags/{name}"}.get(kind, name)
    with tempfile.TemporaryDirectory(prefix="berth-git-", ignore_cleanup_errors=True) as folder:
        try:
            git_within(timeout, url, "init", "--quiet", "--bare", folder)
            options = ("--quiet", "--no-tags", f"--depth={DEPTH}", "--filter=tree:0")
            git_within(timeout, url, "-C", folder, "fetch", *options, url, wanted)
            # Along the branch: what a merge brought in was not what the agents could have applied before.
            log = git_within(timeout, url, "-C", folder, "log", "--first-parent", "--format=%H %ct", "FETCH_HEAD")
        except (OperationFailed, OSError):
            return commits
    lines = [line.split() for line in log.splitlines()]
    found = tuple((commit, datetime.datetime.fromtimestamp(int(at), datetime.UTC)) for commit, at in lines)
    # A push in between: then the head of before is not the first.
    first = next((index for index, (commit, _) in enumerate(found) if commit == commits.head), len(found))
    return Commits(commits.head, found[first:])
