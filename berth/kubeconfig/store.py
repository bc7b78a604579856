"""Kubeconfig files on the disk: where they are, who may write them now, and how they are written."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from berth.errors import InvalidInput, OperationFailed, Problem
from berth.files import expanded, write_text
from berth.kubeconfig.config import Config, dump, parse
from berth.kubeconfig.entry import Entry
from berth.kubeconfig.merge import Merged, merge

LOCK_WAIT = 5.0
"""Seconds to wait for whoever writes the file now. It takes kubectl and Berth some milliseconds."""
_MODE = 0o600


def default_paths(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where kubectl looks: the paths of KUBECONFIG, else ~/.kube/config. Raises OperationFailed without a home."""
    named = [Path(path) for path in environment.get("KUBECONFIG", "").split(os.pathsep) if path]
    return named or [expanded("~/.kube/config")]


def read_config(path: Path) -> Config | None:
    """The kubeconfig at `path`; None where there is none. Raises InvalidInput, OSError."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            # Reading a pipe would wait for its writer.
            found = "a folder" if stat.S_ISDIR(kind) else "a pipe, a socket or a device"
            raise InvalidInput([Problem(str(path), 0, 0, "", found, "a kubeconfig file")])
        return parse(path.read_text("utf-8-sig"), str(path))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise InvalidInput([Problem(str(path), 0, 0, "", "bytes that are no text", "UTF-8 text")]) from None


def merge_into(path: Path, entries: Sequence[Entry], use: str = "", beside: Sequence[Path] = ()) -> Merged:
    """Puts clusters into the kubeconfig at `path` and makes it readable by its owner only.

    `use` becomes the current context. Where there is none yet, here or in the files `beside` it that kubectl reads with
    it, the first cluster does. Writes nothing where nothing changes. Raises InvalidInput, OperationFailed, OSError.
    """
    path = path.absolute()
    target = _target(path)
    with ExitStack() as locks:
        for place in dict.fromkeys((path, target)):
            # kubectl locks the path that it was given, which may be a link; another link may lead to the same file.
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            locks.enter_context(locked(place))
        before = read_config(target)
        chosen = any((config or {}).get("current-context") for config in (before, *map(read_config, beside)))
        merged = merge(before or {}, entries, use or ("" if chosen else entries[0].name))
        if merged.config != before:
            write_text(target, dump(merged.config), mode=_MODE)
        elif stat.S_IMODE(target.stat().st_mode) != _MODE:
            target.chmod(_MODE)
    return merged


@contextmanager
def locked(path: Path, wait: float | None = None) -> Iterator[None]:
    """Keeps other writers out the way client-go does: by the file <path>.lock, which only one can create.

    Raises OperationFailed where somebody else holds it for longer than `wait` seconds.
    """
    lock = path.with_name(f"{path.name}.lock")
    wait = LOCK_WAIT if wait is None else wait
    deadline = time.monotonic() + wait
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
            break
        except FileExistsError:
            if time.monotonic() >= deadline:
                raise OperationFailed(
                    f"{lock} is held: another program is writing {path.name}, or one was killed while it did",
                    f"rm {lock}, once no kubectl and no berth runs",
                ) from None
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """The file that a link leads to: a rename onto the link would replace the link. It need not exist."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):
        raise OperationFailed(f"{path} is a link that leads to itself") from None
