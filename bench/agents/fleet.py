"""A fleet of a benchmark's own: a project of generated tenants, and beside them as many that Berth knows nothing of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.agents import byhand, deployrepo
from bench.agents.ways import PREFIXES, Way, tenant_name
from bench.generate import generate
from bench.measure import ROOT
from berth.git import git
from berth.local import build, processes
from berth.local.controlplane import ControlPlane
from berth.local.deploy import objects_of
from berth.local.fleet import Fleet, down
from berth.local.paths import FleetPaths
from berth.local.ports import HOST
from berth.local.stack import GIT_SERVER, with_fleet
from berth.project import Project
from berth.render import Object, syncs_last
from berth.render.emit import to_yaml
from berth.settings import Engine

STACK = "local"
CLOUDS = ("aws", "gcp", "azure")
_CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager")


class BenchFleet:
    """A running fleet with a deploy repo for each way, and nothing applied yet. Berth's is the fleet's own."""

    def __init__(self, fleet: Fleet, tenants: int) -> None:
        self._fleet = fleet
        self.engine = fleet.agent.engine
        self.interval = fleet.stack.settings.deploy_repo.interval
        """How often the agents look at Git, such as 2s."""
        self.planes = fleet.planes()
        self.tenants = {way: [tenant_name(way, index) for index in range(tenants)] for way in Way}
        self._project = with_fleet(Project.load(fleet.root), STACK)

    def worktree(self, way: Way) -> Path:
        """A checkout of the way's deploy repo, to commit in."""
        paths = self._fleet.paths
        return paths.worktree if way is Way.BERTH else paths.state / PREFIXES[way]

    def seed(self, way: Way) -> None:
        """Makes the deploy repo of one way by hand, where the fleet's Git server has Berth's."""
        bare = self._fleet.paths.repos / f"{PREFIXES[way]}.git"
        bare.mkdir()
        git("init", "--quiet", "--bare", "--initial-branch=main", cwd=bare)
        git("clone", "--quiet", str(bare), str(self.worktree(way)), cwd=bare.parent)
        write_tenants(self.worktree(way), self.tenants[way])
        self.commit(way, "Start")
        self.push(way)

    def commit(self, way: Way, message: str) -> None:
        git("add", "--all", cwd=self.worktree(way))
        git("commit", "--quiet", "--message", message, cwd=self.worktree(way), identity=True)

    def push(self, way: Way) -> None:
        git("push", "--quiet", "origin", "HEAD:main", cwd=self.worktree(way))

    def objects(self, way: Way, plane: ControlPlane) -> list[Object]:
        """Everything that a way puts into a cluster, in the order in which Berth applies it: tenants' syncs last."""
        cluster = next(each for each in self._project.stack(STACK).clusters if each.name == plane.name)
        if way is Way.BERTH:
            return objects_of(self._project, cluster)
        url = f"http://{HOST}:{self._fleet.ports[GIT_SERVER]}/{PREFIXES[way]}.git"
        return syncs_last(
            item
            for tenant in self.tenants[way]
            for item in byhand.tenant_objects(
                self.engine, tenant, cluster.cloud, url, self.interval, guarded=way is Way.GUARDED
            )
        )

    def seconds(self) -> tuple[float, float]:
        """The processor time that the agents' processes have had, with what they ran; and those of control planes."""
        agents = set(self._fleet.agent.servers.values())
        spent = {True: 0.0, False: 0.0}
        for name, process in processes.running(self._fleet.paths).items():
            program = name.rpartition("/")[2]
            if program in agents or program in _CONTROL_PLANE:
                used = process.cpu_times()
                spent[program in agents] += used.user + used.system + used.children_user + used.children_system
        return spent[True], spent[False]

    def apply(self, plane: ControlPlane, objects: Sequence[Object]) -> None:
        """Applies them by one call of kubectl."""
        flags = ("--server-side", "--field-manager=bench", "--filename=-")
        self._fleet.kubectl(plane, "apply", *flags, stdin=to_yaml(objects))


def write_tenants(repo: Path, tenants: Sequence[str]) -> None:
    for tenant in tenants:
        deployrepo.write_tenant(repo, tenant, CLOUDS)


@contextmanager
def running(engine: Engine, tenants: int, clusters: int, interval: str) -> Iterator[BenchFleet]:
    """Starts a fleet of the first so many of the stack's clusters; ends and deletes it at the end."""
    binaries = build.build(ROOT / "local", engine=engine)
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        root = make_project(Path(temporary) / "project", tenants, clusters, interval)
        paths = FleetPaths.of(root)
        try:
            fleet = Fleet(root, Project.load(root).stack(STACK), paths, binaries, engine)
            fleet.up(_silently)
            bench = BenchFleet(fleet, tenants)
            for way in (Way.GUARDED, Way.BARE):
                bench.seed(way)
            yield bench
        finally:
            down(paths, delete=True)


def make_project(root: Path, tenants: int, clusters: int, interval: str) -> Path:
    """A project with so many tenants, in the first so many of the stack's clusters, and its deploy repo."""
    generate(root, tenants)
    _narrow(root / f"Pulumi.{STACK}.yaml", clusters, interval)
    # A sync that waits for workloads looks at them every five seconds: that would hide what there is to measure.
    with (root / "tenants" / "profiles" / "standard.yaml").open("a", encoding="utf-8") as profile:
        profile.write("sync: {wait: false}\n")
    (root / "local").symlink_to(ROOT / "local")
    write_tenants(root / "deploy", [tenant_name(Way.BERTH, index) for index in range(tenants)])
    return root


def _silently(about: str, message: str) -> None:
    """What the fleet tells of its start is not for the page."""
    del about, message


def _narrow(stack: Path, clusters: int, interval: str) -> None:
    """Fewer clusters, and how often Git is looked at. Not the port of the person's own fleet, which may be running."""
    data = yaml.safe_load(stack.read_text("utf-8"))
    config = data["config"]
    config["berth:clusters"] = config["berth:clusters"][:clusters]
    config["berth:deployRepo"] |= {"interval": interval, "url": f"http://{HOST}:7482/deploy.git"}
    stack.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
