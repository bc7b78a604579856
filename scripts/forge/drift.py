"""One issue for all stacks: what differs between their state and their clouds."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from scripts.forge.api import Failed
from scripts.forge.text import DRIFT, fenced

_TITLE = "Drift: the clouds differ from what was deployed"
_ROOM = 60_000
"""Characters that all stacks together may take: what fits into an issue of either forge."""


class Issues(Protocol):
    """Where the issue is kept."""

    def upsert_issue(self, marker: str, title: str, body: str) -> str: ...

    def close_issue(self, marker: str, why: str) -> str: ...


def report(issues: Issues, folder: Path, run: str) -> str:
    """Tells of the drift of the stacks that a run looked at. `run` is the URL of that run.

    In `folder`, for each stack, `<stack>.outcome` says clean, drift or failed, and `<stack>.txt` what was printed. The
    issue is closed when every stack is clean, and left as it is where none drifted but one could not be looked at.
    Raises Failed where nothing was looked at.
    """
    outcomes = {path.stem: path.read_text("utf-8").strip() for path in sorted(folder.glob("*.outcome"))}
    if not outcomes:
        raise Failed(f"no stack was looked at: {folder} has no outcome")
    drifted = [stack for stack, outcome in outcomes.items() if outcome == "drift"]
    failed = [stack for stack, outcome in outcomes.items() if outcome not in ("drift", "clean")]
    if not drifted and failed:
        return f"could not be looked at: {', '.join(failed)}"
    if not drifted:
        return issues.close_issue(DRIFT, f"No drift any more: {run}")
    parts = [DRIFT, f"Found by [this run]({run}). Either deploy again, or put the change into the stack file.", ""]
    if failed:
        parts += [f"Could not be looked at: {', '.join(failed)}.", ""]
    for stack in drifted:
        text = (folder / f"{stack}.txt").read_text("utf-8", "replace")
        parts += [f"### {stack}", "", fenced(text, _ROOM // len(drifted))]
    return issues.upsert_issue(DRIFT, _TITLE, "\n".join(parts))
