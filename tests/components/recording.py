"""The recorder that `berth plan` uses, run on this project where a test names no other."""

from __future__ import annotations

from pathlib import Path

from berth.plan import recording
from berth.plan.recording import Recorder, Registered, config_of

__all__ = ["ROOT", "Recorder", "Registered", "config_of", "run_program"]

ROOT = Path(__file__).parents[2]


def run_program(
    stack_name: str,
    root: Path = ROOT,
    config: dict[str, str] | None = None,
    *,
    secrets: tuple[str, ...] = (),
    preview: bool = False,
    recorder: Recorder | None = None,
) -> Recorder:
    """Runs `__main__.py` of the project at `root` for a stack. Raises what the program raises."""
    return recording.run_program(stack_name, root, config, secrets=secrets, preview=preview, recorder=recorder)
