"""Many clusters: simulated ones, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.generate import generate
from bench.measure import ROOT
from bench.status.objects import COMMIT, URL, cluster_names

STACK = "simulated"
_PATIENCE = 60.0


@contextmanager
def running(root: Path, clusters: int, tenants: int, delay: float) -> Iterator[list[str]]:
    """Makes a project at `root`, and API servers that tell of its tenants until the end. Gives the clusters' names."""
    generate(root, tenants)
    names = list(cluster_names(clusters))
    _write_stack(root, names)
    command = (sys.executable, "-m", "bench.status.simulated", str(root), str(clusters), str(tenants), str(delay))
    server = subprocess.Popen(command, cwd=ROOT)  # noqa: S603
    try:
        end = time.monotonic() + _PATIENCE
        while not (root / "kubeconfig").is_file():
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit("the simulated clusters do not start")
            time.sleep(0.05)
        yield names
    finally:
        server.terminate()
        server.wait()


def _write_stack(root: Path, names: list[str]) -> None:
    (root / "Pulumi.local.yaml").unlink()
    clusters = [
        {"name": name, "provider": "existing", "cloud": ("aws", "gcp", "azure")[index % 3], "region": "simulated",
         "kubeconfig": "kubeconfig", "context": name}
        for index, name in enumerate(names)
    ]  # fmt: skip
    config = {
        "berth:environment": STACK,
        "berth:gitops": {"engine": "flux", "install": "none"},
        "berth:deployRepo": {"url": URL},
        "berth:clusters": clusters,
    }
    (root / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}), "utf-8")
    for path in sorted((root / "tenants").glob("*.yaml")):
        data = yaml.safe_load(path.read_text("utf-8"))
        # Git is not what is measured here: a commit stands for itself.
        data["placements"] = [{"environments": [STACK], "clusters": names, "ref": {"commit": COMMIT}}]
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
