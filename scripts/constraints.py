"""Writes constraints.txt: the installed version of every package that no requirements file names itself."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = """\
# Versions of what the pinned packages pull in: one resolution, tried as a whole. Renew with: make constraints
"""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    named = {"berth", "pip", "setuptools", "wheel"}
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text("utf-8").splitlines():
            if "==" in line:
                named.add(canonical(line.partition("==")[0]))
    installed = {canonical(d.metadata["Name"]): d.version for d in distributions()}
    pins = [f"{name}=={version}" for name, version in sorted(installed.items()) if name not in named]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", "utf-8")
    sys.stdout.write(f"constraints.txt: {len(pins)} packages\n")


main()
