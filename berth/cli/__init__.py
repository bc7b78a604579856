"""The `berth` command: one file a command, loaded when it is called."""

from berth.cli.main import main

__all__ = ["main"]
