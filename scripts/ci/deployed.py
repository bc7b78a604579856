"""Prints the commit that a stack was deployed with last, and nothing where nothing is deployed: deployed.py STACK.

Pulumi keeps it beside the state: nothing has to be recorded, a deploy by hand counts, and one that something stopped
before `pulumi up` does not. Exit codes: 0, or 1 where it cannot be found out. Only Python's own library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

PAGE = 20
"""Updates to ask for at once: most often, the first one will do."""
_PARTLY = ("pulumi.flag.target", "pulumi.flag.target-replace", "pulumi.flag.exclude")
"""What the environment of an update names where it was of a part of the stack."""
_ODD = (AttributeError, LookupError, TypeError)
"""What is raised where Pulumi's answer is not of the shape that is known here."""


class Unknown(Exception):
    """It cannot be said what is deployed."""


def main(stack: str) -> int:
    try:
        commit = deployed(stack)
    except (Unknown, *_ODD) as reason:
        sys.stderr.write(f"deployed.py: {reason or type(reason).__name__}\n")
        return 1
    sys.stdout.write(f"{commit}\n" if commit else "")
    return 0


def deployed(stack: str) -> str:
    """The commit of the last update of the whole stack that succeeded; where none ever did, of the last one that began.
    Empty where the stack is. Raises Unknown."""
    state = _pulumi("export", "--stack", stack)
    if not (state["deployment"] or {}).get("resources"):
        return ""
    begun = ""
    for update in _updates(stack):
        environment: Mapping[str, str] = update.get("environment") or {}
        commit = environment.get("git.head", "")
        if update["result"] == "succeeded" and not any(flag in environment for flag in _PARTLY):
            return commit or _unknown(f"{stack} was deployed last from what is no commit")
        begun = begun or commit
    return begun or _unknown(f"{stack} has resources, and its history names no commit")


def _updates(stack: str) -> Iterator[dict[str, Any]]:
    """What `pulumi up` did, newest first."""
    page = 1
    while found := _pulumi("history", "--json", "--stack", stack, "--page-size", str(PAGE), "--page", str(page)):
        yield from (update for update in found if update["kind"] == "update")
        page += 1


def _unknown(what: str) -> NoReturn:
    raise Unknown(f"{what}: look at the plan, and deploy once by hand from a commit of the branch")


def _pulumi(*arguments: str) -> Any:
    """What Pulumi says of a stack: neither printed nor kept, as settings and the state are in it."""
    command = ("pulumi", "stack", *arguments, "--non-interactive", "--color", "never")
    try:
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603
        return json.loads(ended.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise Unknown(f"pulumi stack {arguments[0]} does not say what is deployed: {type(error).__name__}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
