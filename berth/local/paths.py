"""Where the local fleet keeps its things: its state in the project, what it builds in the user's cache."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from berth.errors import OperationFailed, one_of
from berth.files import expanded


@dataclass(frozen=True)
class FleetPaths:
    """Paths below one state folder. Two fleets with two state folders never meet."""

    state: Path

    @classmethod
    def of(cls, root: Path, state: Path | None = None) -> FleetPaths:
        return cls((state or root / ".local").absolute())

    @property
    def kubeconfig(self) -> Path:
        """One context a cluster, for people and for Berth."""
        return self.state / "kubeconfig"

    @property
    def ports(self) -> Path:
        return self.state / "ports.json"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def repos(self) -> Path:
        """The folder that the Git server serves."""
        return self.state / "git"

    @property
    def deploy_repo(self) -> Path:
        return self.repos / "deploy.git"

    @property
    def logins(self) -> Path:
        """Which repos of the Git server ask for a login, and the token that is valid: a repo and its token a line. Not
        there as long as none does."""
        return self.state / "git-logins"

    @property
    def worktree(self) -> Path:
        """A checkout of the deploy repo, to commit in."""
        return self.state / "deploy"

    @property
    def engine(self) -> Path:
        """Which engine the fleet has."""
        return self.state / "engine"

    @property
    def former_engine(self) -> Path:
        """Which engine it had before, until that one has let go."""
        return self.state / "former-engine"

    @property
    def clusters(self) -> Path:
        return self.state / "clusters"

    @property
    def deployed_with(self) -> Path:
        """Which tool deploys to this fleet: what one made, the other does not take over."""
        return self.state / "deployed-with"

    @property
    def delivery(self) -> Path:
        """How tenants' objects reached this fleet first."""
        return self.state / "delivery"

    def cluster(self, name: str) -> Path:
        """Data and certificates of one cluster."""
        return self.clusters / name

    def log(self, process: str) -> Path:
        return self.state / "logs" / f"{process.replace('/', '-')}.log"


def read_word(path: Path, known: Iterable[str], what: str) -> str | None:
    """The one word in a file of the fleet's state; None where there is no file. Raises OperationFailed where it is none
    of those that are known."""
    if not path.is_file():
        return None
    word = path.read_text("utf-8", errors="replace").strip()
    if word not in set(known):
        raise OperationFailed(f"{path} names no {what}", f"write into it what the fleet has: {one_of(known)}")
    return word


def cache_dir() -> Path:
    """The user's cache for what Berth builds; survives `git clean`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else expanded("~/.cache")) / "berth"
