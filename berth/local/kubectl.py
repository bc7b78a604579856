"""The fleet's own kubectl, as one cluster's admin."""

from __future__ import annotations

import subprocess
from pathlib import Path

from berth.errors import OperationFailed


class KubectlFailed(OperationFailed):
    """What kubectl did before it failed may stand: `printed` is what it said of that."""

    def __init__(self, message: str, printed: str) -> None:
        super().__init__(message)
        self.printed = printed


def run(
    program: str, cluster: str, kubeconfig: Path, home: Path, arguments: tuple[str, ...], stdin: str | None, **env: str
) -> str:
    """What kubectl prints. Raises KubectlFailed with the cluster and kubectl's message."""
    command = [program, f"--kubeconfig={kubeconfig}", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), **env}
    done = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise KubectlFailed(f"{cluster}: kubectl {arguments[0]}: {done.stderr.strip()[-2000:]}", done.stdout)
    return done.stdout
