"""What somebody does to a tenant with kubectl, and the agent puts right: a change, and a deletion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from berth import names
from berth.drill.ground import Ground
from berth.drill.model import Report, Step
from berth.drill.watch import Wait, until
from berth.errors import OperationFailed
from berth.handover.model import LABELS
from berth.local.fleet import parse_json
from berth.settings import Engine


@dataclass(frozen=True)
class Fault:
    """Something done by hand in one cluster, and whether it is undone."""

    name: str
    cluster: str
    told: str
    healed: Callable[[], bool]


class ByHand:
    """Changes a Deployment of the tenant in its first cluster, and deletes one in its last."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._open: list[Fault] = []

    def steps(self, report: Report) -> Iterator[Step]:
        first, last = self.ground.clusters[0], self.ground.clusters[-1]
        changes = [(self._change, first), (self._delete, last)]
        # At once, as an interval is to be waited for; in one cluster, the second one would undo the first.
        for group in [changes] if first != last else [[change] for change in changes]:
            report.doing(f"by hand: {' and '.join(do.__name__.strip('_') for do, _ in group)} a Deployment")
            waits = []
            for do, cluster in group:
                fault = do(cluster)
                pace, seconds = self.ground.heal_pace(cluster), self.ground.heal_seconds(cluster)
                waits.append(Wait(fault.name, cluster, seconds, time.monotonic(), pace))
            report.doing("waiting for the agents to undo it")
            yield from until(waits, self._look)
            self._open = [fault for fault in self._open if not fault.healed()]

    def undo(self) -> None:
        """Has the agents look now where something is not undone yet. Raises OperationFailed where it stays."""
        for fault in self._open:
            self._ask_for_sync(fault.cluster)
        # An agent that is at a sync looks again after that.
        end = time.monotonic() + max((self.ground.heal_seconds(fault.cluster) for fault in self._open), default=0.0)
        while left := [fault for fault in self._open if not fault.healed()]:
            if time.monotonic() > end:
                raise OperationFailed(f"{left[0].told} in {left[0].cluster} is not undone", "berth local deploy")
            time.sleep(0.5)
        self._open = []

    def _look(self) -> dict[str, str]:
        return {fault.cluster: fault.told for fault in self._open if fault.healed()}

    def _change(self, cluster: str) -> Fault:
        item = self._deployment(cluster)
        container = item["spec"]["template"]["spec"]["containers"][0]
        image, other = container["image"], _other_tag(container["image"])
        at = self._at(item)

        def healed() -> bool:
            found = self._get(cluster, item)
            return found is not None and found["spec"]["template"]["spec"]["containers"][0]["image"] == image

        fault = Fault("change by hand undone", cluster, f"image of Deployment {item['metadata']['name']}", healed)
        self._open.append(fault)
        self._kubectl(cluster, "set", "image", *at, f"{container['name']}={other}")
        return fault

    def _delete(self, cluster: str) -> Fault:
        item = self._deployment(cluster)

        def healed() -> bool:
            found = self._get(cluster, item)
            return found is not None and found["metadata"]["uid"] != item["metadata"]["uid"]

        fault = Fault("deletion by hand undone", cluster, f"Deployment {item['metadata']['name']}", healed)
        self._open.append(fault)
        self._kubectl(cluster, "delete", *self._at(item))
        return fault

    def _deployment(self, cluster: str) -> dict[str, Any]:
        """The first Deployment of the tenant that comes from Git."""
        for namespace in self.ground.placed[cluster].namespaces:
            mine = f"--selector={LABELS[self.ground.engine]}"
            found: Any = parse_json(
                self._kubectl(cluster, "get", "deployments", f"--namespace={namespace}", mine, "--output=json")
            )
            if found:
                item: dict[str, Any] = found[0]
                return item
        raise OperationFailed(
            f"{self.ground.tenant} has no Deployment in {cluster} that its agent made", "name another tenant: --tenant"
        )

    def _get(self, cluster: str, item: dict[str, Any]) -> dict[str, Any] | None:
        found: Any = parse_json(self._kubectl(cluster, "get", *self._at(item), "--ignore-not-found", "--output=json"))
        return found[0] if found else None

    def _at(self, item: dict[str, Any]) -> tuple[str, str]:
        about = item["metadata"]
        return f"deployment/{about['name']}", f"--namespace={about['namespace']}"

    def _ask_for_sync(self, cluster: str) -> None:
        tenant, now = self.ground.tenant, str(time.time())
        where, mark = {
            Engine.FLUX: (
                ("kustomization", tenant, f"--namespace={names.sync_namespace(tenant)}"),
                f"reconcile.fluxcd.io/requestedAt={now}",
            ),
            Engine.ARGOCD: (
                ("application", tenant, f"--namespace={names.ARGOCD_NAMESPACE}"),
                "argocd.argoproj.io/refresh=normal",
            ),
        }[self.ground.engine]
        self._kubectl(cluster, "annotate", "--overwrite", *where, mark)

    def _kubectl(self, cluster: str, *arguments: str) -> str:
        return self.ground.fleet.kubectl(self.ground.plane(cluster), *arguments)


def _other_tag(image: str) -> str:
    """The same image with another tag: one from another place the cluster might refuse."""
    name = image.partition("@")[0]
    place, slash, last = name.rpartition("/")
    return f"{place}{slash}{last.partition(':')[0]}:berth-drill"
