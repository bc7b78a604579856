"""Where the kubeconfig of each cluster comes from: the stack's outputs, or the file that the stack file names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from berth.errors import InvalidInput, OperationFailed, Problem, did_you_mean
from berth.files import expanded
from berth.kubeconfig.config import items
from berth.kubeconfig.entry import Entry, find
from berth.kubeconfig.outputs import entries_in
from berth.kubeconfig.store import read_config
from berth.local.paths import FleetPaths
from berth.settings import Cluster, ExistingSettings


def entries_of(root: Path, stack: str, clusters: Sequence[Cluster], outputs: BinaryIO | None = None) -> list[Entry]:
    """The entry of each cluster, in their order. `outputs` holds the stack's outputs as JSON; without it, and if a
    cluster needs them, Pulumi is asked. Raises InvalidInput, OperationFailed.
    """
    made = [cluster for cluster in clusters if not isinstance(cluster.settings, ExistingSettings)]
    found = {}
    if made:
        source = outputs.name if outputs else f"the outputs of {stack}"
        data = _read(outputs) if outputs else stack_outputs(root, stack)
        found = {entry.name: entry for entry in entries_in(data, made, stack, source)}
    return [
        existing_entry(root, cluster, cluster.settings)
        if isinstance(cluster.settings, ExistingSettings)
        else found[cluster.name]
        for cluster in clusters
    ]


def existing_entry(root: Path, cluster: Cluster, settings: ExistingSettings) -> Entry:
    """The entry of a cluster that is there already, credential and all, from the kubeconfig that its stack names.

    Raises InvalidInput, OperationFailed.
    """
    path = root / expanded(settings.kubeconfig)
    config = read_config(path)
    hint = f"change kubeconfig or context of {cluster.name} in Pulumi.{cluster.stack}.yaml"
    if config is None:
        hint = "berth local up" if path == FleetPaths.of(root).kubeconfig else hint
        raise OperationFailed(f"there is no kubeconfig at {settings.kubeconfig}", hint)
    entry = find([(path, config)], settings.context, cluster.name)
    if entry is None:
        nearest = did_you_mean(settings.context, list(items(config, "contexts")))
        told = f"{settings.kubeconfig} has no context {settings.context}" + (f"; {nearest}" if nearest else "")
        raise OperationFailed(told, hint)
    return entry


def stack_outputs(root: Path, stack: str) -> Any:
    """What the stack has put out, secrets in clear, as Pulumi tells it. Raises OperationFailed."""
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack]
    command += ["--non-interactive", "--color", "never"]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True
        )
    except FileNotFoundError:
        raise OperationFailed(
            "pulumi is not on PATH, and only the stack's outputs say how to reach its clusters",
            f"install it, or give what `pulumi stack output --json --show-secrets --stack {stack}` prints elsewhere"
            " with --outputs FILE",
        ) from None
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").splitlines()
        reasons = [line.removeprefix("error: ") for line in told if line.startswith("error: ")] or told[-1:]
        raise OperationFailed(
            f"pulumi stack output: {' '.join(reasons).strip() or f'exit code {done.returncode}'}",
            f"pulumi up --stack {stack}, if it is not deployed yet" if "no stack named" in " ".join(told) else "",
        )
    try:
        return json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise OperationFailed("pulumi stack output printed something that is no JSON") from None


def _read(outputs: BinaryIO) -> Any:
    try:
        return json.loads(outputs.read())
    except (ValueError, RecursionError):
        expected = "JSON: what `pulumi stack output --json --show-secrets` prints"
        raise InvalidInput([Problem(outputs.name, 0, 0, "", "something else", expected)]) from None
