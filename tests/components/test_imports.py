"""A stack waits for the packages of its own clouds only."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.components.recording import ROOT

PACKAGES = {"eks": "pulumi_aws", "gke": "pulumi_gcp", "aks": "pulumi_azure_native"}

RUN = """
import sys
from tests.components.stacks import run, sample
run(sample({provider!r}))
print(*sorted({packages!r} & {{name.partition(".")[0] for name in sys.modules}}))
"""


def imported(provider: str) -> set[str]:
    """The clouds' packages that a process has imported after it ran the program for one cluster."""
    script = RUN.format(provider=provider, packages=set(PACKAGES.values()))
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize("provider", list(PACKAGES))
def test_a_cluster_imports_its_own_cloud_s_package_and_no_other(provider: str) -> None:
    assert imported(provider) == {PACKAGES[provider]}


def test_the_command_line_imports_no_package_of_pulumi() -> None:
    script = "import sys, berth.cli.validate, berth.cli.render; print(*[n for n in sys.modules if 'pulumi' in n])"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
