"""What tests of the workflows share: the project's files, and its scripts run as a job runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import Outcome

ROOT = Path(__file__).parents[2]
_OF_A_JOB = ("GITHUB_", "GITLAB_", "CI_", "BERTH_", "PULUMI_")


def run(*command: str, cwd: Path = ROOT, **environment: str) -> Outcome:
    """A command, with no more of a job's variables than are given, however these tests themselves are run."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_JOB)}
    ended = subprocess.run(
        command, cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True, timeout=300
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def forge(job: Mapping[str, str], *arguments: str) -> Outcome:
    """`python3 -m scripts.forge` in a job, without the packages that the project installs."""
    return run(sys.executable, "-S", "-m", "scripts.forge", *arguments, cwd=ROOT, **job)
