"""The loss of a cluster: its API server ends as in a crash, the others go on, and it comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator

from berth.drill.ground import Ground
from berth.drill.model import Report, Step
from berth.drill.watch import Wait, until
from berth.local import processes
from berth.status import State

SEEN_SECONDS = 120.0
START_SECONDS = 60.0
_BAD = (State.FAILING, State.MISSING, State.UNREACHABLE)


class Outage:
    """Ends the API server of the tenant's last cluster, and starts it again."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._open = False

    def steps(self, report: Report) -> Iterator[Step]:
        ground, lost = self.ground, self.ground.clusters[-1]
        others = [name for name in ground.fleet.clusters if name != lost]
        report.doing(f"ending the API server of {lost}")
        process = processes.running(ground.fleet.paths)[f"{lost}/kube-apiserver"]
        self._open = True
        process.kill()
        process.wait(60)
        began = time.monotonic()
        yield from until([Wait("lost cluster seen", lost, SEEN_SECONDS, began)], self._unreachable)
        yield from until([Wait("others go on", other, SEEN_SECONDS, began) for other in others], self._going_on)
        report.doing(f"starting the API server of {lost} again")
        began = time.monotonic()
        self._start()
        patience = START_SECONDS + ground.settle_seconds
        yield from until([Wait("lost cluster in sync again", lost, patience, began)], self._in_sync)

    def undo(self) -> None:
        """Starts the API server again where that was not done. Raises OperationFailed."""
        if self._open:
            self._start()

    def _start(self) -> None:
        self.ground.fleet.up(lambda _about, _message: None)
        self._open = False

    def _unreachable(self) -> dict[str, str]:
        """Clusters of which no tenant's state is known."""
        rows = self.ground.rows()
        known = {row.cluster for row in rows if row.state is not State.UNREACHABLE}
        return {row.cluster: row.message for row in rows if row.cluster not in known}

    def _going_on(self) -> dict[str, str]:
        """Clusters of which no tenant is in a bad state, with how many that are."""
        rows = self.ground.rows()
        bad = {row.cluster for row in rows if row.state in _BAD}
        counts = {name: sum(row.cluster == name for row in rows) for name in self.ground.fleet.clusters}
        return {name: f"{count} tenants as before" for name, count in counts.items() if name not in bad}

    def _in_sync(self) -> dict[str, str]:
        """Clusters of which all tenants are in sync."""
        rows = self.ground.rows()
        other = {row.cluster for row in rows if not row.state.good}
        return {row.cluster: "all tenants in sync" for row in rows if row.cluster not in other}
