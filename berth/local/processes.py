"""The fleet's processes: started apart from the terminal, found again by a mark in their environment.

There are no pid files to go stale. A process carries the fleet's state folder and its own name in its environment, so
that any later command finds it, whatever was killed, crashed or restarted in between.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from berth.errors import OperationFailed
from berth.local.paths import FleetPaths

_STATE = "BERTH_FLEET_STATE"
_NAME = "BERTH_FLEET_PROCESS"
_PROGRAM = "BERTH_FLEET_PROGRAM"
_MAX_LOG = 20 * 1024 * 1024


@dataclass(frozen=True)
class Spec:
    """A process as it should be: its name (`aws-local/etcd`), command line and environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    programs: str = ""
    """Folders with programs that it calls, separated as in PATH, searched before it."""


def running(paths: FleetPaths) -> dict[str, psutil.Process]:
    """The fleet's processes by name, as they are now."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get(_STATE) != str(paths.state) or process.status() == psutil.STATUS_ZOMBIE:
                continue
            # The leader of its session is what was started here; its children inherit the mark. Some lead a session of
            # their own, as what Git does in the background after a fetch: they are of another program.
            leads, program = os.getsid(process.pid) == process.pid, next(iter(process.cmdline()), "")
            if leads and environment.get(_PROGRAM, program) == program:
                found[environment.get(_NAME, "")] = process
    return found


def is_as(process: psutil.Process, spec: Spec) -> bool:
    """Whether a running process is what the spec says: same program, same arguments."""
    with suppress(psutil.Error):
        return process.cmdline() == list(spec.argv)
    return False


def start(paths: FleetPaths, spec: Spec) -> psutil.Process:
    """Starts a process that outlives this one; its output goes to its log. Raises OSError."""
    log = paths.log(spec.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    too_long = log.exists() and log.stat().st_size > _MAX_LOG
    path = os.environ.get("PATH", os.defpath)
    environment = {
        "PATH": os.pathsep.join([spec.programs, path]) if spec.programs else path,
        "HOME": str(paths.state),  # nothing of the person's own configuration leaks into the fleet
        _STATE: str(paths.state),
        _NAME: spec.name,
        _PROGRAM: spec.argv[0],
        **spec.env,
    }
    with log.open("wb" if too_long else "ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the fleet's own programs
            spec.argv,
            env=environment,
            cwd=paths.state,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return psutil.Process(process.pid)


def stop(processes: Iterable[psutil.Process], patience: float = 8.0) -> None:
    """Ends processes: asks, waits `patience` seconds, then insists. Those that are gone already are fine."""
    waiting = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            waiting.append(process)
    _, stubborn = psutil.wait_procs(waiting, timeout=patience)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, left = psutil.wait_procs(stubborn, timeout=30)
    if left:
        raise OperationFailed(f"process {left[0].pid} does not end", f"kill -9 {left[0].pid}")


def last_lines(path: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    with suppress(OSError):
        lines = path.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-count:])
    return ""


def died(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
