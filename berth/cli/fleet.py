"""What the commands that look at clusters share: which stacks, tenants and clusters are meant, and how they are
reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from berth.cli.project import project_root
from berth.errors import InvalidInput, OperationFailed, Problem, did_you_mean, one_of
from berth.kubeconfig import Entry, default_paths, entries_of, find, read_config
from berth.project import Project
from berth.settings import Cluster, StackFile, load_stack, stack_files
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


@dataclass(frozen=True)
class Meant:
    """What the options mean. The stacks' files have been read, with local fleets as they really are; those of tenants
    have not."""

    root: Path
    stacks: Mapping[str, StackFile]
    scope: Scope
    load: Callable[[], Project]
    """Reads the tenants' files too. Raises InvalidInput with all that is wrong."""


def fleet_of(ctx: click.Context, **options: Any) -> tuple[Project, Scope]:
    """The project, and what of it is meant. Raises InvalidInput with all that is wrong, OperationFailed."""
    meant = meant_of(ctx, **options)
    return meant.load(), meant.scope


def meant_of(
    ctx: click.Context,
    stacks: Sequence[str],
    tenants: Sequence[str],
    clusters: Sequence[str],
    kubeconfig: Path | None,
    contexts: Sequence[str],
    outputs: BinaryIO | None,
) -> Meant:
    """What is meant, before the tenants' files are read. Raises InvalidInput with all that is wrong in any file,
    OperationFailed."""
    from berth.local.beside import programs_beside
    from berth.local.stack import as_it_runs

    root = project_root(ctx)
    there = {name: as_it_runs(file, root) for name, file in _stacks(root).items()}
    problems: list[Problem] = []

    def load() -> Project:
        project = Project.load(root, there)
        if found := [*_unknown("tenant", tenants, list(project.tenants)), *problems]:
            raise InvalidInput(found)
        return project

    names = list(dict.fromkeys(stacks)) or list(there)
    for name in names:
        if name not in there:
            load().stack(name)  # raises, with the names there are
    everywhere = [cluster for name in names for cluster in there[name].clusters]
    known = [cluster.name for cluster in everywhere]
    problems += _unknown("cluster", clusters, known)
    chosen = _contexts(contexts, known, problems)
    if outputs is not None and len(names) != 1:
        fix = "name the one stack whose outputs they are with --stack"
        problems.append(Problem("--outputs", 0, 0, "", f"{len(names)} stacks", "one stack", fix))
    if problems:
        load()  # raises
    scope = Scope(names, frozenset(tenants), frozenset(clusters))
    meant = scope.asked(there)
    if outputs is not None:
        scope.entries = {entry.name: entry for entry in entries_of(root, names[0], meant, outputs)}
    scope.entries = {**scope.entries, **_entries(meant, kubeconfig, chosen)}
    for name in names:
        scope.programs = {**scope.programs, **programs_beside(there[name], root)}
    return Meant(root, there, scope, load)


def _stacks(root: Path) -> dict[str, StackFile]:
    try:
        return {name: load_stack(name, path, root) for name, path in stack_files(root).items()}
    except InvalidInput:
        Project.load(root)  # raises, with what is wrong in the other files too
        raise


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
