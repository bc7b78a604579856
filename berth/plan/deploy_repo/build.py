"""Runs kustomize on a path as the tenant's agent would, in a folder with nothing but what the agent sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from berth import names, programs
from berth.errors import OperationFailed
from berth.local.build import built_kustomize
from berth.plan.deploy_repo.manifests import Unreadable, documents, fault
from berth.plan.deploy_repo.message import told
from berth.plan.deploy_repo.pulls import Pull
from berth.plan.deploy_repo.references import kustomization_in, plain_files, references
from berth.plan.deploy_repo.snapshots import Snapshot
from berth.render.objects import Object
from berth.settings import Engine

_PATIENCE = 60
"""Seconds that a build may take: manifests are read from a local folder."""
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that is none. What would be fetched is refused before; this is for what was not seen."""


class DoesNotBuild(Exception):
    """The agent could not build the path either. The message says why, on one line."""


@dataclass(frozen=True)
class Job:
    """One build. Two jobs that are equal come to the same objects."""

    engine: Engine
    content: str
    """Identity of the files that the agent sees."""
    folder: str
    path: str
    namespace: str
    tenant: str
    must_hold: tuple[str, ...]


def find_kustomize(source: Path) -> str:
    """The one that was built for the local fleet from the modules in `source`, else the one on PATH.

    Raises OperationFailed where there is none.
    """
    found = built_kustomize(source) or shutil.which("kustomize")
    if found is None:
        raise OperationFailed(
            "the deploy repo is built with kustomize, which is not on PATH and was not built here",
            "install it, or build the local fleet's with: berth local up --engine argocd",
        )
    return str(found)


def job_of(snapshot: Snapshot, pull: Pull) -> Job:
    """What is to be built for a tenant. Raises DoesNotBuild where that shows without kustomize."""
    path = "" if pull.path == "." else pull.path
    if path not in snapshot.folders:
        raise DoesNotBuild("the path is not there")
    folder = pull.directory or ""
    named = references(snapshot, folder, path)
    if folder and pull.engine is Engine.ARGOCD and (named.outside or named.links):
        folder = ""  # Argo CD checks out the whole repo
        named = references(snapshot, folder, path)
    if named.unreadable:
        raise DoesNotBuild(" ".join(named.unreadable[0]))
    if named.remote:
        file, name = named.remote[0]
        raise DoesNotBuild(f"{file} names {name}, which is on a network: nothing is fetched for a plan")
    # Flux leaves links out, so that what is named through one is not there. Argo CD refuses the whole repo for one.
    leaving = named.outside + (named.links if pull.engine is Engine.ARGOCD else [])
    if leaving:
        file, name = leaving[0]
        raise DoesNotBuild(f"{file} leads to {name}, outside of what the agent sees, {folder or 'the repo'}")
    if pull.engine is Engine.ARGOCD and kustomization_in(snapshot, path) is None:
        raise DoesNotBuild("it has no kustomization.yaml, without which Argo CD builds nothing")
    return Job(pull.engine, snapshot.identity(folder), folder, path, pull.namespace, pull.tenant, pull.must_hold)


def build(kustomize: str, snapshot: Snapshot, job: Job) -> list[Object]:
    """The objects that a job comes to. Raises DoesNotBuild with kustomize's message."""
    with tempfile.TemporaryDirectory(prefix="berth-build-") as scratch:
        root = Path(scratch).resolve() / "repo"
        root.mkdir()
        snapshot.write(job.folder, root, links=job.engine is Engine.ARGOCD)
        _as_the_agent(snapshot, job, root)
        command = [kustomize, "build", str(root / job.path)]
        if job.engine is Engine.FLUX and references(snapshot, job.folder, job.path).beside:
            # Flux bounds files by its artifact, which is all that is in the folder, and not by the directory.
            command += ["--load-restrictor", "LoadRestrictionsNone"]
        nothing = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
        # Without PATH it finds no git to fetch with.
        environment = {"HOME": scratch, "XDG_CONFIG_HOME": scratch, "TMPDIR": scratch, "PATH": "", **nothing}
        try:
            done = programs.run(command, environment=environment, timeout=_PATIENCE, cwd=scratch)
        except subprocess.TimeoutExpired:
            raise DoesNotBuild(f"kustomize was not done after {_PATIENCE} s") from None
        except OSError as error:
            raise OperationFailed(f"{kustomize} does not run: {error.strerror}") from None
    if done.returncode != 0:
        raise DoesNotBuild(told(done.stderr.decode(errors="replace"), f"{root}{os.sep}"))
    try:
        found = [item for item in documents(done.stdout) if isinstance(item, dict)]
    except Unreadable as error:
        raise DoesNotBuild(f"what kustomize prints {error}") from None
    if wrong := next((each for item in found if (each := fault(item))), ""):
        raise DoesNotBuild(wrong)
    return found


def _as_the_agent(snapshot: Snapshot, job: Job, root: Path) -> None:
    """Writes into kustomization.yaml what the agent writes there before it builds."""
    own = kustomization_in(snapshot, job.path)
    where = root / own if own else root / job.path / "kustomization.yaml"
    if own is None:
        content: Any = {"resources": plain_files(snapshot, job.path)}
    else:
        try:
            (content,) = documents(where.read_bytes())
        except (Unreadable, OSError, ValueError):
            return  # kustomize says it better
    lists = isinstance(content, dict) and [content.get(key) or [] for key in ("labels", "patches")]
    if not lists or not all(isinstance(each, list) for each in lists):
        return
    if job.engine is Engine.FLUX and job.namespace:
        content["namespace"] = job.namespace
    if job.engine is Engine.ARGOCD:
        label = {"pairs": {names.TENANT_LABEL: job.tenant}}
        content["labels"] = [*(content.get("labels") or []), label]
    if job.must_hold:
        content["patches"] = [*(content.get("patches") or []), *({"patch": patch} for patch in job.must_hold)]
    where.unlink(missing_ok=True)
    where.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
