"""Runs the code of a tree in processes of its own, and says whether two trees have the same code."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth import programs
from berth.errors import InvalidInput, OperationFailed, Problem
from berth.plan.base import BaseTree, files_below
from berth.plan.desired import DesiredStack, Resource, from_data, resource_of
from berth.plan.worker import VERSION

_CODE = ("__main__.py", "berth", "components")
_APART = tuple(f"berth/{part}/" for part in ("cli", "kubeconfig", "local", "plan", "publish", "status"))
"""Parts of the command line: they decide nothing about what is to be."""
PACKAGES = ("constraints.txt", "requirements.txt")
"""What is installed, which is the same for both sides of a comparison."""
_DATA = ("tenants", ".git", ".venv")
"""Not handed to the program as they are: its tenants are chosen, and the rest is not its business."""


def code_differs(root: Path, base: BaseTree) -> bool:
    """Whether the code that decides what is to be is another in the working tree than in the base."""
    here = set(files_below(root, *_CODE))
    there = {path for path in base.blobs if path in _CODE or path.split("/")[0] in _CODE}
    return any(base.differs(path) for path in sorted(here | there) if not path.startswith(_APART))


def has_worker(tree: Path) -> bool:
    """Whether a tree's own code can be asked what it wants."""
    return not (tree / "berth").is_dir() or (tree / "berth" / "plan" / "worker.py").is_file()


def render_stacks(tree: Path, stacks: Iterable[str], fleet: Path) -> dict[str, DesiredStack]:
    """The stacks of a tree as its own code renders them, one of a local fleet as the fleet of the project at `fleet`
    runs it. Raises InvalidInput, OperationFailed."""
    answer = _ask(tree, {"verb": "render", "root": str(tree), "stacks": list(stacks), "fleet": str(fleet)})
    return {name: from_data(data) for name, data in answer.items()}


@dataclass(frozen=True)
class Job:
    """A run of the program: for a stack of the project in a folder, with all its clusters or with some."""

    project: Path
    stack: str
    clusters: tuple[str, ...] | None = None


def record_resources(jobs: Sequence[Job], code: Path) -> list[list[Resource]]:
    """What the program registers in each run, with the code in the tree `code`. One process for all: importing the
    clouds' packages takes longer than the program.

    Raises InvalidInput, OperationFailed.
    """
    asked = [[str(job.project), job.stack, job.clusters] for job in jobs]
    answer = _ask(code, {"verb": "record", "root": str(code), "jobs": asked})
    return [[resource_of(item) for item in resources] for resources in answer]


def reduced_project(target: Path, data: Path, code: Path, tenants: Iterable[str]) -> Path:
    """A project for the program: the stacks and profiles of `data`, the code of `code`, and only some tenants."""
    (target / "tenants").mkdir(parents=True)
    for path in data.glob("Pulumi*.yaml"):
        shutil.copy(path, target / path.name)
    if (data / "tenants" / "profiles").is_dir():
        shutil.copytree(data / "tenants" / "profiles", target / "tenants" / "profiles")
    for name in tenants:
        shutil.copy(data / "tenants" / f"{name}.yaml", target / "tenants" / f"{name}.yaml")
    for path in code.iterdir():
        # A stack that only the tree of the code has is not one of this project.
        if path.name not in _DATA and not path.match("Pulumi*.yaml"):
            (target / path.name).symlink_to(path)
    return target


def _ask(code: Path, request: dict[str, Any]) -> Any:
    """Asks a worker that runs the code of a tree, or the installed one where the tree holds none."""
    ahead = [str(code)] if (code / "berth").is_dir() else [str(Path(__file__).parents[2])]
    path = os.pathsep.join([*ahead, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    # No cloud's credentials and no Pulumi settings of this machine: what is to be follows from the files alone.
    kept = ("HOME", "LANG", "PATH", "TMPDIR", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    try:
        done = programs.run(
            [sys.executable, "-P", "-m", "berth.plan.worker"],
            cwd=request["root"],
            environment={**environment, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
            given=json.dumps({"version": VERSION, **request}).encode(),
        )
        answer = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise OperationFailed(f"the program does not run: {last}") from None
    if answer.get("version") != VERSION:
        raise OperationFailed(f"its plans are of version {answer.get('version')}, these of version {VERSION}")
    if "problems" in answer:
        raise InvalidInput(Problem(**problem) for problem in answer["problems"])
    if "failure" in answer:
        raise OperationFailed(f"the program does not run: {answer['failure']}")
    return answer["result"]
