"""Writing files so that nobody ever sees half of one, and where those of a person are."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from berth.errors import OperationFailed


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Writes `path` whole or not at all: a full disk or a Ctrl-C leaves the former file. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError) and error.errno:
            raise OSError(error.errno, error.strerror, str(path)) from None  # its own is of the temporary file, or none
        raise


def expanded(path: str) -> Path:
    """The path with the folder that its ~ stands for. Raises OperationFailed where nobody knows that."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        hint = "set HOME" if path.startswith("~/") else ""
        raise OperationFailed(f"{path}: there is no home folder that {path.split('/')[0]} stands for", hint) from None
