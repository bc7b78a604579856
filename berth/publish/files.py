"""What a stack's tenants are as files of the deploy repo, and were in it. Texts by path.

A folder that vanished must never be read as "no tenants". So the agents apply `clusters/<cluster>/index/`, which holds
one file: it lists the tenants' folders. Without the file there is no folder, as Git keeps no empty ones, and the sync
fails; without a tenant's folder the build fails. Only what the list no longer names is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from berth.errors import InvalidInput, OperationFailed, Problem
from berth.offboarding.removed import UNKNOWN, Holding, holdings
from berth.project import Project
from berth.publish.commit import Publication
from berth.render import ClientIds, render
from berth.render.emit import to_yaml
from berth.render.roots import folder_of, index_of, published
from berth.settings import AksSettings, Cluster
from berth.tenants import Tenant

HEADER = "# Made by `berth publish`. Do not edit: change the tenant file and publish again.\n"
KUSTOMIZATION = "kustomization.yaml"
OBJECTS = "objects.yaml"
TENANTS = "tenants"


def files_of(project: Project, stack: str, outputs: Any = None) -> dict[str, str]:
    """The text of each file by its path, for all clusters of a stack. `outputs` are the stack's outputs, where a tenant
    has rights in Azure (`needs_outputs`).

    Raises OperationFailed where the outputs do not say what is needed.
    """
    files: dict[str, str] = {}
    for cluster in project.stack(stack).clusters:
        tenants = list(project.tenants_in(cluster))
        for tenant in tenants:
            path = f"{folder_of(cluster)}/{TENANTS}/{tenant.name}"
            ids = client_ids_in(outputs, cluster, tenant) if needs_outputs(cluster, tenant) else {}
            files[f"{path}/{OBJECTS}"] = HEADER + to_yaml(render(cluster, tenant, ids))
            files[f"{path}/{KUSTOMIZATION}"] = HEADER + _kustomization({"resources": [OBJECTS]})
        files[f"{index_of(cluster)}/{KUSTOMIZATION}"] = HEADER + _index(cluster, [tenant.name for tenant in tenants])
    return files


def _index(cluster: Cluster, tenants: list[str]) -> str:
    """The list of the tenants' folders, and a ConfigMap that says the same in the cluster. That one is there for a
    cluster without tenants too: a build that yields nothing is a mistake."""
    summary = published(cluster, tenants)
    metadata = summary["metadata"]
    return _kustomization(
        {
            "resources": [f"../{TENANTS}/{name}" for name in tenants],
            "configMapGenerator": [
                {
                    "name": metadata["name"],
                    "namespace": metadata["namespace"],
                    "literals": [f"{key}={value}" for key, value in summary["data"].items()],
                    "options": {"disableNameSuffixHash": True, "labels": metadata["labels"]},
                }
            ],
        }
    )


def _kustomization(content: dict[str, Any]) -> str:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return to_yaml([{**head, **content}]).removeprefix("---\n")


def owned(clusters: list[Cluster]) -> Iterator[str]:
    """The paths that are publish's alone: what lies there and is not in `files_of` is removed."""
    for cluster in clusters:
        yield from (index_of(cluster), f"{folder_of(cluster)}/{TENANTS}")


def former_holdings(publication: Publication) -> list[Holding]:
    """The namespaces of tenants that would no longer be published, as the deploy repo has them. One whose file somebody
    has broken since is of an unknown lifecycle."""
    found: list[Holding] = []
    for change in publication.changes:
        folder, name = PurePosixPath(change.path).parent, PurePosixPath(change.path).name
        if change.kind != "D" or name != OBJECTS or folder.parent.name != TENANTS:
            continue
        try:
            objects = [each for each in yaml.safe_load_all(publication.former(change.path)) if each]
            found += holdings(str(folder), objects)
        except (yaml.YAMLError, AttributeError, KeyError, TypeError):
            found.append(Holding(folder.name, str(folder), OBJECTS, UNKNOWN))
    return found


def needs_outputs(cluster: Cluster, tenant: Tenant) -> bool:
    """Whether only the stack's outputs know what the tenant's service accounts carry: ids that Azure gives out."""
    return isinstance(cluster.settings, AksSettings) and bool(tenant.grants)


def client_ids_in(outputs: Any, cluster: Cluster, tenant: Tenant) -> ClientIds:
    """The client ids of the tenant's managed identities. Raises OperationFailed, InvalidInput."""
    if not isinstance(outputs, Mapping):
        found = "something else"
        raise InvalidInput([Problem("outputs", 0, 0, "", found, "what `pulumi stack output --json` prints")])
    section = outputs.get(cluster.name)
    known = section.get("clientIds") if isinstance(section, Mapping) else None
    ids: dict[tuple[str, str], str] = {}
    for account in tenant.grants:
        value = (known or {}).get(f"{account.namespace}/{account.service_account}")
        if not isinstance(value, str):
            raise OperationFailed(
                f"the outputs of the stack {cluster.stack} do not name the client id of {account.namespace}/"
                f"{account.service_account} in {cluster.name}",
                f"pulumi up --stack {cluster.stack}, which makes the identity; then publish",
            )
        ids[account.namespace, account.service_account] = value
    return ids
