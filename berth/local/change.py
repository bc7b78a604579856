"""The end of a change of engines on the local fleet: the former agent goes when none of its sync objects is left.

What `install: chart` does in a cluster by taking the chart away. Before that, only the former agent can take the
finalizers off its objects. Workloads are not touched.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from berth import names
from berth.errors import OperationFailed
from berth.local import engines, processes
from berth.local.agent import Agent, Tell
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet, alone
from berth.settings import Delivery

GONE_SECONDS = 180.0
"""A controller lets go of an object when it is done with what it is at: two engines at once are busy."""


def retire_former(fleet: Fleet, tell: Tell) -> None:
    """Stops the agent that the fleet had before and removes its kinds, rights and namespace. Raises OperationFailed
    where a sync object of it stays; then nothing is stopped, and the next deploy tries again."""
    former, planes = fleet.former, fleet.planes()
    if former is None:
        return
    with alone(fleet.paths), ThreadPoolExecutor(len(planes)) as pool:
        list(pool.map(lambda plane: _wait_until_gone(fleet, plane, former), planes))
        list(pool.map(lambda plane: _remove(fleet, plane, former, tell), planes))
        engines.forget_former(fleet.paths)


def _wait_until_gone(fleet: Fleet, plane: ControlPlane, former: Agent) -> None:
    end = time.monotonic() + GONE_SECONDS
    whose = (",".join(former.syncs), "--all-namespaces", f"--selector={names.TENANT_LABEL}")
    if fleet.stack.settings.delivery is Delivery.GIT:
        # The root that made them is gone, and it leaves what it made.
        fleet.kubectl(plane, "delete", *whose, "--wait=false")
    listing = ("get", *whose, "--output=name")
    while left := fleet.kubectl(plane, *listing).split():
        if time.monotonic() > end:
            raise OperationFailed(
                f"{plane.name}: after {GONE_SECONDS:.0f} s there is still {', '.join(left)}",
                "look at its finalizers, then: berth local deploy",
            )
        time.sleep(0.5)


def _remove(fleet: Fleet, plane: ControlPlane, former: Agent, tell: Tell) -> None:
    running = processes.running(fleet.paths)
    processes.stop([running[spec.name] for spec in former.specs(plane) if spec.name in running])
    files = [f"--filename={path}" for path in fleet.manifests_of(former)]
    fleet.kubectl(plane, "delete", "--ignore-not-found", *files)
    for client in former.clients:
        for path in (plane.config_of(client), *plane.certificates.glob(f"{client}.*")):
            path.unlink(missing_ok=True)
    tell(plane.name, f"{former.title} has let go: its controllers are stopped, its kinds are removed")
