"""Data for machines: JSON on stdout. Apart from `output`, as nothing that draws for people is needed for it."""

from __future__ import annotations

import sys
from typing import Any


def emit_json(data: Any) -> None:
    """Data as JSON on stdout, indented."""
    import msgspec  # here: commands that print for people need not wait for it

    # Python's own encoder is ten times slower where it indents, which thousands of rows feel.
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
