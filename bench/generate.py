"""A project of any number of tenants, made from the sample's profiles and stack files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.measure import ROOT

_TENANT = """\
name: {name}
owners: {{team: team-{index}, contact: team-{index}@example.com, groups: [team-{index}-devs]}}
profile: standard
placements:
  - environments: [local]
    clouds: [aws, gcp, azure]
    overrides:
      quota: {{pods: "{pods}"}}
quota: {{requests.cpu: "{cpu}"}}
network:
  egressCidrs: [10.{block}.0.0/24]
  internet: {internet}
allow:
  hosts: [{name}.example.com]
labels: {{costCenter: "{index}"}}
"""


def generate(target: Path, tenants: int) -> Path:
    """Writes a project with the stack local and so many tenants, each in its three clusters."""
    (target / "tenants").mkdir(parents=True)
    shutil.copytree(ROOT / "tenants" / "profiles", target / "tenants" / "profiles")
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
        shutil.copy(ROOT / name, target / name)
    for index in range(tenants):
        name = f"tenant-{index:04}"
        text = _TENANT.format(
            name=name,
            index=index,
            pods=50 + index % 100,
            cpu=1 + index % 8,
            block=index % 250,
            internet=str(index % 3 == 0).lower(),
        )
        (target / "tenants" / f"{name}.yaml").write_text(text, "utf-8")
    return target


def committed(folder: Path) -> None:
    """Makes a Git repo of a folder, with all that is in it in one commit."""
    # What a measurement leaves in the folder is no part of it.
    (folder / ".gitignore").write_text("measured\nstdout\nstderr\n/local\n__pycache__/\n", "utf-8")
    who = ("git", "-c", "user.name=Berth", "-c", "user.email=berth@localhost", "-c", "commit.gpgsign=false")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "All tenants")):
        subprocess.run((*who, *arguments), cwd=folder, check=True)  # noqa: S603
