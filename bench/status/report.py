"""Measures `berth status` and `kubectl get` in turn, then `berth serve`, and tells it as a section of the page."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from bench.measure import ROOT, Measured, in_turn, measure
from bench.status import many, real, viewers
from bench.status.served import serving
from berth.local import build
from berth.settings import Engine
from berth.status.found import is_there
from berth.status.meeting import socket_path

SIZES = (300, 1000)
CLUSTERS = 30
TENANTS = 100
"""In each of the simulated clusters."""
DELAY = 0.05
"""Seconds before a simulated cluster answers a request."""
RUNS, RUNS_OF_MANY = 5, 3
BERTH = (sys.executable, "-m", "berth", "status", "--json", "--no-server", "--stack")
FOUND = (sys.executable, "-m", "berth", "status", "--json", "--stack")
SERVED = (sys.executable, "-m", "berth", "status", "--json", "--server")
_SYNCS = "kustomizations.kustomize.toolkit.fluxcd.io"
_ALL = ",".join(
    (_SYNCS, "gitrepositories.source.toolkit.fluxcd.io", "resourcequotas", "deployments", "statefulsets", "daemonsets",
     "nodes")
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One look at some clusters, by six ways."""

    title: str
    rows: int
    berth: Measured
    found: Measured
    """The same command, beside a running `berth serve`, which it finds by itself."""
    served: Measured
    """Of that one by its address."""
    syncs: Measured
    tables: Measured
    """kubectl of all kinds, as tables."""
    data: Measured
    """The same as JSON."""


def section() -> str:
    """Measures, and tells it as a section of the page."""
    kubectl = str(build.build(ROOT / "local", engine=Engine.FLUX)["kubectl"])
    results = []
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        with many.running(Path(temporary) / "many", CLUSTERS, TENANTS, DELAY) as names:
            root = Path(temporary) / "many"
            title = f"{CLUSTERS} simulated clusters, {TENANTS} tenants each"
            results.append(compare(title, root, many.STACK, kubectl, root / "kubeconfig", names, RUNS_OF_MANY))
        with real.running() as clusters:
            for size in track(SIZES, description="status  "):
                clusters.grow(size)
                title = f"3 real clusters, {size:,} tenants each"
                where = clusters.project / str(size)
                results.append(compare(title, where, real.STACK, kubectl, clusters.kubeconfig, clusters.names))
            about = (viewers.PAGES, viewers.SECONDS, viewers.CHANGES)
            viewed = viewers.view(clusters.project / str(SIZES[-1]), clusters.planes, *about)
    return f"{_section([*results[1:], results[0]])}\n{viewers.told(viewed, SIZES[-1], viewers.SECONDS)}"


def compare(
    title: str, project: Path, stack: str, kubectl: str, kubeconfig: Path, names: Sequence[str], runs: int = RUNS
) -> Result:
    """All ways. Fails where status does not find every tenant in sync."""
    loops = [_loop(kubectl, kubeconfig, names, *asked) for asked in ((_SYNCS,), (_ALL,), (_ALL, "--output=json"))]
    rows = json.loads(measure((*BERTH, stack), project, 1).printed)["rows"]
    if {row["state"] for row in rows} != {"in sync"}:
        raise SystemExit(f"{title}: not every tenant is in sync")
    with serving(project) as (_, address):
        meeting = socket_path(project.resolve())
        if meeting is None or not is_there(meeting):
            raise SystemExit(f"{title}: berth serve cannot be found")
        ways = [(*BERTH, stack), (*FOUND, stack), (*SERVED, address), *loops]
        plain, found, served, syncs, tables, data = in_turn(ways, project, runs)
    if any(json.loads(each.printed)["rows"] != rows for each in (found, served)):
        raise SystemExit(f"{title}: berth serve tells of other rows than the clusters")
    return Result(title, len(rows), plain, found, served, syncs, tables, data)


def _loop(kubectl: str, kubeconfig: Path, names: Sequence[str], kinds: str, output: str = "") -> tuple[str, ...]:
    """kubectl for each cluster in turn, as one process that a shell runs."""
    each = f"{shlex.quote(kubectl)} --kubeconfig={shlex.quote(str(kubeconfig))} --context=$name get {kinds} -A {output}"
    return "bash", "-ec", f"for name in {' '.join(names)}; do {each}; done"


def _section(results: Sequence[Result]) -> str:
    rows = "\n".join(
        f"| {each.title} | {each.rows:,} | {each.berth} | {each.found} | {each.served} | {each.syncs} | {each.tables} "
        f"| {each.data} |"
        for each in results
    )
    largest, simulated = results[-2], results[-1]
    found = largest.syncs.seconds / largest.found.seconds
    served = largest.syncs.seconds / largest.served.seconds
    tables = largest.tables.seconds / largest.berth.seconds
    data = largest.data.seconds / largest.berth.seconds
    more = simulated.syncs.seconds / simulated.berth.seconds
    goals = [
        ("1,000 tenants in three clusters", "under 3 s", f"{largest.berth.seconds:.2f} s", largest.berth.seconds < 3),
        ("memory", "under 300 MB", f"{max(each.berth.megabytes for each in results):.0f} MB",
         max(each.berth.megabytes for each in results) < 300),
        ("`kubectl get kustomizations`, three clusters, takes longer than `status` beside a `berth serve`",
         "at least 3 times", f"{found:.1f} times", found >= 3),
        ("`kubectl get kustomizations`, three clusters, takes longer than `status --server`", "at least 3 times",
         f"{served:.1f} times", served >= 3),
        ("`kubectl get -o json` of the same kinds, three clusters, takes longer", "at least 3 times",
         f"{data:.1f} times", data >= 3),
        ("`kubectl get` of the same kinds, three clusters, takes longer", "at least 3 times", f"{tables:.1f} times",
         tables >= 3),
        (f"`kubectl get kustomizations`, {CLUSTERS} clusters, takes longer", "at least 3 times", f"{more:.1f} times",
         more >= 3),
    ]  # fmt: skip
    table = "\n".join(f"| {what} | {aim} | {got} | {'yes' if met else '**no**'} |" for what, aim, got, met in goals)
    return f"""\
## Status

`berth status --json --no-server`, which reads the project, asks Git and all clusters at once; the same without
`--no-server` beside a `berth serve` that runs for as long as is measured and watches the clusters: status finds it, and
has it look at Git and the clusters anew; and `berth status --server`, which asks it for what it knows. Beside them,
`kubectl get -A` for each cluster in turn, of Kustomizations alone, which is what `flux get kustomizations -A` shows
too, and of all kinds that status reads (GitRepositories, quotas, Deployments, StatefulSets, DaemonSets and nodes
besides), as tables for people and as JSON for machines. Every loop is given less to do than `berth status`: it reads no
project, asks no Git and judges nothing, and tables the API servers shorten to what is printed. Three clusters on this
machine answer at once, so that little is gained by asking them together; clusters elsewhere do not. The tenants'
objects are made for real, with statuses; controllers do not run. The simulated clusters are small servers that answer
lists over TLS, {1000 * DELAY:.0f} ms after they are asked. The six ways take turns, {RUNS} times with real clusters and
{RUNS_OF_MANY} times with simulated ones.

| clusters | rows | `berth status` | beside a `berth serve` | with `--server` | `kubectl get kustomizations` \
| `kubectl get` of the same kinds | with `-o json` |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

| what | aim | measured | met |
| --- | --- | --- | --- |
{table}
"""
