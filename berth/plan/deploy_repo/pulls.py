"""What the agent of each cluster pulls for each tenant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from berth.plan.rendered import is_placed
from berth.project import Project
from berth.render.objects import Object
from berth.settings import Engine
from berth.tenants.must_hold import patch_of


@dataclass(frozen=True)
class Pull:
    """A tenant's manifests in one cluster. `ref` is one of branch, tag, semver and commit, and its value."""

    cluster: str
    tenant: str
    engine: Engine
    url: str
    ref: tuple[str, str]
    path: str
    directory: str | None
    """The only directory of the repo that Flux gets; None where the whole repo is the tenant's own."""
    namespace: str = ""
    """Where Flux puts all objects; empty where manifests say so themselves."""
    active: bool = True
    """Whether the agent applies what it pulls."""
    prune: bool = True
    """Whether the agent deletes what it has applied, and no longer finds."""
    must_hold: tuple[str, ...] = ()
    """Patches that fail where what they are of is missing."""


def pulls_of(project: Project, stacks: Iterable[str]) -> Iterator[Pull]:
    """What is pulled in the clusters of the named stacks."""
    for name in stacks:
        for cluster in project.stacks[name].clusters:
            for loaded in project.tenants.values():
                tenant = project.place(loaded, cluster) if is_placed(loaded, cluster) else None
                if tenant is None:
                    continue
                source, engine = tenant.source, cluster.gitops.engine
                ((kind, value),) = source.ref.items()
                alone = len(tenant.namespaces) == 1 and engine is Engine.FLUX
                yield Pull(
                    cluster.name,
                    tenant.name,
                    engine,
                    source.url,
                    (kind, value),
                    source.path,
                    source.directory,
                    tenant.namespaces[0] if alone else "",
                    not tenant.rests,
                    tenant.policy.sync.prune,
                    tuple(patch_of(held)["patch"] for held in tenant.policy.sync.must_hold),
                )


def pulls_of_objects(cluster: str, tenant: str, objects: Iterable[Object]) -> Pull | None:
    """What is pulled, told from the rendered objects of a tenant; None where there is no sync object among them."""
    found = {item["kind"]: item["spec"] for item in objects if item["kind"] in _SYNC_KINDS}
    if "Application" in found:
        source = found["Application"]["source"]
        # An Application names a revision, whatever kind it is of.
        revision, path = source["targetRevision"], source["path"]
        automated = found["Application"]["syncPolicy"].get("automated")
        return Pull(
            cluster,
            tenant,
            Engine.ARGOCD,
            source["repoURL"],
            ("", revision),
            path,
            _directory_in(path, tenant),
            active=automated is not None,
            prune=bool((automated or {}).get("prune", True)),
            must_hold=_must_hold(source.get("kustomize", {})),
        )
    if "GitRepository" not in found or "Kustomization" not in found:
        return None
    source, sync = found["GitRepository"], found["Kustomization"]
    ((kind, value),) = source["ref"].items()
    return Pull(
        cluster,
        tenant,
        Engine.FLUX,
        source["url"],
        (kind, value),
        sync["path"].removeprefix("./") or ".",
        next(iter(source.get("sparseCheckout", ())), None),
        sync.get("targetNamespace", ""),
        not sync.get("suspend", False),
        bool(sync["prune"]),
        _must_hold(sync),
    )


def _must_hold(stated: dict[str, Any]) -> tuple[str, ...]:
    """A patch with a target may find nothing."""
    return tuple(each["patch"] for each in stated.get("patches", ()) if "target" not in each)


_SYNC_KINDS = ("Application", "GitRepository", "Kustomization")


def _directory_in(path: str, tenant: str) -> str | None:
    """Up to the first step that names the tenant; None where none does."""
    steps = path.split("/")
    own = next((index for index, step in enumerate(steps) if tenant in step), None)
    return None if own is None else "/".join(steps[: own + 1])
