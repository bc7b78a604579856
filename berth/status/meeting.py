"""Where `berth status` finds a running `berth serve`: a socket in a folder that this user alone can enter.

Both work out its path from the project, from what says how clusters and repos are reached, and from Berth's own files:
one that would look elsewhere, or judge otherwise, is not found. Only what that takes is loaded here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import berth
from berth.errors import OperationFailed
from berth.local.paths import cache_dir

LONGEST = 103
"""Bytes that the path of a socket may have: 108 with the zero at its end on Linux, 104 on macOS."""
_NAMES = frozenset(("HOME", "KUBERNETES_MASTER", "NETRC", "XDG_CONFIG_HOME"))
_BEGINNINGS = (
    "ARM_", "AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "GIT_CONFIG", "GIT_PROXY", "GIT_SSH", "GIT_SSL", "SSL_CERT_",
)  # fmt: skip
"""Variables by which login programs and Git know who asks, and whom to believe."""


def socket_path(root: Path) -> Path | None:
    """Where the `berth serve` of a project listens that shows all of it; `root` is resolved. None where there is no
    place for it."""
    try:
        folder = _folder()
        told = "\0".join((str(root), *_ways(), *_code(Path(berth.__file__).parent)))
    except (OSError, OperationFailed):  # the latter of who has no home
        return None
    digest = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    return folder / f"{digest[:24]}.sock"


def is_private(folder: Path, forbidden: int = 0o077) -> bool:
    """Whether it is a folder of this user, and no link to one, in which nobody else may do what is forbidden."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    ours = hasattr(os, "geteuid") and found.st_uid == os.geteuid()
    return stat.S_ISDIR(found.st_mode) and ours and not found.st_mode & forbidden


def _folder() -> Path:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or ".")
    if runtime.is_absolute() and is_private(runtime, 0o022):
        return runtime / "berth"
    return cache_dir() / "run"


def _ways() -> Iterator[str]:
    """What of the environment says how clusters and repos are reached, and as whom."""
    for path in os.environ.get("KUBECONFIG", "").split(os.pathsep):
        yield str(Path(path).absolute()) if path else ""
    for name, value in sorted(os.environ.items()):
        if name in _NAMES or name.startswith(_BEGINNINGS) or name.lower().endswith("_proxy"):
            yield f"{name}={value}"


def _code(package: Path) -> Iterator[str]:
    """Berth's own files: one that was upgraded does not ask one that runs since before."""
    newest, files, folders = 0, 0, [str(package)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    newest, files = max(newest, entry.stat().st_mtime_ns), files + 1
                elif entry.is_dir() and entry.name != "__pycache__":
                    folders.append(entry.path)
    yield f"{package} {newest} {files}"
