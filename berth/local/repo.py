"""The fleet's deploy repo: a bare repo that the Git server serves, and a checkout to commit in."""

from __future__ import annotations

import shutil
from pathlib import Path

from berth.errors import OperationFailed
from berth.git import git
from berth.local.paths import FleetPaths

BRANCH = "main"


def seed(paths: FleetPaths, sample: Path) -> None:
    """Makes the deploy repo from the `sample` folder, unless it is there already, and a checkout of it."""
    if not (paths.deploy_repo / "HEAD").is_file() or not _has_commits(paths.deploy_repo):
        _make_repo(paths, sample)
    if not (paths.worktree / ".git").exists():
        if paths.worktree.exists() and any(paths.worktree.iterdir()):
            raise OperationFailed(f"{paths.worktree} is in the way of the deploy repo's checkout", "move it away")
        # By path, not over HTTP: the Git server is read-only, as the agents' credential for it would be.
        git("clone", "--quiet", str(paths.deploy_repo), str(paths.worktree), cwd=paths.state)
        git("config", "user.name", "Berth local fleet", cwd=paths.worktree)
        git("config", "user.email", "berth@localhost", cwd=paths.worktree)


def _has_commits(repo: Path) -> bool:
    try:
        git("rev-parse", "--verify", "--quiet", f"refs/heads/{BRANCH}", cwd=repo)
    except OperationFailed:
        return False
    return True


def _make_repo(paths: FleetPaths, sample: Path) -> None:
    shutil.rmtree(paths.deploy_repo, ignore_errors=True)
    paths.repos.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(paths.deploy_repo), cwd=paths.state)
    at = [f"--git-dir={paths.deploy_repo}", f"--work-tree={sample}"]
    git(*at, "add", "--all", "--force", ".", cwd=sample)
    git(*at, "commit", "--quiet", "--message", "Start the deploy repo from the sample", cwd=sample, identity=True)
    # The index was for this one commit: a bare repo has none.
    (paths.deploy_repo / "index").unlink(missing_ok=True)
