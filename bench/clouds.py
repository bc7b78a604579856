"""Many clusters: the program under mocks for one to thirty of them, and what importing each cloud's package costs."""

from __future__ import annotations

import shutil
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

import yaml
from rich.progress import track

from bench.measure import ROOT, Measured, measure
from tests.components.stacks import SAMPLES, Settings, sample, stack

SIZES = (1, 3, 30)
RUNS = 3
CLOUDS = {"eks": "AWS", "gke": "Google Cloud", "aks": "Azure"}
IMPORTS = {"none": "pulumi_kubernetes", "eks": "components.aws", "gke": "components.gcp", "aks": "components.azure"}


def _project(folder: Path, clusters: list[Settings]) -> Path:
    """A project of these clusters and no tenant."""
    (folder / "tenants").mkdir(parents=True)
    shutil.copytree(ROOT / "tenants" / "profiles", folder / "tenants" / "profiles")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump(stack(*clusters)), "utf-8")
    return folder


def _clusters(providers: list[str]) -> list[Settings]:
    return [
        sample(provider, name=f"c{index}", network={"cidr": f"10.{index}.0.0/16"})
        for index, provider in enumerate(providers)
    ]


def section() -> str:
    """Measures, and tells it as a section of the page."""
    mocked = (sys.executable, str(ROOT / "bench" / "mocked.py"), "test")
    stacks = {str(size): list(islice(cycle(SAMPLES), size)) for size in SIZES if size > 1}
    stacks |= {CLOUDS[provider]: [provider] for provider in CLOUDS}
    runs: dict[str, Measured] = {}
    imports: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        for name, providers in track(stacks.items(), description="clusters"):
            folder = _project(Path(temporary) / name, _clusters(providers))
            runs[name] = measure(mocked, folder, RUNS)
        for name, module in track(IMPORTS.items(), description="imports "):
            imports[name] = measure((sys.executable, "-c", f"import {module}"), Path(temporary), RUNS)
    return _section(runs, imports)


def _section(runs: dict[str, Measured], imports: dict[str, Measured]) -> str:
    def row(name: str, clusters: int) -> str:
        resources = int(runs[name].printed)
        return f"| {name} | {clusters} | {resources} | {resources / clusters:.0f} | {runs[name]} |"

    single = "\n".join(row(name, 1) for name in CLOUDS.values())
    several = "\n".join(row(str(size), size).replace(f"| {size} ", "| all three ", 1) for size in SIZES[1:])
    few, many = (runs[str(size)] for size in SIZES[1:])
    base = imports["none"]
    costs = "\n".join(
        f"| {cloud} | {imports[provider].seconds - base.seconds:.2f} s "
        f"| {imports[provider].megabytes - base.megabytes:.0f} MB |"
        for provider, cloud in CLOUDS.items()
    )
    return f"""\
## Clusters

The program under mocks for clusters of the strict profile with one node pool, agent and guard-rails included, without
tenants. {SIZES[1]} and {SIZES[2]} clusters are spread evenly over the clouds.

| clouds | clusters | resources | a cluster | time and memory |
| --- | --- | --- | --- | --- |
{single}
{several}

{SIZES[2]} clusters take {many.seconds / few.seconds:.1f} times as long as {SIZES[1]}, and \
{many.megabytes / few.megabytes:.1f} times the memory.

A stack imports the packages of its own clouds only. What each adds to a process that has imported Pulumi and its
Kubernetes package ({base.seconds:.2f} s, {base.megabytes:.0f} MB):

| cloud | time | memory |
| --- | --- | --- |
{costs}
"""
