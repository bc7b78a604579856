"""A process of its own for what needs one: `python -m berth.plan.worker < request.json`.

Pulumi's runtime is global to a process, so each run of the program has its own; and another commit's code is only run
by itself, so a tree is rendered with the `berth` that stands in it. A request asks for `render` (tenants' objects of
`stacks` in the project at `root`; a local fleet's with the engine of the one at `fleet`) or for `record` (what the
program registers for each of `jobs`: a project's root, a stack and the clusters it may be reduced to). The answer, on
stdout, is JSON: `result`, or `problems`, or `failure`.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from berth.errors import InvalidInput
from berth.plan.desired import Resource, as_data
from berth.plan.model import SECRET

VERSION = 2
"""Of requests and answers. A base whose worker has another is not asked."""
_TENANCY = ("berth:tenancy:Tenant", "berth:tenancy:GuardRails")
"""Components whose children the renderer tells of."""


def main() -> None:
    """Answers the request on stdin. What the program itself prints goes to stderr."""
    answer_to = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"result": _VERBS[request["verb"]](request)}
    except InvalidInput as error:
        answer = {"problems": [problem.as_dict() for problem in error.problems]}
    except Exception as error:
        answer = {"failure": f"{type(error).__name__}: {error}"}
    json.dump({"version": VERSION, **answer}, answer_to)
    answer_to.close()


def _render(request: dict[str, Any]) -> dict[str, Any]:
    from berth.plan.rendered import all_as_they_run, rendered
    from berth.project import Project

    project = all_as_they_run(Project.load(Path(request["root"])), Path(request["fleet"]))
    wanted = request["stacks"]
    chosen = {name: stack for name, stack in project.stacks.items() if not wanted or name in wanted}
    return {name: as_data(rendered(project, stack)) for name, stack in chosen.items()}


def _record(request: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [_registered(Path(root), stack, clusters) for root, stack, clusters in request["jobs"]]


def _registered(root: Path, stack: str, clusters: list[str] | None) -> list[dict[str, Any]]:
    from berth.plan.recording import run_program

    config, secrets = _config(root / f"Pulumi.{stack}.yaml", clusters)
    recorder = run_program(stack, root, config, secrets=secrets)
    left_out = {item.urn for item in recorder.recorded if item.type in _TENANCY}
    return [
        asdict(
            Resource(
                item.urn,
                item.type,
                item.name,
                item.parent,
                _tidy(item.inputs, f"{root}/"),
                item.protect,
                item.aliases,
                item.ignore_changes,
                item.id,
                item.uses,
            )
        )
        for item in recorder.recorded
        if item.urn not in left_out and item.parent not in left_out
    ]


def _config(path: Path, clusters: list[str] | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """The stack's config with a mark for every secret and, where some are named, only those clusters; and the keys
    under `berth:` that are secrets or hold one, which the engine treats alike."""
    import yaml

    given = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["config"]  # noqa: S506
    values = {key: without_secrets(value) for key, value in given.items()}
    if clusters is not None:
        values["berth:clusters"] = [each for each in values["berth:clusters"] if each["name"] in clusters]
    config = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    berth = {key.removeprefix("berth:"): value for key, value in given.items() if key.startswith("berth:")}
    return config, tuple(key for key, value in berth.items() if _holds_secret(value))


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(_holds_secret(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_secret(inner) for inner in value)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["secure"]


def without_secrets(value: Any) -> Any:
    """The value of a stack file with a mark for every secret in it."""
    if _is_secret(value):
        return SECRET
    if isinstance(value, dict):
        return {key: without_secrets(inner) for key, inner in value.items()}
    return [without_secrets(inner) for inner in value] if isinstance(value, list) else value


def _tidy(value: Any, folder: str) -> Any:
    """The value with paths below `folder` made relative to it, as where a tree lay to be run says nothing; and with
    whole numbers as such, which the protocol does not know."""
    if isinstance(value, str):
        return value.replace(folder, "")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _tidy(inner, folder) for key, inner in value.items()}
    return [_tidy(inner, folder) for inner in value] if isinstance(value, list) else value


_VERBS = {"render": _render, "record": _record}

if __name__ == "__main__":
    main()
