"""What the commands that look at clusters share: which stacks, tenants and clusters are meant, and how they are
reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from berth.cli.project import project_root
from berth.errors import InvalidInput, OperationFailed, Problem, did_you_mean, one_of
from berth.kubeconfig import Entry, default_paths, entries_of, find, read_config
from berth.project import Project
from berth.settings import Cluster
from berth.status.collect import TIMEOUT, Scope

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--stack", "-s", "stacks", multiple=True, metavar="STACK",
        help="Only this stack; may be repeated. Default: all stacks.",
    ),
    click.option("--tenant", "-t", "tenants", multiple=True, metavar="NAME",
                 help="Only this tenant; may be repeated."),
    click.option("--cluster", "-c", "clusters", multiple=True, metavar="NAME",
                 help="Only this cluster; may be repeated."),
    click.option(
        "--kubeconfig", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Reach clusters by the contexts in this file, named like the clusters.",
    ),
    click.option(
        "--context", "contexts", multiple=True, metavar="CLUSTER=CONTEXT",
        help="Reach this cluster by a context of another name; may be repeated.",
    ),
    click.option(
        "--outputs", type=click.File("rb"), metavar="FILE",
        help="Reach clusters by the stack's outputs as JSON, as pulumi prints them; - is stdin.",
    ),
)  # fmt: skip


def fleet_options(command: F) -> F:
    """The options of a command that looks at clusters: their values are `fleet_of`'s arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def timeout_option(command: F) -> F:
    return click.option(
        "--timeout", type=click.FloatRange(1, 600), default=TIMEOUT, show_default=True, metavar="SECONDS",
        help="How long one cluster or Git server may take.",
    )(command)  # fmt: skip


def fleet_of(
    ctx: click.Context,
    stacks: Sequence[str],
    tenants: Sequence[str],
    clusters: Sequence[str],
    kubeconfig: Path | None,
    contexts: Sequence[str],
    outputs: BinaryIO | None,
) -> tuple[Project, Scope]:
    """The project, with local fleets as they really are, and what of it is meant. Raises InvalidInput with all that is
    wrong, OperationFailed."""
    from berth.local.beside import programs_beside
    from berth.local.stack import with_fleet

    project = Project.load(project_root(ctx))
    names = list(dict.fromkeys(stacks)) or list(project.stacks)
    for name in names:
        project = with_fleet(project, name)
    there = [cluster for name in names for cluster in project.stack(name).clusters]
    known = [cluster.name for cluster in there]
    problems = [*_unknown("tenant", tenants, list(project.tenants)), *_unknown("cluster", clusters, known)]
    chosen = _contexts(contexts, known, problems)
    if outputs is not None and len(names) != 1:
        fix = "name the one stack whose outputs they are with --stack"
        problems.append(Problem("--outputs", 0, 0, "", f"{len(names)} stacks", "one stack", fix))
    if problems:
        raise InvalidInput(problems)
    meant = [cluster for cluster in there if not clusters or cluster.name in clusters]
    scope = Scope(names, frozenset(tenants), frozenset(clusters))
    if outputs is not None:
        scope.entries = {entry.name: entry for entry in entries_of(project.root, names[0], meant, outputs)}
    scope.entries = {**scope.entries, **_entries(meant, kubeconfig, chosen)}
    for name in names:
        scope.programs = {**scope.programs, **programs_beside(project, name)}
    return project, scope


def _unknown(option: str, asked: Sequence[str], known: list[str]) -> list[Problem]:
    return [
        Problem(f"--{option}", 0, 0, "", f'"{name}"', one_of(known), did_you_mean(name, known))
        for name in dict.fromkeys(asked)
        if name not in known
    ]


def _contexts(stated: Sequence[str], known: list[str], problems: list[Problem]) -> dict[str, str]:
    """By cluster, the context that was stated. What is wrong with them is added to `problems`."""
    chosen = {}
    for text in stated:
        cluster, equals, context = text.partition("=")
        if not equals or not context:
            problems.append(Problem("--context", 0, 0, "", f'"{text}"', "CLUSTER=CONTEXT"))
        elif cluster not in known:
            problems += _unknown("context", [cluster], known)
        else:
            chosen[cluster] = context
    return chosen


def _entries(
    clusters: Sequence[Cluster], kubeconfig: Path | None, contexts: Mapping[str, str]
) -> dict[str, Entry | OperationFailed]:
    """How clusters are reached by a file or a context that was stated; or why one of them is not."""
    if kubeconfig is None and not contexts:
        return {}
    paths = [kubeconfig] if kubeconfig else default_paths()
    files = [(path, config) for path in paths if (config := read_config(path)) is not None]
    if not files:
        raise OperationFailed(f"there is no kubeconfig at {', '.join(map(str, paths))}")
    found: dict[str, Entry | OperationFailed] = {}
    for cluster in clusters:
        if kubeconfig is None and cluster.name not in contexts:
            continue
        context = contexts.get(cluster.name, cluster.name)
        try:
            entry = find(files, context, cluster.name)
        except OperationFailed as error:
            found[cluster.name] = error
            continue
        where = ", ".join(str(path) for path, _ in files)
        found[cluster.name] = entry or OperationFailed(
            f"{where} has no context {context}; name another one: --context {cluster.name}=CONTEXT"
        )
    return found
