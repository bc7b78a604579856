"""The token of `berth serve`, for who runs it and for who asks it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from berth.errors import InvalidInput, OperationFailed, Problem

TOKEN = "BERTH_SERVE_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,}")


def token_of(path: Path | None, hint: str) -> str:
    """The token in a file, or without one in the environment; empty where none was given. Raises OperationFailed, and
    InvalidInput with the hint where it cannot be one."""
    where, given = TOKEN, os.environ.get(TOKEN)
    if path is not None:
        try:
            where, given = str(path), path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OperationFailed(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    if given is None:
        return ""
    if not _TOKEN.fullmatch(given):
        expected = "16 or more letters, digits, and . _ ~ -"
        raise InvalidInput([Problem(where, 0, 0, "", "", expected, hint)])
    return given
