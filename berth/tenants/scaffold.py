"""A first file for a new tenant, and the folders of the deploy repo that go with it."""

from __future__ import annotations

import json
from pathlib import Path

from berth.document import Document, parse_document
from berth.errors import InvalidInput, Problem, did_you_mean, one_of
from berth.files import write_text
from berth.project import Project
from berth.tenants.load import LoadedTenant, tenant_of

_TENANT = """\
# yaml-language-server: $schema=./schema.json
name: {name}
owners:
  team: {team}
  contact: {contact}
  groups: []                 # groups of the clusters' identity provider that may work in the namespaces
profile: {profile}
placements:
  - environments: [{environments}]
    clouds: [{clouds}]       # or clusters: [names], or labels: {{...}}
network:
  internet: false            # true: may connect to public addresses
allow:
  hosts: []                  # host names that its Ingresses may claim
"""
_BASE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: []
"""
_OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - {base}
"""


def scaffold(
    project: Project,
    name: str,
    *,
    profile: str | None,
    environments: tuple[str, ...],
    team: str | None,
    contact: str | None,
) -> list[Path]:
    """Writes a tenant file that is valid as it is, and its overlays under deploy/ where the project has that folder.

    Returns the paths written. Raises InvalidInput where the answers do not make a valid tenant, or where the tenant
    exists; then nothing is written.
    """
    path = project.root / "tenants" / f"{name}.yaml"
    if name in project.tenants:
        raise InvalidInput([_problem("NAME", f'"{name}"', "the name of a tenant that does not exist yet")])
    chosen = _environments(project, environments)
    clouds = sorted({cluster.cloud.value for cluster in project.clusters() if cluster.environment in chosen})
    text = _TENANT.format(
        name=name,
        team=_scalar(team or name),
        contact=_scalar(contact or f"{name}@example.com"),
        profile=profile or _default_profile(project),
        environments=", ".join(chosen),
        clouds=", ".join(clouds),
    )
    document = parse_document(text, Document(f"tenants/{name}.yaml"))
    loaded = tenant_of(document)
    project = project.with_tenant(loaded)
    files = {path: text}
    deploy = project.root / "deploy"
    if deploy.is_dir():
        files |= {deploy / relative: content for relative, content in _overlays(project, loaded).items()}
    new = [target for target in files if not target.exists()]
    for target in reversed(new):  # the tenant file last: without it, this can be run again
        write_text(target, files[target])
    return new


def _scalar(text: str) -> str:
    """The text as one YAML value: quoted where it would be read as anything else."""
    plain = parse_document(f"key: {text}", Document(""))
    return text if not plain.problems and plain.value == {"key": text} else json.dumps(text, ensure_ascii=False)


def _problem(where: str, found: str, expected: str, fix: str = "") -> Problem:
    return Problem(where, 0, 0, "", found, expected, fix)


def _environments(project: Project, asked: tuple[str, ...]) -> list[str]:
    known = sorted({cluster.environment for cluster in project.clusters()})
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise InvalidInput(
            [_problem("--environment", f'"{name}"', one_of(known), did_you_mean(name, known)) for name in unknown]
        )
    if asked:
        return list(dict.fromkeys(asked))
    return [name for name in known if name in ("local", "dev")] or known[:1]


def _default_profile(project: Project) -> str:
    names = list(project.profiles)
    if not names:
        raise InvalidInput([_problem("tenants/profiles", "no profile", "at least one", "write one")])
    return "standard" if "standard" in names else names[0]


def _overlays(project: Project, tenant: LoadedTenant) -> dict[str, str]:
    files: dict[str, str] = {}
    for cluster in project.clusters():
        placed = project.place(tenant, cluster)
        if placed is None or placed.source.directory is None:
            continue
        base = f"{placed.source.directory}/base"
        files[f"{base}/kustomization.yaml"] = _BASE
        up = "../" * (len(Path(placed.source.path).parts) - len(Path(placed.source.directory).parts))
        files[f"{placed.source.path}/kustomization.yaml"] = _OVERLAY.format(base=f"{up}base")
    return files
