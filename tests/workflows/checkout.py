"""A repository with the project's scripts, in which they run with stand-ins for the programs that they call."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from scripts.ci.deployed import PAGE
from tests.support import Outcome
from tests.workflows.support import ROOT, run

_SAYS = 'echo "$@"; echo "said aside" >&2; '
_STATE = """\
case $2 in
export) if [ -e state/export ]; then cat state/export; else echo '{"deployment": {}}'; fi; exit ;;
history) while [ "$1" != --page ]; do shift; done; cat "state/history-$2"; exit ;;
esac"""
_BERTH = """\
#!/bin/sh
echo "$@" >>calls
case $1 in
validate) test ! -e broken || { echo "tenants/acme.yaml:3: \\`\\`\\` wrong" >&2; exit 2; } ;;
plan)
    echo "2 tenants"
    while [ $# -gt 0 ]; do case $1 in --out) echo "report" >"$2" ;; esac; shift; done
    test ! -e guarded || exit 21 ;;
esac
"""


class Checkout:
    """A repository with the scripts, a stand-in for a program, and two commits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("scripts/ci", "scripts/forge"):
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("one")
        self.commit("two")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
        ended = run("git", *who, *arguments, cwd=self.root)
        assert ended.code == 0, ended.err
        return ended.out.strip()

    def commit(self, message: str) -> None:
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def program(self, name: str, text: str) -> str:
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755)
        return str(path)

    def plan(self, *base: str, **environment: str) -> Outcome:
        return run("scripts/ci/plan.sh", *base, cwd=self.root, **({"BERTH": self.berth()} | environment))

    def berth(self) -> str:
        return self.program("berth", _BERTH)

    def read(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def stack(self, *arguments: str, ends: int = 0, does: str = "", **environment: str) -> Outcome:
        """Runs stack.sh. What the stand-in for Pulumi says of what is deployed, `deployed` writes."""
        does = does or f"{_SAYS}exit {ends}"
        pulumi = self.program("pulumi", f'#!/bin/sh\n{_STATE}\necho "$@" >>calls\n{does}\n')
        path = f"{Path(pulumi).parent}:/usr/bin:/bin"
        given = {"PULUMI_BACKEND_URL": "s3://state", "PATH": path} | environment
        return run("scripts/ci/stack.sh", *arguments, cwd=self.root, **given)

    def deployed(self, *updates: dict[str, Any], resources: int = 1) -> None:
        """Has the stand-in for Pulumi tell of a stack with these updates, newest first."""
        folder = self.root / "state"
        folder.mkdir(exist_ok=True)
        state = {"deployment": {"resources": [{"urn": "urn"}] * resources}}
        (folder / "export").write_text(json.dumps(state), "utf-8")
        pages = [updates[at : at + PAGE] for at in range(0, len(updates) + PAGE, PAGE)]
        for number, page in enumerate(pages, 1):
            (folder / f"history-{number}").write_text(json.dumps(page), "utf-8")
