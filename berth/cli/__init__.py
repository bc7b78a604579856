"""The `berth` command: one file a command, loaded when it is called."""

from berth.ending import at_once

with at_once():
    from berth.cli.main import main

__all__ = ["main"]
