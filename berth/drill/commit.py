"""A commit that breaks a tenant, seen in every cluster, and taken back with a rollback."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from berth.drill.ground import Ground
from berth.drill.model import Report, Step
from berth.drill.watch import Wait, until
from berth.errors import InvalidInput
from berth.git import git
from berth.rollback import Rollback, prepare
from berth.status import State

_BROKEN = "this is not: [a kustomization\n"


class BadCommit:
    """Breaks the tenant's path of every cluster in one commit to the branch that they follow."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._repo = ground.fleet.paths.deploy_repo
        self._good = git("rev-parse", f"refs/heads/{ground.branch}", cwd=self._repo)
        self._open = False

    def steps(self, report: Report) -> Iterator[Step]:
        ground, pace, patience = self.ground, self.ground.git_pace, self.ground.git_seconds
        report.doing(f"pushing a commit that breaks {ground.tenant}")
        self._open = True
        self._break()
        began = time.monotonic()
        report.doing("waiting for every cluster to say that it fails")
        yield from until([Wait("bad commit seen", c, patience, began, pace) for c in ground.clusters], self._failing)
        report.doing("rolling back")
        began = time.monotonic()
        rollback, back = self._roll_back(None)
        seconds = time.monotonic() - began if back else None
        yield Step("rollback pushed", "-", seconds, "", f"back to {rollback.to}: {rollback.reason}")
        began = time.monotonic()
        report.doing("waiting for every cluster to apply the rollback")

        def applied() -> dict[str, str]:
            return self._in_sync(rollback.commit)

        yield from until([Wait("rollback applied", c, patience, began, pace) for c in ground.clusters], applied)
        self._open = not back

    def undo(self) -> None:
        """Takes the commit back where that was not done. Raises OperationFailed."""
        if self._open:
            with suppress(InvalidInput):  # it is back already, or it never came to be
                self._roll_back(self._good)
            self._open = False

    def _break(self) -> None:
        with tempfile.TemporaryDirectory(prefix="berth-drill-") as folder:
            checkout = Path(folder) / "checkout"
            git("clone", "--quiet", f"--branch={self.ground.branch}", str(self._repo), str(checkout), cwd=Path(folder))
            for tenant in self.ground.placed.values():
                (checkout / tenant.source.path / "kustomization.yaml").write_text(_BROKEN, "utf-8")
            git("add", "--all", cwd=checkout)
            message = f"Drill: break {self.ground.tenant}"
            git("commit", "--quiet", "--no-verify", "--message", message, cwd=checkout, identity=True)
            git("push", "--quiet", "origin", f"HEAD:refs/heads/{self.ground.branch}", cwd=checkout)

    def _roll_back(self, to: str | None) -> tuple[Rollback, bool]:
        """Puts the revert on the branch that the clusters follow. Returns it, and whether the tenant's paths hold again
        what they held before the drill: which commit that came from does not matter."""
        ground = self.ground
        with tempfile.TemporaryDirectory(prefix="berth-drill-") as folder:
            clone, stacks, branch = Path(folder) / "clone", [ground.stack], ground.branch
            rollback = prepare(ground.project, ground.tenant, clone, stacks=stacks, to=to, branch=branch)
            rollback.push()
            held = [rollback.clone.content(commit, rollback.paths) for commit in (rollback.commit, self._good)]
        return rollback, held[0] == held[1]

    def _failing(self) -> dict[str, str]:
        return {cluster: row.message for cluster, row in self.ground.states().items() if row.state is State.FAILING}

    def _in_sync(self, commit: str) -> dict[str, str]:
        states = self.ground.states()
        return {
            c: f"at {commit[:8]}" for c, row in states.items() if row.state is State.IN_SYNC and row.applied == commit
        }
