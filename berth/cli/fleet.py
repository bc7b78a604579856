"""What the options of commands that look at clusters mean: which stacks, tenants and clusters, and how they are
reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from berth.cli.fleet_options import unknown_names
from berth.cli.project import project_root
from berth.errors import InvalidInput, OperationFailed, Problem
from berth.kubeconfig import Entry, default_paths, entries_of, find, read_config
from berth.project import Project
from berth.settings import Cluster
from berth.status.collect import Scope


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
    problems = [*unknown_names("tenant", tenants, list(project.tenants)), *unknown_names("cluster", clusters, known)]
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


def _contexts(stated: Sequence[str], known: list[str], problems: list[Problem]) -> dict[str, str]:
    """By cluster, the context that was stated. What is wrong with them is added to `problems`."""
    chosen = {}
    for text in stated:
        cluster, equals, context = text.partition("=")
        if not equals or not context:
            problems.append(Problem("--context", 0, 0, "", f'"{text}"', "CLUSTER=CONTEXT"))
        elif cluster not in known:
            problems += unknown_names("context", [cluster], known)
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
