"""The clusters in a stack's outputs. Pure: what may be taken from there is decided here.

A cluster that Berth made is reached by a program that gets a token of whoever is logged in. A kubeconfig of one that
holds a credential, runs another program or does not check the server is refused: it is not what Berth wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from berth.errors import InvalidInput, OperationFailed, Problem
from berth.kubeconfig.config import parse
from berth.kubeconfig.entry import Entry, find
from berth.settings import Cluster, Provider
from berth.settings.kinds import LOGIN_PROGRAMS

MASK = "[secret]"
"""What Pulumi prints in place of a secret."""


def entries_in(outputs: Any, clusters: Sequence[Cluster], stack: str, source: str) -> list[Entry]:
    """The entry of each cluster; `source` is what messages call the outputs.

    Raises OperationFailed where clusters are not deployed, InvalidInput with all that is wrong with the outputs.
    """
    if not isinstance(outputs, dict):
        expected = "a JSON object: what `pulumi stack output --json` prints"
        raise InvalidInput([Problem(source, 0, 0, "", "something else", expected)])
    missing = [cluster.name for cluster in clusters if cluster.name not in outputs]
    if not outputs:
        raise OperationFailed(f"the stack {stack} has no outputs: it is not deployed yet", f"pulumi up --stack {stack}")
    if missing:
        raise OperationFailed(
            f"not in the outputs of the stack {stack}: {', '.join(missing)}",
            f"pulumi up --stack {stack}, or name the other clusters with --cluster",
        )
    entries: list[Entry] = []
    problems: list[Problem] = []
    for cluster in clusters:
        try:
            entries.append(_entry(outputs[cluster.name], cluster, stack, source))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return entries


def _entry(output: Any, cluster: Cluster, stack: str, source: str) -> Entry:
    path = f"{cluster.name}.kubeconfig"
    text = output.get("kubeconfig") if isinstance(output, dict) else output
    if text == MASK:
        fix = f"write the outputs with: pulumi stack output --json --show-secrets --stack {stack}"
        raise InvalidInput([Problem(source, 0, 0, path, "a secret that is masked", "the kubeconfig", fix)])
    if not isinstance(text, str) or not isinstance(output, dict):
        raise InvalidInput([Problem(source, 0, 0, path, "something else", "the kubeconfig's text")])
    config = parse(text, f"{source}: {path}")
    try:
        entry = find([(Path(source), config)], config.get("current-context") or cluster.name, cluster.name)
    except OperationFailed as error:
        raise InvalidInput([Problem(source, 0, 0, path, error.message, "a whole kubeconfig")]) from None
    if entry is None:
        raise InvalidInput([Problem(source, 0, 0, path, "no context", "a kubeconfig with its current context")])
    wrong = list(_refused(entry, LOGIN_PROGRAMS[Provider(cluster.settings.provider)]))
    if wrong:
        fix = f"run: pulumi up --stack {stack}"
        raise InvalidInput(Problem(source, 0, 0, path, found, expected, fix) for found, expected in wrong)
    return entry


def _refused(entry: Entry, program: str) -> Iterator[tuple[str, str]]:
    """What is found and what is expected. Names keys and programs, never a value of a credential."""
    held = sorted(set(entry.user) - {"exec"})
    if held or not entry.login:
        yield ", ".join(held) or "no way to log in", f"no credential, only the login program {program}"
        return
    if entry.login.get("command") != program:
        yield f'the login program "{entry.login.get("command")}"', program
    if entry.login.get("env"):
        yield "an environment for the login program", "none: it takes the one it runs in"
    yield from _unsafe(entry.cluster)


def _unsafe(cluster: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not str(cluster.get("server")).startswith("https://"):
        yield "a server without https", "an https address"
    if cluster.get("insecure-skip-tls-verify"):
        yield "insecure-skip-tls-verify", "a server whose certificate is checked"
