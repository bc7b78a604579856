"""Programs of this machine that come as Debian packages: found on PATH, or installed by name where this user may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from berth.errors import OperationFailed


def require(program: str, package: str, why: str, tell: Callable[[str, str], None]) -> str:
    """The program's path. Raises OperationFailed, with what to do, where it is missing and cannot be installed."""
    if found := shutil.which(program):
        return found
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        raise OperationFailed(f"{program} is missing: {why}", f"apt-get install {package}")
    tell(program, f"installing {package} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--quiet", "--no-install-recommends", package]
    for command in (install, [apt, "update", "--quiet"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603
        if command is install and done.returncode == 0 and (found := shutil.which(program)):
            return found
    raise OperationFailed(
        f"apt-get could not install {package}: {done.stderr.strip()[-300:]}", "install it by hand, then run this again"
    )
