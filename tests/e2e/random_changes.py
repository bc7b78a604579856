"""Changes of a project that chance chooses: of settings, of profiles and of tenants. Each leaves the project valid."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.harness import approve_removal

Data = dict[str, Any]
Change = Callable[[random.Random, Path], None]
"""Edits files of the project in a folder. Does nothing where nothing of it is there to be edited."""

_CLOUDS = ("aws", "gcp", "azure")
_STACK = "Pulumi.local.yaml"


@contextmanager
def _edited(path: Path) -> Iterator[Data]:
    data = yaml.safe_load(path.read_text("utf-8"))
    yield data
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")


def _tenants(root: Path) -> list[Path]:
    return sorted((root / "tenants").glob("*.yaml"))


def _some_tenant(chance: random.Random, root: Path) -> Path:
    return chance.choice(_tenants(root))


def _of_a_tenant(change: Callable[[random.Random, Data], None]) -> Change:
    def changed(chance: random.Random, root: Path) -> None:
        with _edited(_some_tenant(chance, root)) as tenant:
            change(chance, tenant)

    return changed


def _of_a_profile(change: Callable[[random.Random, Data], None]) -> Change:
    def changed(chance: random.Random, root: Path) -> None:
        with _edited(chance.choice(sorted((root / "tenants" / "profiles").glob("*.yaml")))) as profile:
            change(chance, profile)

    return changed


def _of_the_stack(change: Callable[[random.Random, Data], None]) -> Change:
    def changed(chance: random.Random, root: Path) -> None:
        with _edited(root / _STACK) as stack:
            change(chance, stack["config"])

    return changed


def _quota(chance: random.Random, tenant: Data) -> None:
    tenant.setdefault("quota", {})["services"] = str(chance.randint(1, 19))


def _label(chance: random.Random, tenant: Data) -> None:
    tenant["labels"] = {"wave": f"w{chance.randint(1, 99)}"}


def _network(chance: random.Random, tenant: Data) -> None:
    blocks = [f"10.{chance.randint(1, 199)}.0.0/16" for _ in range(chance.randint(1, 2))]
    tenant["network"] = {"egressCidrs": blocks, "internet": chance.random() < 0.5}


def _owners(chance: random.Random, tenant: Data) -> None:
    tenant["owners"]["groups"] = [f"group-{chance.randint(1, 99)}"] if chance.random() < 0.7 else []


def _sync(chance: random.Random, tenant: Data) -> None:
    tenant["sync"] = {"interval": f"{chance.randint(20, 50)}s", "prune": chance.random() < 0.5}


def _suspended(chance: random.Random, tenant: Data) -> None:
    del chance
    tenant["lifecycle"] = "active" if tenant.get("lifecycle") == "suspended" else "suspended"


def _pod_security(chance: random.Random, tenant: Data) -> None:
    tenant |= {"podSecurity": "baseline", "exception": f"Ticket {chance.randint(1, 99)}."}


def _namespaces(chance: random.Random, tenant: Data) -> None:
    tenant["namespaces"] = ["", f"more{chance.randint(1, 99)}"]


def _hosts(chance: random.Random, tenant: Data) -> None:
    tenant.setdefault("allow", {})["hosts"] = [f"{tenant['name']}{chance.randint(1, 99)}.example.com"]


def _added(chance: random.Random, root: Path) -> None:
    name = f"new-{chance.randint(100, 999)}"
    clouds = chance.sample(_CLOUDS, chance.randint(1, 3))
    tenant = {
        "name": name,
        "owners": {"team": name, "contact": f"{name}@example.com", "groups": [f"{name}-devs"]},
        "profile": chance.choice(["small", "standard"]),
        "placements": [{"environments": ["local"], "clouds": clouds}],
    }
    (root / "tenants" / f"{name}.yaml").write_text(yaml.safe_dump(tenant), "utf-8")


def _removed(chance: random.Random, root: Path) -> None:
    if len(_tenants(root)) > 2:
        path = _some_tenant(chance, root)
        approve_removal(root, path.stem)
        path.unlink()


def _renamed(chance: random.Random, root: Path) -> None:
    path = _some_tenant(chance, root)
    name = f"renamed-{chance.randint(100, 999)}"
    with _edited(path) as tenant:
        tenant["name"] = name
    approve_removal(root, path.stem)
    path.rename(path.with_name(f"{name}.yaml"))


def _moved(chance: random.Random, root: Path) -> None:
    path = _some_tenant(chance, root)
    with _edited(path) as tenant:
        placement = tenant["placements"][0]
        placement.pop("labels", None)
        placement["clouds"] = chance.sample(_CLOUDS, chance.randint(1, 2))


def _profile_quota(chance: random.Random, profile: Data) -> None:
    profile["quota"] |= {"configmaps": str(chance.randint(20, 99))}


def _profile_limits(chance: random.Random, profile: Data) -> None:
    profile["limits"]["defaultRequest"]["cpu"] = f"{chance.randint(51, 99)}m"


def _profile_registries(chance: random.Random, profile: Data) -> None:
    profile["allow"]["registries"] = [f"registry{chance.randint(1, 99)}.example.com"]


def _profile_sync(chance: random.Random, profile: Data) -> None:
    profile["sync"] = {"interval": f"{chance.randint(6, 19)}s", "timeout": "1m"}


def _repo_interval(chance: random.Random, config: Data) -> None:
    config["berth:deployRepo"]["interval"] = f"{chance.randint(3, 9)}s"


def _repo_path(chance: random.Random, config: Data) -> None:
    # One of them says the same in other words.
    paths = ("apps/{tenant}/environments/{environment}", "apps/{tenant}/local/{cloud}")
    config["berth:deployRepo"]["path"] = chance.choice(paths)


def _cluster_labels(chance: random.Random, config: Data) -> None:
    labels = chance.choice(config["berth:clusters"])["labels"]
    labels["tier"] = "standard" if labels["tier"] == "telemetry" else "telemetry"


def _agents_suspended(chance: random.Random, config: Data) -> None:
    del chance
    config["berth:gitops"]["suspended"] = True


def _guards(chance: random.Random, config: Data) -> None:
    config.setdefault("berth:guards", {})["maxRemovedPercent"] = chance.randint(11, 99)


SUSPENDED = "the agents suspended"
CHANGES: dict[str, Change] = {
    "a tenant's quota": _of_a_tenant(_quota),
    "a tenant's labels": _of_a_tenant(_label),
    "a tenant's network": _of_a_tenant(_network),
    "a tenant's owners": _of_a_tenant(_owners),
    "a tenant's sync": _of_a_tenant(_sync),
    "a tenant's pod security": _of_a_tenant(_pod_security),
    "a tenant's namespaces": _of_a_tenant(_namespaces),
    "a tenant's hosts": _of_a_tenant(_hosts),
    "a tenant suspended": _of_a_tenant(_suspended),
    "a tenant added": _added,
    "a tenant removed": _removed,
    "a tenant renamed": _renamed,
    "a tenant moved": _moved,
    "a profile's quota": _of_a_profile(_profile_quota),
    "a profile's limits": _of_a_profile(_profile_limits),
    "a profile's registries": _of_a_profile(_profile_registries),
    "a profile's sync": _of_a_profile(_profile_sync),
    "the repo's interval": _of_the_stack(_repo_interval),
    "the repo's path": _of_the_stack(_repo_path),
    "a cluster's labels": _of_the_stack(_cluster_labels),
    SUSPENDED: _of_the_stack(_agents_suspended),
    "the guards": _of_the_stack(_guards),
}
"""By what they change."""
